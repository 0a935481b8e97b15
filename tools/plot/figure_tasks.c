/* Task x expert. */
#include <string.h>

#include "tools/plot/figure_parts.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_labels.h"
#include "tools/plot/plot_row.h"
#include "tools/plot/routing_figures.h"

typedef struct Tasks {
  const RoutingFile *const *first, *const *second;
  int tasks;
  const RoutingLook *look;
} Tasks;

/* One task by one expert: of both methods and their difference, or of the only one. */
static void put_task(PlotRow *row, const Tasks *t, int task, int expert) {
  const RoutingFile *f = t->first[task];
  double a = routing_file_spread(f, t->look->what, expert).mean;
  row_int(row, task);
  row_text(row, f->task);
  row_text(row, f->group ? f->group : "");
  row_int(row, expert);
  row_text(row, f->expert[expert]);
  row_text(row, figure_mark(f, expert));
  row_number(row, a);
  if (t->second) {
    double b = routing_file_spread(t->second[task], t->look->what, expert).mean;
    row_number(row, b);
    row_number(row, a - b);
  }
  row_end(row);
}

static void tasks_data(FILE *out, const void *arg) {
  const Tasks *t = arg;
  PlotRow row = plot_row(out);
  fputs("row\ttask\tgroup\tcolumn\texpert\tmark\t", out);
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

/* Whether a task begins a group; where nothing says them, tasks with an expert of their own are
 * one, and the others. */
static bool begins_group(const Tasks *t, int task) {
  if (task == 0) return true;
  const RoutingFile *f = t->first[task], *before = t->first[task - 1];
  if (!f->group || !before->group)
    return f->group != before->group || (f->own < 0) != (before->own < 0);
  return strcmp(f->group, before->group) != 0;
}

static void write_groups(FILE *out, const Tasks *t) {
  int groups = 0, longest = 0;
  for (int i = 0; i < t->tasks; i++) groups += begins_group(t, i);
  fprintf(out, "groups = %d\n", groups);
  PlotRow row = plot_array(out, "group[groups]");
  for (int i = 0; i < t->tasks; i++) {
    const char *name = t->first[i]->group ? t->first[i]->group : "";
    if (!begins_group(t, i)) continue;
    int length = plot_characters(name, PLOT_LABEL);
    longest = length > longest ? length : longest;
    row_quoted(&row, name, PLOT_LABEL);
  }
  row_end(&row);
  row = plot_array(out, "group_first[groups]");
  for (int i = 0; i < t->tasks; i++)
    if (begins_group(t, i)) row_int(&row, i);
  row_end(&row);
  fprintf(out, "group_longest = %d\n", longest);
}

static void write_marks(FILE *out, const Tasks *t) {
  PlotRow row = plot_array(out, "own[rows]");
  for (int i = 0; i < t->tasks; i++) row_int(&row, t->first[i]->own);
  row_end(&row);
  row = plot_array(out, "oracle[rows]");
  for (int i = 0; i < t->tasks; i++) row_int(&row, t->first[i]->oracle);
  row_end(&row);
}

static const char *task_name(const void *arg, int i) {
  const Tasks *t = arg;
  return t->first[i]->task;
}

/* What the frames mean, those that there are. */
static const char *frames_words(const Tasks *t) {
  static const char *const words[] = {
      "; mean over modules", "; mean over modules; frame: the task's own expert",
      "; mean over modules; dashed frame: the oracle's expert",
      "; mean over modules; frame: the task's own expert, dashed: the oracle's"};
  bool own = false, oracle = false;
  for (int i = 0; i < t->tasks; i++) {
    own |= t->first[i]->own >= 0;
    oracle |= t->first[i]->oracle >= 0;
  }
  return words[own + 2 * oracle];
}

static void tasks_settings(FILE *out, const void *arg) {
  const Tasks *t = arg;
  char heading[96];
  const RoutingFile *a = t->first[0], *b = t->second ? t->second[0] : NULL;
  snprintf(heading, sizeof heading, "Routing by task and expert: %s",
           statistic_words(t->look->what));
  figure_tasks_title(out, heading, a, b, frames_words(t));
  figure_scale(out, t->look->what, t->look->largest.mean);
  figure_expert_names(out, a);
  fprintf(out, "rows = %d\n", t->tasks);
  plot_labels(out, "task", &(Labels){task_name, t, t->tasks, PLOT_LABEL});
  write_groups(out, t);
  write_marks(out, t);
  fprintf(out, "panels = %d\n", b ? 3 : 1);
  const char *const panel[] = {a->method, b ? b->method : ""};
  plot_texts(out, "panel", panel, 2, 48);
}

Status figure_tasks(const RoutingLook *look, const char *name, const RoutingFile *const *first,
                    const RoutingFile *const *second, int tasks, Error *err) {
  Tasks t = {first, second, tasks, look};
  Figure figure = {name, tasks_data, tasks_settings, &t, plot_tasks_script};
  return plot_figure(look->made, &figure, err);
}
