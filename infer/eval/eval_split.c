#include "infer/eval/eval_split.h"

#include <stdlib.h>
#include <string.h>

#include "infer/route/route_labels.h"

/* The values of the rows of a table. */
typedef struct Values {
  int label, rows;
  const char **of;    /* [rows] "" of a rule */
  const char **value; /* [values] each once; "" comes last */
  int values;
  bool *in; /* [rows] room for those of one value */
} Values;

static bool is_listed(const Values *v, const char *value) {
  for (int i = 0; i < v->values; i++)
    if (strcmp(v->value[i], value) == 0) return true;
  return false;
}

/* Adds those of the rules, or of all others. */
static void list_values(Values *v, bool rules) {
  for (int r = 0; r < v->rows; r++)
    if (!*v->of[r] == rules && !is_listed(v, v->of[r])) v->value[v->values++] = v->of[r];
}

static Status find_values(Values *v, const EvalSpec *spec, const int *method, int rows,
                          Error *err) {
  *v = (Values){.label = route_label_find(spec->settings.tables_by),
                .rows = rows,
                .of = calloc((size_t)rows + 1, sizeof *v->of),
                .value = calloc((size_t)rows + 1, sizeof *v->value),
                .in = calloc((size_t)rows + 1, sizeof *v->in)};
  if (!v->of || !v->value || !v->in) return error_set(err, STATUS_RUN, "out of memory: a table");
  for (int r = 0; r < rows; r++) {
    const EvalMethod *m = spec->method[method[r]];
    v->of[r] = m->rule == EVAL_ROUTED ? route_label_value(router_method(&m->router), v->label) : "";
  }
  list_values(v, false);
  list_values(v, true);
  return STATUS_OK;
}

static void free_values(Values *v) {
  free(v->of);
  free(v->value);
  free(v->in);
}

/* "input_granularity Step: held-in: accuracy, percent" */
static void put_title(Grid *g, const Values *v, const char *value) {
  char whole[sizeof g->title];
  memcpy(whole, g->title, sizeof whole);
  if (*value) {
    snprintf(g->title, sizeof g->title, "%s %s: %.200s", route_label_name(v->label), value, whole);
  } else {
    snprintf(g->title, sizeof g->title, "rules that see labels: %.200s", whole);
  }
}

/* Into the grids from `to` on. */
static Status split_grid(const Values *v, const Grid *whole, Grid *to, Error *err) {
  for (int i = 0; i < v->values; i++) {
    for (int r = 0; r < v->rows; r++) v->in[r] = strcmp(v->of[r], v->value[i]) == 0;
    TRY(grid_rows(&to[i], whole, v->in, err));
    put_title(&to[i], v, v->value[i]);
  }
  return STATUS_OK;
}

static void free_grids(Grid *grid, int grids) {
  for (int i = 0; grid && i < grids; i++) grid_free(&grid[i]);
  free(grid);
}

Status eval_split(const EvalSpec *spec, const int *method, Grid **grid, int *grids, Error *err) {
  Values v = {0};
  if (!spec->settings.tables_by || *grids == 0) return STATUS_OK;
  Status status = find_values(&v, spec, method, (*grid)[0].rows, err);
  const int count = *grids * v.values;
  Grid *split = status == STATUS_OK ? calloc((size_t)count + 1, sizeof *split) : NULL;
  if (status == STATUS_OK && !split) status = error_set(err, STATUS_RUN, "out of memory: a table");
  for (int i = 0; i < *grids && status == STATUS_OK; i++)
    status = split_grid(&v, &(*grid)[i], &split[i * v.values], err);
  if (status == STATUS_OK) {
    free_grids(*grid, *grids);
    *grid = split;
    *grids = count;
  } else {
    free_grids(split, count);
  }
  free_values(&v);
  return status;
}
