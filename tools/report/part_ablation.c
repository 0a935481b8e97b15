/* An ablation: score against every axis, as curves and tables, and its record. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "tools/plot/ablation_lines.h"
#include "tools/report/chart.h"
#include "tools/report/evaluation_record.h"
#include "tools/report/html.h"
#include "tools/report/report_part.h"
#include "tools/report/score_cell.h"

enum { FILE_MOST = 1 << 28, REFERENCE_COLOURS = 3 /* colours between a reference and a line */ };

/* What is drawn of one axis. */
typedef struct Axis {
  Curves curves;
  AblationLines lines;
  ChartLine *line;   /* [lines.count] */
  ChartPoint *point; /* [lines.count, curves.values] */
} Axis;

typedef struct AblationPart {
  Ablation ablation;
  Axis *axis;    /* [ablation.axes] */
  JsonDoc table; /* root NULL: there is none */
  char *path;
} AblationPart;

/* ---- reading ---- */

static void fill_line(Axis *a, int i) {
  const AblationLines *lines = &a->lines;
  const LineLabel *label = &lines->label[lines->of[i]];
  const Curve *curve = lines->drawn[i];
  ChartPoint *point = a->point + (size_t)i * (size_t)a->curves.values;
  for (int v = 0; v < a->curves.values; v++) {
    const AblationRow *row = curve->point[v];
    bool scored = row && row->scored;
    point[v] = (ChartPoint){lines->x[v], scored ? row->score : NAN, NAN, NAN};
    if (scored && !curve->reference && row->low < row->high)
      point[v].low = row->low, point[v].high = row->high;
  }
  a->line[i] = (ChartLine){.name = curve->name,
                           .colour = label->number - 1 + (curve->reference ? REFERENCE_COLOURS : 0),
                           .dashed = curve->reference,
                           .point = point,
                           .points = a->curves.values};
}

static Status make_axis(Axis *a, const Ablation *of, int axis, Error *err) {
  TRY(curves_make(&a->curves, of, axis, err));
  TRY(ablation_lines_make(&a->lines, of, &a->curves, err));
  size_t lines = (size_t)a->lines.count, values = (size_t)a->curves.values;
  a->line = calloc(lines + 1, sizeof *a->line);
  a->point = calloc(lines * values + 1, sizeof *a->point);
  if (!a->line || !a->point) return error_set(err, STATUS_RUN, "out of memory: an ablation");
  for (int i = 0; i < a->lines.count; i++) fill_line(a, i);
  return STATUS_OK;
}

static Status read_table(AblationPart *p, const char *path, Error *err) {
  p->path = path_below(path, "table.json");
  if (!p->path) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  return file_exists(p->path) ? json_parse_file(&p->table, p->path, FILE_MOST, err) : STATUS_OK;
}

static Status read_ablation(void **run, const char *path, Error *err) {
  AblationPart *p = *run = calloc(1, sizeof *p);
  if (!p) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(ablation_read(&p->ablation, path, err));
  TRY(read_table(p, path, err));
  p->axis = calloc((size_t)p->ablation.axes + 1, sizeof *p->axis);
  if (!p->axis) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (int i = 0; i < p->ablation.axes; i++) TRY(make_axis(&p->axis[i], &p->ablation, i, err));
  return STATUS_OK;
}

static void free_ablation(void *run) {
  AblationPart *p = run;
  if (!p) return;
  for (int i = 0; p->axis && i < p->ablation.axes; i++) {
    free(p->axis[i].line);
    free(p->axis[i].point);
    ablation_lines_free(&p->axis[i].lines);
    curves_free(&p->axis[i].curves);
  }
  free(p->axis);
  ablation_free(&p->ablation);
  json_free(&p->table);
  free(p->path);
  free(p);
}

/* ---- figures ---- */

static Chart chart_of(const AblationPart *p, const Axis *a, int group) {
  const AblationLines *lines = &a->lines;
  int first = lines->first[group];
  Chart chart = {.label = a->curves.axis,
                 .x_name = a->curves.axis,
                 .y_name = p->ablation.row[0].metric,
                 .line = a->line + first,
                 .lines = lines->first[group + 1] - first,
                 .tick = lines->x,
                 .tick_text = (const char *const *)a->curves.value,
                 .ticks = a->curves.values};
  ablation_lines_range(lines, &chart.from, &chart.to);
  return chart;
}

static void put_figures(FILE *out, const AblationPart *p, const Axis *a) {
  fputs("<div class=\"panels\">\n", out);
  for (int g = 0; g < p->ablation.groups; g++) {
    const Chart chart = chart_of(p, a, g);
    if (chart.lines == 0) continue;
    fputs("<figure><figcaption><b>", out);
    html_text(out, p->ablation.group[g]);
    fputs("</b></figcaption>\n", out);
    chart_put(out, &chart);
    chart_put_legend(out, &chart);
    fputs("</figure>\n", out);
  }
  fputs("</div>\n", out);
  if (a->lines.left_out)
    fprintf(out, "<p class=\"note\">The best curves are drawn; %d others are in the tables.</p>\n",
            a->lines.left_out);
}

/* ---- tables ---- */

static void put_curve(FILE *out, const Curves *c, const Curve *curve) {
  fputs("<tr><th scope=\"row\">", out);
  html_text(out, curve->name);
  fputs("</th>", out);
  for (int v = 0; v < c->values; v++) {
    const AblationRow *row = curve->point[v];
    Score score = {.there = row != NULL};
    if (row && row->scored) score = (Score){true, true, row->score, row->low, row->high};
    score_cell_put(out, &score, false);
  }
  fputs("</tr>\n", out);
}

static void put_table(FILE *out, const Curves *c, const char *group) {
  fputs("<div class=\"scroll\"><table class=\"scores\"><caption>", out);
  html_text(out, group);
  fputs("</caption><thead><tr><th scope=\"col\">", out);
  html_text(out, c->axis);
  fputs("</th>", out);
  for (int v = 0; v < c->values; v++) html_element(out, "th", NULL, c->value[v]);
  fputs("</tr></thead>\n<tbody>\n", out);
  for (int i = 0; i < c->curves; i++)
    if (strcmp(c->curve[i].group, group) == 0) put_curve(out, c, &c->curve[i]);
  fputs("</tbody></table></div>\n", out);
}

static void put_axis(FILE *out, const AblationPart *p, const Axis *a) {
  fputs("<h3>", out);
  html_text(out, a->curves.axis);
  fputs(
      "</h3>\n<p class=\"note\">Mean over the tasks of a group in percent, with its 95 % interval",
      out);
  fputs(a->lines.log ? "; the axis is logarithmic" : "", out);
  fputs(". Dashed: methods that do not read the setting.</p>\n", out);
  put_figures(out, p, a);
  fputs("<details><summary>tables</summary>\n", out);
  for (int g = 0; g < p->ablation.groups; g++) put_table(out, &a->curves, p->ablation.group[g]);
  fputs("</details>\n", out);
}

static void put_ablation(FILE *out, const void *run) {
  const AblationPart *p = run;
  for (int i = 0; i < p->ablation.axes; i++)
    if (p->axis[i].curves.curves > 0) put_axis(out, p, &p->axis[i]);
  if (p->table.root) evaluation_record_put(out, &p->table);
}

const ReportPart part_ablation = {.kind = "ablation",
                                  .mark = "ablation.csv",
                                  .read = read_ablation,
                                  .put = put_ablation,
                                  .free = free_ablation};
