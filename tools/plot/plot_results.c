/* skein plot results: what the methods of an evaluation score, group by group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"
#include "tools/plot/results_file.h"

enum { NAME_SHOWN = 48 };

static const ResultMean *mean_of(const Results *r, int group, int method) {
  return &r->mean[group * r->methods + method];
}

static int tasks_of(const Results *r, int group) {
  int tasks = 0;
  for (int t = 0; t < r->tasks; t++) tasks += r->task[t].group == group;
  return tasks;
}

/* "accuracy", or in words that the tasks have several. */
static const char *metric_of(const Results *r) {
  for (int t = 1; t < r->tasks; t++)
    if (strcmp(r->task[t].metric, r->task[0].metric) != 0) return "each task's first metric";
  return r->task[0].metric;
}

static void put_mean(PlotRow *row, const Results *r, int group, int method) {
  const ResultMean *mean = mean_of(r, group, method);
  row_text(row, r->group[group]);
  row_int(row, method);
  row_text(row, r->method[method].name);
  row_number(row, mean->scored ? mean->score : NAN);
  row_number(row, mean->scored ? mean->low : NAN);
  row_number(row, mean->scored ? mean->high : NAN);
  row_int(row, mean->open);
  row_int(row, r->method[method].sees_labels);
  row_end(row);
}

/* Groups are blocks with two blank lines between them, which is what gnuplot's `index` counts. */
static void results_data(FILE *out, const void *arg) {
  const Results *r = arg;
  PlotRow row = plot_row(out);
  fputs("group\trow\tmethod\tscore\tlow\thigh\topen\tsees_labels\n", out);
  for (int g = 0; g < r->groups; g++) {
    if (g) fputs("\n\n", out);
    for (int m = 0; m < r->methods; m++) put_mean(&row, r, g, m);
  }
}

/* The ends of the axis of all panels: 0 and every interval. */
static void put_range(FILE *out, const Results *r) {
  double low = 0, high = 0;
  for (int i = 0; i < r->groups * r->methods; i++) {
    if (!r->mean[i].scored) continue;
    low = fmin(low, r->mean[i].low);
    high = fmax(high, r->mean[i].high);
  }
  fputs("lowest = ", out);
  plot_number(out, low);
  fputs("\nhighest = ", out);
  plot_number(out, high > low ? high : low + 1);
  fputc('\n', out);
}

static const char *method_name(const void *arg, int i) {
  const Results *r = arg;
  return r->method[i].name;
}

static void put_groups(FILE *out, const Results *r) {
  fprintf(out, "panels = %d\n", r->groups);
  plot_texts(out, "panel", r->group, r->groups, NAME_SHOWN);
  PlotRow row = plot_array(out, "tasks[panels]");
  for (int g = 0; g < r->groups; g++) row_int(&row, tasks_of(r, g));
  row_end(&row);
}

static void results_settings(FILE *out, const void *arg) {
  const Results *r = arg;
  bool labels = false;
  for (int m = 0; m < r->methods; m++) labels |= r->method[m].sees_labels;
  fputs("heading = 'Results: mean over the tasks of a group'\nsubtitle = ", out);
  if (r->pool) fputs("'pool '.", out), plot_quote_short(out, r->pool, NAME_SHOWN), fputc('.', out);
  fprintf(out, "'%s95 %% intervals%s'\nmetric = ", r->pool ? "; " : "",
          labels ? "; grey: rules that see labels" : "");
  plot_quote_short(out, metric_of(r), NAME_SHOWN);
  fputc('\n', out);
  fprintf(out, "rows = %d\n", r->methods);
  plot_labels(out, "method", &(Labels){method_name, r, r->methods, NAME_SHOWN});
  put_groups(out, r);
  put_range(out, r);
}

Status plot_results(const char *dir, Figures *made, Error *err) {
  Results r;
  TRY(results_read(&r, dir, err));
  Status status = STATUS_OK;
  if (r.methods == 0)
    status = error_set(err, STATUS_INPUT, "%s: methods: none is shown in the tables", r.path);
  const Figure figure = {"results", results_data, results_settings, &r, plot_results_script};
  if (status == STATUS_OK) status = plot_figure(made, &figure, err);
  results_free(&r);
  return status;
}
