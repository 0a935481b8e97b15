#include "tools/plot/plot_routing.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "tools/plot/figure_name.h"
#include "tools/plot/routing_cells.h"
#include "tools/plot/routing_figures.h"
#include "tools/shell/console.h"

static const char *const KIND[] = {"modules", "experts", "entropy", "tasks", "difference"};
enum { MODULES, EXPERTS, ENTROPY, TASKS, DIFFERENCE, FIGURES };

Status statistic_parse(const char *name, Statistic *what, Error *err) {
  for (Statistic s = STATISTIC_WEIGHT; s <= STATISTIC_TOP1; s++) {
    *what = s;
    if (strcmp(name, statistic_name(s)) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "plot: --statistic: got '%s', want weight, share or top1",
                   name);
}

static bool is_wanted(const char *only, const char *name) {
  return !only || strcmp(only, name) == 0;
}

/* Whether a dash joins the names of another cell to the same: "a-b" and "c", "a" and "b-c". */
static bool is_shared(const Cells *cells, const RoutingFile *f) {
  size_t size = strlen(f->method);
  for (int i = 0; i < cells->count; i++) {
    const RoutingFile *other = &cells->file[i];
    size_t its = strlen(other->method);
    const RoutingFile *longer = its > size ? other : f, *shorter = its > size ? f : other;
    size_t n = strlen(shorter->method), rest = strlen(longer->method) - n;
    if (rest > 0 && strncmp(longer->method, shorter->method, n) == 0 && longer->method[n] == '-' &&
        strncmp(shorter->task, longer->method + n + 1, rest - 1) == 0 &&
        shorter->task[rest - 1] == '-' && strcmp(shorter->task + rest, longer->task) == 0)
      return true;
  }
  return false;
}

static Status draw_cell(const RoutingRequest *r, const RoutingLook *look, const Cells *cells,
                        const RoutingFile *f, Error *err) {
  static Status (*const draw[])(const RoutingLook *look, const char *name, const RoutingFile *f,
                                Error *err) = {figure_modules, figure_experts, figure_entropy};
  bool shared = is_shared(cells, f);
  for (int i = MODULES; i <= ENTROPY; i++) {
    char name[FIGURE_NAME];
    if (!is_wanted(r->only_figure, KIND[i])) continue;
    TRY(figure_name(name, KIND[i], f->method, f->task, shared, err));
    TRY(draw[i](look, name, f, err));
  }
  return STATUS_OK;
}

/* One past the last file of the method that `first` is of. */
static int method_end(const Cells *cells, int first) {
  int end = first + 1;
  while (end < cells->count && strcmp(cells->file[first].method, cells->file[end].method) == 0)
    end++;
  return end;
}

/* The first file of a method, -1: none. */
static int method_find(const Cells *cells, const char *method, size_t length) {
  for (int i = 0; i < cells->count; i++) {
    const char *own = cells->file[i].method;
    if (strlen(own) == length && strncmp(own, method, length) == 0) return i;
  }
  return -1;
}

/* The tasks of two methods that both have, or those of one (`b` -1), into one figure. */
static Status draw_tasks(const RoutingLook *look, const Cells *cells, int a, int b, Error *err) {
  size_t room = (size_t)cells->count;
  const RoutingFile **first = calloc(room, sizeof *first), **second = calloc(room, sizeof *second);
  int tasks = 0;
  for (int i = a; first && second && i < method_end(cells, a); i++) {
    int pair = b < 0 ? -1 : b, end = b < 0 ? -1 : method_end(cells, b);
    while (pair < end && strcmp(cells->file[pair].task, cells->file[i].task) != 0) pair++;
    if (b >= 0 && pair == end) continue;
    first[tasks] = &cells->file[i];
    if (b >= 0) second[tasks] = &cells->file[pair];
    tasks++;
  }
  char name[FIGURE_NAME];
  const char *one = cells->file[a].method, *two = cells->file[b < 0 ? a : b].method;
  Status status = STATUS_OK;
  if (!first || !second) {
    status = error_set(err, STATUS_RUN, "out of memory");
  } else if (tasks == 0) {
    status =
        error_set(err, STATUS_INPUT, "plot: methods %s and %s have no task in common", one, two);
  } else {
    status =
        figure_name(name, KIND[b < 0 ? TASKS : DIFFERENCE], one, b < 0 ? NULL : two, false, err);
  }
  if (status == STATUS_OK) {
    status = figure_tasks(look, name, first, b < 0 ? NULL : second, tasks, err);
  }
  free(first);
  free(second);
  return status;
}

/* The two methods that --compare names or, without it, glider and phatgoose where both are there,
 * or the only two that are; *a -1: there is no pair. */
static Status find_pair(const RoutingRequest *r, const Cells *cells, int *a, int *b, Error *err) {
  const char *pair = r->compare ? r->compare : "glider,phatgoose";
  const char *comma = strchr(pair, ',');
  if (!comma) return error_set(err, STATUS_USAGE, "plot: --compare: got '%s', want A,B", pair);
  *a = method_find(cells, pair, (size_t)(comma - pair));
  *b = method_find(cells, comma + 1, strlen(comma + 1));
  if (*a >= 0 && *b >= 0 && *a != *b) return STATUS_OK;
  if (r->compare)
    return error_set(err, STATUS_USAGE,
                     "plot: --compare: '%s': want two methods that there are statistics of", pair);
  *a = 0;
  *b = method_end(cells, 0);
  if (*b == cells->count || method_end(cells, *b) != cells->count) *a = -1;
  return STATUS_OK;
}

static Status draw_difference(const RoutingRequest *r, const RoutingLook *look, const Cells *cells,
                              Error *err) {
  int a = -1, b = -1;
  TRY(find_pair(r, cells, &a, &b, err));
  if (a >= 0 && !cells_same_experts(&cells->file[a], &cells->file[b])) {
    if (r->compare || r->only_figure)
      return cells_refuse_experts(&cells->file[a], &cells->file[b], err);
    console_note(NULL, "skein: no figure difference: %s and %s are of other experts",
                 cells->file[a].method, cells->file[b].method);
    return STATUS_OK;
  }
  if (a >= 0) return draw_tasks(look, cells, a, b, err);
  if (!r->only_figure) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "plot: which methods? give --compare A,B");
}

