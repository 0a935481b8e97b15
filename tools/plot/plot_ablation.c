#include "tools/plot/plot_ablation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"

enum { LINES_MOST = 7, REFERENCES_MOST = 8, NAME_SHOWN = 100 };

#define DECADES 30 /* values that span more than this factor go on a logarithmic axis */

/* A name in the legend: the curves of all panels that are called so, in one colour. */
typedef struct Label {
  const Curve *like; /* the first of them */
  int number;        /* from 1 among the lines, or among the references */
} Label;

/* A figure: the curves that are drawn, panel by panel. */
typedef struct Plot {
  const Ablation *a;
  const Curves *c;
  Label *label; /* [labels] */
  int labels;
  const Curve **drawn; /* [count] by group */
  int *of;             /* [count] their labels */
  int count, left_out;
  int *first; /* [groups + 1] of drawn */
  double *x;  /* [values] place of each value on the axis */
  bool log;
} Plot;

/* ---- places on the axis ---- */

/* Numbers stand where they are, or at their logarithm when they span decades; 0 then stands one
 * step before the smallest. What is not a number stands in order. */
static void place_values(Plot *p) {
  const Curves *c = p->c;
  double least = 0, most = 0, second = 0;
  for (int v = 0; v < c->values; v++) {
    p->x[v] = c->numeric ? strtod(c->value[v], NULL) : v;
    if (p->x[v] <= 0) continue;
    if (least == 0) least = p->x[v];
    if (second == 0 && p->x[v] > least) second = p->x[v];
    most = p->x[v];
  }
  p->log = c->numeric && least > 0 && p->x[0] >= 0 && most / least >= DECADES;
  double step = p->log ? log10(second / least) : 0;
  for (int v = 0; v < c->values && p->log; v++)
    p->x[v] = p->x[v] > 0 ? log10(p->x[v]) : log10(least) - step;
}

/* ---- which curves ---- */

static bool same_label(const Curve *a, const Curve *b) {
  return a->reference == b->reference && strcmp(a->name, b->name) == 0;
}

static double best_score(const Curves *c, const Curve *curve) {
  double best = 0;
  for (int v = 0; v < c->values; v++) {
    if (curve->point[v] && curve->point[v]->scored) best = fmax(best, curve->point[v]->score);
  }
  return best;
}

/* The best scores of all curves of this name, together. */
static double name_score(const Curves *c, const Curve *curve) {
  double sum = 0;
  for (int i = 0; i < c->curves; i++) {
    if (same_label(&c->curve[i], curve)) sum += best_score(c, &c->curve[i]);
  }
  return sum;
}

static int find_label(const Plot *p, const Curve *curve) {
  for (int i = 0; i < p->labels; i++) {
    if (same_label(p->label[i].like, curve)) return i;
  }
  return -1;
}

static void find_labels(Plot *p) {
  for (int i = 0; i < p->c->curves; i++) {
    if (find_label(p, &p->c->curve[i]) < 0) p->label[p->labels++].like = &p->c->curve[i];
  }
}

/* Keeps the best lines and references, in their order. */
static void keep_best(Plot *p) {
  int kept = 0, number[2] = {0, 0};
  for (int i = 0; i < p->labels; i++) {
    int better = 0;
    bool reference = p->label[i].like->reference;
    double score = name_score(p->c, p->label[i].like);
    for (int j = 0; j < p->labels; j++) {
      double its = name_score(p->c, p->label[j].like);
      better +=
          p->label[j].like->reference == reference && (its > score || (its == score && j < i));
    }
    p->label[i].number = better < (reference ? REFERENCES_MOST : LINES_MOST);
  }
  for (int i = 0; i < p->labels; i++) {
    if (p->label[i].number == 0) continue;
    p->label[kept] = p->label[i];
    p->label[kept].number = ++number[p->label[kept].like->reference];
    kept++;
  }
  p->left_out = p->labels - kept;
  p->labels = kept;
}

static void choose_curves(Plot *p) {
  const Curves *c = p->c;
  find_labels(p);
  keep_best(p);
  for (int g = 0; g < p->a->groups; g++) {
    p->first[g] = p->count;
    for (int i = 0; i < c->curves; i++) {
      int label = find_label(p, &c->curve[i]);
      if (label < 0 || strcmp(c->curve[i].group, p->a->group[g]) != 0) continue;
      p->of[p->count] = label;
      p->drawn[p->count++] = &c->curve[i];
    }
  }
  p->first[p->a->groups] = p->count;
}

/* ---- the files ---- */

/* What a point says, NaN where it has no score. */
static void put_point(PlotRow *row, const AblationRow *point) {
  bool scored = point && point->scored;
  row_number(row, scored ? point->score : NAN);
  row_number(row, scored ? point->low : NAN);
  row_number(row, scored ? point->high : NAN);
}

static void put_data(FILE *out, const void *arg) {
  const Plot *p = arg;
  PlotRow row = plot_row(out);
  fputs("group\tcurve\tvalue\tx\tscore\tlow\thigh\n", out);
  for (int i = 0; i < p->count; i++) {
    if (i) fputs("\n\n", out);
    for (int v = 0; v < p->c->values; v++) {
      row_text(&row, p->drawn[i]->group);
      row_text(&row, p->drawn[i]->name);
      row_text(&row, p->c->value[v]);
      row_number(&row, p->x[v]);
      put_point(&row, p->drawn[i]->point[v]);
      row_end(&row);
    }
  }
}

