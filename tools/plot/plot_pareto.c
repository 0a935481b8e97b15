/* skein plot pareto: what the methods of an evaluation score against what they cost. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/plot/pareto.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"

static const struct {
  const char *name, *axis;
  double scale; /* of the numbers on the axis */
} COST[PARETO_COSTS] = {
    [COST_ADDED] = {"multiply-adds", "thousands of multiply-adds a token, beside the base's", 1e3},
    [COST_RATE] = {"tokens/s", "tokens a second", 1},
    [COST_BYTES] = {"bytes", "weights read beside the base's, MiB", 1 << 20},
    [COST_SECONDS] = {"seconds", "seconds to open the router", 1},
};

Status pareto_cost_parse(void *field, const char *text, Error *err) {
  for (int i = 0; i < PARETO_COSTS; i++) {
    if (strcmp(text, COST[i].name) != 0) continue;
    *(int *)field = i;
    return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE,
                   "plot: --cost: '%.40s' is none of multiply-adds, tokens/s, bytes and seconds",
                   text);
}

typedef struct ParetoFigure {
  const Results *r;
  const Pareto *p;
} ParetoFigure;

/* ---- data ---- */

static void put_point(PlotRow *row, const char *group, const ParetoPoint *x) {
  row_text(row, group);
  row_text(row, x->name);
  row_number(row, x->cost);
  row_number(row, x->score);
  row_number(row, x->low);
  row_number(row, x->high);
  row_int(row, x->front);
  row_int(row, x->sees_labels);
  row_number(row, x->x);
  row_number(row, x->named && !x->left ? x->label_x : NAN);
  row_number(row, x->named && x->left ? x->label_x : NAN);
  row_number(row, x->named ? x->label_y : NAN);
  row_end(row);
}

/* Two blocks a group: its points, and those of the front again. */
static void pareto_data(FILE *out, const void *arg) {
  const ParetoFigure *f = arg;
  PlotRow row = plot_row(out);
  const ParetoPoint none = {
      .name = "", .cost = NAN, .score = NAN, .low = NAN, .high = NAN, .x = NAN};
  fputs(
      "group\tmethod\tcost\tscore\tlow\thigh\tfront\tsees_labels\tx\tname_from\tname_to\tname_y\n",
      out);
  for (int block = 0; block < 2 * f->p->panels; block++) {
    const ParetoPanel *panel = &f->p->panel[block / 2];
    const char *group = f->r->group[block / 2];
    int points = 0;
    if (block) fputs("\n\n", out);
    for (int i = 0; i < panel->points; i++) {
      if (block % 2 && !panel->point[i].front) continue;
      put_point(&row, group, &panel->point[i]);
      points++;
    }
    if (points == 0) put_point(&row, group, &none);
  }
}

/* ---- settings ---- */

/* Where the axis is no straight one: 0, and powers of ten from the unit on. */
static void put_tics(FILE *out, const Pareto *p) {
  enum { TICS = 24 };
  const double scale = COST[p->cost].scale;
  double tic[TICS] = {0};
  int count = p->unit > 0;
  for (double at = pow(10, ceil(log10(p->unit / scale))); count > 0 && count < TICS; at *= 10) {
    if (asinh(at * scale / p->unit) > p->right) break;
    tic[count++] = at;
  }
  fprintf(out, "tics = %d\n", count);
  PlotRow row = plot_array(out, "tic[%d]", count > 0 ? count : 1);
  for (int i = 0; i < (count > 0 ? count : 1); i++) row_number(&row, tic[i]);
  row_end(&row);
  row = plot_array(out, "tic_at[%d]", count > 0 ? count : 1);
  for (int i = 0; i < (count > 0 ? count : 1); i++)
    row_number(&row, count ? asinh(tic[i] * scale / p->unit) : 0);
  row_end(&row);
}

static void put_range(FILE *out, const Pareto *p) {
  const struct {
    const char *name;
    double value;
  } END[] = {{"x_low", p->left}, {"x_high", p->right}, {"y_low", p->lower}, {"y_high", p->upper}};
  for (int i = 0; i < 4; i++) {
    fprintf(out, "%s = ", END[i].name);
    plot_number(out, END[i].value);
    fputc('\n', out);
  }
}

static void put_subtitle(FILE *out, const ParetoFigure *f) {
  int missing = 0;
  for (int g = 0; g < f->p->panels; g++) missing += f->p->panel[g].missing;
  fputs("subtitle = '95 % intervals; line: none is both cheaper and better", out);
  if (missing) fprintf(out, "; %d without a mean or a cost", missing);
  if (f->p->unnamed) fprintf(out, "; %d without room for a name", f->p->unnamed);
  fputs("'\n", out);
}

static void pareto_settings(FILE *out, const void *arg) {
  const ParetoFigure *f = arg;
  const ParetoCost cost = f->p->cost;
  fputs("heading = 'Score against cost: mean over the tasks of a group'\n", out);
  put_subtitle(out, f);
  fprintf(out, "axis = \"%s%s\"\nrises = %d\nscale = ", COST[cost].axis,
          f->p->unit > 0 ? " (asinh)" : "", pareto_rises(cost));
  plot_number(out, COST[cost].scale);
  fprintf(out, "\npanels = %d\nacross = %d\ntall = %d\nmost = %d\n", f->p->panels, PARETO_WIDTH,
          PARETO_HEIGHT, PARETO_NAME);
  plot_texts(out, "panel", f->r->group, f->r->groups, 48);
  put_range(out, f->p);
  put_tics(out, f->p);
}

static Status draw(const Results *r, const char *dir, ParetoCost cost, Figures *made, Error *err) {
  GroupTiming *timing = NULL;
  Pareto p = {0};
  const bool clock = cost == COST_RATE || cost == COST_SECONDS;
  Status status = clock ? timings_read(&timing, r, dir, err) : STATUS_OK;
  if (status == STATUS_OK) status = pareto_make(&p, r, timing, cost, err);
  const ParetoFigure of = {r, &p};
  const Figure figure = {"pareto", pareto_data, pareto_settings, &of, plot_pareto_script};
  if (status == STATUS_OK) status = plot_figure(made, &figure, err);
  pareto_free(&p);
  free(timing);
  return status;
}

Status plot_pareto(const char *dir, int cost, Figures *made, Error *err) {
  Results r;
  TRY(results_read(&r, dir, err));
  Status status = draw(&r, dir, (ParetoCost)cost, made, err);
  results_free(&r);
  return status;
}
