/* The curves of an ablation along one axis. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "infer/eval/eval_grid.h"
#include "tools/plot/ablation.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: curves");
}

/* ---- values ---- */

static int by_number(const void *a, const void *b) {
  double x = strtod(*(char *const *)a, NULL), y = strtod(*(char *const *)b, NULL);
  return (x > y) - (x < y);
}

static Status find_values(Curves *c, const Ablation *a, int axis, Error *err) {
  c->value = calloc((size_t)a->rows, sizeof(char *));
  if (!c->value) return no_memory(err);
  c->numeric = true;
  for (int r = 0; r < a->rows; r++) {
    char *value = a->row[r].value[axis];
    int v = 0;
    double x;
    while (v < c->values && strcmp(c->value[v], value) != 0) v++;
    if (!*value || v < c->values) continue;
    c->value[c->values++] = value;
    c->numeric = c->numeric && ablation_number(value, &x);
  }
  if (c->numeric) qsort(c->value, (size_t)c->values, sizeof *c->value, by_number);
  return STATUS_OK;
}

static int find_value(const Curves *c, const char *value) {
  for (int v = 0; v < c->values; v++) {
    if (strcmp(c->value[v], value) == 0) return v;
  }
  return -1;
}

/* ---- which row is on which curve ---- */

/* Whether the row `r` agrees with `key` in everything but the axis. A row that does not read
 * another axis agrees with every value of it. */
static bool agrees_but_for(const Ablation *a, int axis, const AblationRow *r,
                           const AblationRow *key) {
  if (strcmp(r->method, key->method) != 0 || strcmp(r->group, key->group) != 0) return false;
  for (int i = 0; i < a->axes; i++) {
    if (i != axis && *r->value[i] && strcmp(r->value[i], key->value[i]) != 0) return false;
  }
  return true;
}

/* Whether a row begins a curve: no row before it is the same but for the axis, and none says more
 * about the other axes while agreeing with it. */
static bool is_key(const Ablation *a, int axis, int row) {
  const AblationRow *key = &a->row[row];
  bool reference = !*key->value[axis];
  for (int r = 0; r < a->rows; r++) {
    const AblationRow *other = &a->row[r];
    if (r == row || !*other->value[axis] != reference || !agrees_but_for(a, axis, key, other))
      continue;
    bool same = agrees_but_for(a, axis, other, key);
    if (!same || r < row) return false;
  }
  return true;
}

/* Whether the values of another axis tell this method's rows apart. */
static bool axis_varies(const Ablation *a, int axis, const AblationRow *row) {
  for (int r = 0; r < a->rows; r++) {
    const AblationRow *other = &a->row[r];
    if (strcmp(other->method, row->method) == 0 && *other->value[axis] &&
        strcmp(other->value[axis], row->value[axis]) != 0)
      return true;
  }
  return false;
}

static char *curve_name(const Ablation *a, int axis, const AblationRow *key) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  fputs(key->method, s.out);
  for (int i = 0; i < a->axes; i++) {
    if (i == axis || !*key->value[i] || !axis_varies(a, i, key)) continue;
    fprintf(s.out, ", %s %s", a->axis[i], key->value[i]);
  }
  return text_stream_close(&s);
}

static int fill_curve(Curve *curve, const Curves *c, const Ablation *a, int axis,
                      const AblationRow *key) {
  int points = 0;
  for (int v = 0; v < c->values && curve->reference; v++) curve->point[v] = key;
  for (int r = 0; r < a->rows && !curve->reference; r++) {
    const AblationRow *row = &a->row[r];
    int v = find_value(c, row->value[axis]);
    if (v < 0 || !agrees_but_for(a, axis, row, key)) continue;
    points += !curve->point[v];
    curve->point[v] = row;
  }
  return points;
}

static Status add_curve(Curves *c, const Ablation *a, int axis, const AblationRow *key,
                        Error *err) {
  Curve *curve = &c->curve[c->curves];
  *curve = (Curve){.name = curve_name(a, axis, key),
                   .group = key->group,
                   .point = calloc((size_t)c->values, sizeof *curve->point),
                   .reference = !*key->value[axis]};
  c->curves++;
  if (!curve->name || !curve->point) return no_memory(err);
  int points = fill_curve(curve, c, a, axis, key);
  if (curve->reference || points > 1 || c->values == 1) return STATUS_OK;
  free(curve->name); /* one point of another axis is no curve of this one */
  free(curve->point);
  c->curves--;
  return STATUS_OK;
}

Status curves_make(Curves *c, const Ablation *a, int axis, Error *err) {
  *c = (Curves){.axis = a->axis[axis]};
  TRY(find_values(c, a, axis, err));
  c->curve = calloc((size_t)a->rows, sizeof *c->curve);
  if (!c->curve) return no_memory(err);
  for (int r = 0; r < a->rows; r++) {
    if (is_key(a, axis, r)) TRY(add_curve(c, a, axis, &a->row[r], err));
  }
  return STATUS_OK;
}

void curves_free(Curves *c) {
  for (int i = 0; i < c->curves; i++) {
    free(c->curve[i].name);
    free(c->curve[i].point);
  }
  free(c->curve);
  free(c->value);
  *c = (Curves){0};
}

/* ---- tables ---- */

static Status print_group(const Curves *c, const Ablation *a, const char *group, FILE *out,
                          Error *err) {
  Grid grid;
  TRY(grid_new(&grid, c->curves, c->values, err));
  grid.rows = 0;
  const char *metric = "";
  for (int i = 0; i < c->curves; i++) {
    if (strcmp(c->curve[i].group, group) != 0) continue;
    grid.row[grid.rows] = c->curve[i].name;
    for (int v = 0; v < c->values; v++) {
      const AblationRow *p = c->curve[i].point[v];
      if (p) metric = p->metric;
      if (p)
        *grid_at(&grid, grid.rows, v) = (GridValue){.state = p->scored ? CELL_DONE : CELL_FAILED,
                                                    .score = p->score,
                                                    .interval = {p->low, p->high}};
    }
    grid.rows++;
  }
  for (int v = 0; v < c->values; v++) grid.col[v] = c->value[v];
  snprintf(grid.title, sizeof grid.title,
           "%.60s, %.60s: %.40s, percent (± half of the 95 %% interval), mean over tasks%s%.60s",
           c->axis, group, metric, *a->pool ? ", pool " : "", a->pool);
  Status status = grid.rows ? grid_text(&grid, c->axis, out, err) : STATUS_OK;
  if (grid.rows) fputc('\n', out);
  grid_free(&grid);
  return status;
}

Status curves_print(const Curves *c, const Ablation *a, FILE *out, Error *err) {
  for (int g = 0; g < a->groups; g++) TRY(print_group(c, a, a->group[g], out, err));
  return STATUS_OK;
}
