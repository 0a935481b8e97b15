/* Task x expert. */
#include <string.h>

#include "tools/plot/figure_parts.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"
#include "tools/plot/routing_figures.h"

typedef struct Tasks {
  const RoutingFile *const *first, *const *second;
  int tasks;
  Statistic what;
} Tasks;

/* One task by one expert: of both methods and their difference, or of the only one. */
static void put_task(PlotRow *row, const Tasks *t, int task, int expert) {
  double a = routing_file_spread(t->first[task], t->what, expert).mean;
  row_int(row, task);
  row_text(row, t->first[task]->task);
  row_int(row, expert);
  row_text(row, t->first[task]->expert[expert]);
  row_number(row, a);
  if (t->second) {
    double b = routing_file_spread(t->second[task], t->what, expert).mean;
    row_number(row, b);
    row_number(row, a - b);
  }
  row_end(row);
}

static void tasks_data(FILE *out, const void *arg) {
  const Tasks *t = arg;
  PlotRow row = plot_row(out);
  fputs("row\ttask\tcolumn\texpert\t", out);
  row_text(&row, t->first[0]->method);
  if (t->second) {
    row_text(&row, t->second[0]->method);
    row_text(&row, "difference");
  }
  row_end(&row);
  for (int i = 0; i < t->tasks; i++) {
    for (int e = 0; e < t->first[i]->experts; e++) put_task(&row, t, i, e);
  }
}

static void write_tasks(FILE *out, const Tasks *t) {
  size_t most = 0;
  int held_in = 0;
  fprintf(out, "rows = %d\n", t->tasks);
  PlotRow row = plot_array(out, "task[rows]");
  for (int i = 0; i < t->tasks; i++) {
    row_tic(&row, t->first[i]->task, PLOT_LABEL);
    if (strlen(t->first[i]->task) > most) most = strlen(t->first[i]->task);
    held_in += routing_own_expert(t->first[i]) >= 0;
  }
  row_end(&row);
  row = plot_array(out, "own[rows]");
  for (int i = 0; i < t->tasks; i++) row_int(&row, routing_own_expert(t->first[i]));
  row_end(&row);
  fprintf(out, "held_in = %d\ntask_longest = %d\n", held_in,
          most > PLOT_LABEL ? PLOT_LABEL : (int)most);
}

static void tasks_settings(FILE *out, const void *arg) {
  const Tasks *t = arg;
  char heading[96], method[256];
  const char *a = t->first[0]->method, *b = t->second ? t->second[0]->method : NULL;
  snprintf(heading, sizeof heading, "Routing by task and expert: %s", statistic_words(t->what));
  snprintf(method, sizeof method, b ? "methods %.60s and %.60s" : "method %.60s", a, b ? b : "");
  figure_title(out, heading, NULL, method, t->first[0]->pool,
               "; mean over modules; frame: the task's own expert");
  figure_statistic(out, t->what);
  figure_expert_names(out, t->first[0]);
  write_tasks(out, t);
  if (b) snprintf(method, sizeof method, "%.60s minus %.60s", a, b);
  const char *const panel[] = {a, b ? b : "", method};
  fprintf(out, "panels = %d\n", b ? 3 : 1);
  plot_texts(out, "panel", panel, 3, 48);
}

Status figure_tasks(const char *dir, const char *name, const RoutingFile *const *first,
                    const RoutingFile *const *second, int tasks, Statistic what, Error *err) {
  Tasks t = {first, second, tasks, what};
  Figure figure = {name, tasks_data, tasks_settings, &t, plot_tasks_script};
  return plot_figure(dir, &figure, err);
}