static void put_panels(FILE *out, const Plot *p) {
  fprintf(out, "\npanels = %d\n", p->a->groups);
  plot_texts(out, "panel", (const char *const *)p->a->group, p->a->groups, NAME_SHOWN);
  PlotRow row = plot_array(out, "first[%d]", p->a->groups + 1);
  for (int g = 0; g <= p->a->groups; g++) row_int(&row, p->first[g]);
  row_end(&row);
}

static void put_curves(FILE *out, const Plot *p) {
  fprintf(out, "labels = %d\n", p->labels);
  PlotRow row = plot_array(out, "label[%d]", p->labels);
  for (int i = 0; i < p->labels; i++) row_quoted(&row, p->label[i].like->name, NAME_SHOWN);
  row_end(&row);
  row = plot_array(out, "reference[%d]", p->labels);
  for (int i = 0; i < p->labels; i++) row_int(&row, p->label[i].like->reference);
  row_end(&row);
  row = plot_array(out, "number[%d]", p->labels);
  for (int i = 0; i < p->labels; i++) row_int(&row, p->label[i].number);
  row_end(&row);
  row = plot_array(out, "of[%d]", p->count);
  for (int i = 0; i < p->count; i++) row_int(&row, p->of[i] + 1);
  row_end(&row);
}

static void put_tics(FILE *out, const Plot *p) {
  const Curves *c = p->c;
  fprintf(out, "values = %d\n", c->values);
  PlotRow row = plot_array(out, "place[%d]", c->values);
  for (int v = 0; v < c->values; v++) row_number(&row, p->x[v]);
  row_end(&row);
  row = plot_array(out, "value[%d]", c->values);
  for (int v = 0; v < c->values; v++) {
    char text[32];
    snprintf(text, sizeof text, "%g", strtod(c->value[v], NULL));
    row_tic(&row, c->numeric ? text : c->value[v], 16);
  }
  row_end(&row);
}

/* One range for all panels: the whole tens around all scores and intervals, and a little more, so
 * that no bar runs into the frame. */
static void put_range(FILE *out, const Plot *p) {
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < p->count; i++) {
    for (int v = 0; v < p->c->values; v++) {
      const AblationRow *point = p->drawn[i]->point[v];
      if (!point || !point->scored) continue;
      low = fmin(low, p->drawn[i]->reference ? point->score : fmin(point->score, point->low));
      high = fmax(high, p->drawn[i]->reference ? point->score : fmax(point->score, point->high));
    }
  }
  double from = low > high ? 0 : 10 * floor(low / 10), to = low > high ? 100 : 10 * ceil(high / 10);
  double more = to > from ? 0.03 * (to - from) : 1;
  fputs("bottom = ", out);
  plot_number(out, from - more);
  fputs("\nceiling = ", out);
  plot_number(out, to + more);
  fputc('\n', out);
}

static void put_settings(FILE *out, const void *arg) {
  const Plot *p = arg;
  const char *metric = p->count ? p->a->row[0].metric : "score";
  fputs("heading = ", out);
  plot_quote_short(out, metric, NAME_SHOWN);
  fputs(".' against '.", out);
  plot_quote_short(out, p->c->axis, NAME_SHOWN);
  if (*p->a->pool) fputs(".', pool '.", out), plot_quote_short(out, p->a->pool, NAME_SHOWN);
  fprintf(out, "\nsubtitle = 'mean over the tasks of a group, with its 95 %% interval%s'\naxis = ",
          p->left_out ? "; the best curves only" : "");
  plot_quote_short(out, p->c->axis, NAME_SHOWN);
  fputs(p->log ? ".' (logarithmic)'" : "", out);
  put_panels(out, p);
  put_curves(out, p);
  put_tics(out, p);
  put_range(out, p);
}

static Status make_plot(Plot *p, Error *err) {
  size_t curves = (size_t)p->c->curves;
  p->label = calloc(curves, sizeof *p->label);
  p->drawn = calloc(curves, sizeof *p->drawn);
  p->of = calloc(curves, sizeof *p->of);
  p->first = calloc((size_t)p->a->groups + 1, sizeof *p->first);
  p->x = calloc((size_t)p->c->values + 1, sizeof *p->x);
  if (!p->label || !p->drawn || !p->of || !p->first || !p->x)
    return error_set(err, STATUS_RUN, "out of memory: a figure");
  place_values(p);
  choose_curves(p);
  return STATUS_OK;
}

static void free_plot(Plot *p) {
  free(p->label);
  free(p->drawn);
  free(p->of);
  free(p->first);
  free(p->x);
}

static Status draw_axis(const Ablation *a, int axis, Figures *made, Error *err) {
  Curves c;
  char name[PATH_NAME_MOST + 16];
  snprintf(name, sizeof name, "ablation-%s", a->axis[axis]);
  Status status = curves_make(&c, a, axis, err);
  Plot p = {.a = a, .c = &c};
  bool some = status == STATUS_OK && c.curves > 0;
  if (some) status = make_plot(&p, err);
  const Figure figure = {name, put_data, put_settings, &p, plot_ablation_script};
  if (some && status == STATUS_OK && c.values) status = plot_figure(made, &figure, err);
  free_plot(&p);
  curves_free(&c);
  return status;
}

Status plot_curves(const Ablation *a, Figures *made, Error *err) {
  for (int i = 0; i < a->axes; i++) TRY(draw_axis(a, i, made, err));
  return STATUS_OK;
}

Status plot_ablation(const char *dir, Figures *made, Error *err) {
  Ablation a;
  Status status = ablation_read(&a, dir, err);
  if (status == STATUS_OK) status = plot_curves(&a, made, err);
  ablation_free(&a);
  return status;
}