/* One task has no figure that compares tasks unless asked for, and would take the file name of the
 * figure of all tasks. The difference, which may be refused, comes before anything is written. */
static Status draw_all(const RoutingRequest *r, const RoutingLook *look, const Cells *cells,
                       Error *err) {
  bool compares = !r->only_task || r->only_figure || r->compare;
  if (compares && is_wanted(r->only_figure, "difference"))
    TRY(draw_difference(r, look, cells, err));
  for (int i = 0; i < cells->count; i++) TRY(draw_cell(r, look, cells, &cells->file[i], err));
  if (!compares || !is_wanted(r->only_figure, "tasks")) return STATUS_OK;
  for (int i = 0; i < cells->count; i = method_end(cells, i))
    TRY(draw_tasks(look, cells, i, -1, err));
  return STATUS_OK;
}

static Status check_request(const RoutingRequest *r, Error *err) {
  if (!r->only_figure) return STATUS_OK;
  for (int i = 0; i < FIGURES; i++)
    if (strcmp(r->only_figure, KIND[i]) == 0) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "plot: --figure: unknown '%s'; it is modules, experts, entropy, tasks or difference%s",
      r->only_figure, nearest_hint(r->only_figure, KIND, FIGURES).text);
}

Status plot_routing(const RoutingRequest *request, Figures *made, Error *err) {
  Cells cells = {0};
  TRY(check_request(request, err));
  TRY(cells_read(&cells, request, err));
  Status status = STATUS_OK;
  if (cells.count == 0)
    status = error_set(err, STATUS_INPUT,
                       "%s: no routing statistics (cells/METHOD/TASK.routing.json) of the method "
                       "and task asked for",
                       request->input[0]);
  const RoutingLook look = {.what = request->what, .largest = cells.largest, .made = made};
  if (status == STATUS_OK) status = draw_all(request, &look, &cells, err);
  cells_free(&cells);
  return status;
}
