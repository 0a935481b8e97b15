#include "tools/plot/plot_ablation.h"

#include <math.h>
#include <stdlib.h>

#include "data/file/path.h"
#include "tools/plot/ablation_lines.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"

enum { NAME_SHOWN = 100 };

/* ---- the files ---- */

/* What a point says, NaN where it has no score. */
static void put_point(PlotRow *row, const AblationRow *point) {
  bool scored = point && point->scored;
  row_number(row, scored ? point->score : NAN);
  row_number(row, scored ? point->low : NAN);
  row_number(row, scored ? point->high : NAN);
}

static void put_data(FILE *out, const void *arg) {
  const AblationLines *p = arg;
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

static void put_panels(FILE *out, const AblationLines *p) {
  fprintf(out, "\npanels = %d\n", p->a->groups);
  plot_texts(out, "panel", (const char *const *)p->a->group, p->a->groups, NAME_SHOWN);
  PlotRow row = plot_array(out, "first[%d]", p->a->groups + 1);
  for (int g = 0; g <= p->a->groups; g++) row_int(&row, p->first[g]);
  row_end(&row);
}

static void put_curves(FILE *out, const AblationLines *p) {
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

static void put_tics(FILE *out, const AblationLines *p) {
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

static void put_range(FILE *out, const AblationLines *p) {
  double bottom, ceiling;
  ablation_lines_range(p, &bottom, &ceiling);
  fputs("bottom = ", out);
  plot_number(out, bottom);
  fputs("\nceiling = ", out);
  plot_number(out, ceiling);
  fputc('\n', out);
}

static void put_settings(FILE *out, const void *arg) {
  const AblationLines *p = arg;
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

static Status draw_axis(const Ablation *a, int axis, Figures *made, Error *err) {
  Curves c;
  char name[PATH_NAME_MOST + 16];
  snprintf(name, sizeof name, "ablation-%s", a->axis[axis]);
  Status status = curves_make(&c, a, axis, err);
  AblationLines p = {0};
  bool some = status == STATUS_OK && c.curves > 0;
  if (some) status = ablation_lines_make(&p, a, &c, err);
  const Figure figure = {name, put_data, put_settings, &p, plot_ablation_script};
  if (some && status == STATUS_OK && c.values) status = plot_figure(made, &figure, err);
  ablation_lines_free(&p);
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
