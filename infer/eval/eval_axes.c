#include "infer/eval/eval_axes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/eval/eval_internal.h"
#include "infer/eval/eval_keys.h"

enum { POINTS_MOST = 10000, VALUE_SHOWN = 60 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the axes");
}

/* ---- reading ---- */

static Status read_axis(Axes *a, const char *key, const json_t *list, const char *place,
                        Error *err) {
  size_t values = json_array_size(list);
  if (values == 0) return error_set(err, STATUS_USAGE, "%s: %s: want a list of values", place, key);
  EvalAxis *grown = realloc(a->axis, (size_t)(a->axes + 1) * sizeof *grown);
  if (!grown) return no_memory(err);
  a->axis = grown;
  EvalAxis *axis = &a->axis[a->axes++];
  *axis = (EvalAxis){.key = strdup(key), .value = calloc(values, sizeof(char *))};
  if (!axis->key || !axis->value) return no_memory(err);
  for (size_t i = 0; i < values; i++) {
    TRY(eval_value_text(json_array_get(list, i), key, place, &axis->value[i], err));
    axis->values++;
    for (size_t j = 0; j < i; j++) {
      if (strcmp(axis->value[i], axis->value[j]) == 0)
        return error_set(err, STATUS_USAGE, "%s: %s: %.80s is there twice", place, key,
                         axis->value[i]);
    }
  }
  return STATUS_OK;
}

static Status read_axes(Axes *a, const json_t *mapping, const char *section, const char *place,
                        Error *err) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)mapping, name, value) {
    char key[160];
    snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", name);
    TRY(json_is_object(value) ? read_axes(a, value, key, place, err)
                              : read_axis(a, key, value, place, err));
  }
  return STATUS_OK;
}

static Status read_file(Axes *a, const EvalSpec *spec, Error *err) {
  const json_t *axes = json_object_get(spec->doc.root, "axes");
  const json_t *grid = json_object_get(spec->doc.root, "grid");
  char place[256];
  snprintf(place, sizeof place, "%.200s: axes", spec->doc.file);
  a->grid = !grid || json_is_true(grid);
  if (grid && !json_is_boolean(grid))
    return error_set(err, STATUS_USAGE, "%s: grid: want true or false", spec->doc.file);
  if (!json_is_object(axes) || json_object_size(axes) == 0) {
    return error_set(err, STATUS_USAGE,
                     "%s: want a mapping of router settings to lists of values: {top_k: [1, 2]}",
                     place);
  }
  return read_axes(a, axes, "", place, err);
}

/* ---- expansion ---- */

/* Notes a method of the spec, once. */
static Status add_method(Axes *a, int method, int origin, Error *err) {
  for (int i = 0; i < a->methods; i++) {
    if (a->method[i] == method) return STATUS_OK;
  }
  size_t size = (size_t)(a->methods + 1) * sizeof(int);
  int *grown = realloc(a->method, size);
  if (grown) a->method = grown;
  int *origins = grown ? realloc(a->origin, size) : NULL;
  if (!origins) return no_memory(err);
  a->origin = origins;
  a->method[a->methods] = method;
  a->origin[a->methods++] = origin;
  return STATUS_OK;
}

static const EvalMethod *method_at(const EvalSpec *spec, int m) {
  return spec->method[m];
}

/* Appends "+key=value", with what cannot be in a file's name as '-' and a long value cut before its
 * hash. */
static void add_suffix(char *name, size_t size, const char *key, const char *value) {
  static const char ALLOWED[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._,-";
  size_t used = strlen(name), n = strlen(value);
  char shown[VALUE_SHOWN + 16];
  snprintf(shown, sizeof shown, "%.*s", VALUE_SHOWN, value);
  bool exact = n <= VALUE_SHOWN && strspn(value, ALLOWED) == n;
  for (char *c = shown; *c; c++) {
    if (!strchr(ALLOWED, *c)) *c = '-';
  }
  Hash *hash = exact ? NULL : hash_new();
  if (hash) {
    char hex[HASH_HEX];
    hash_add_string(hash, value);
    hash_finish(hash, hex);
    snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "-%.8s", hex);
  }
  snprintf(name + used, size - used, "+%s=%s", key, shown);
}

typedef struct Expansion {
  Axes *a;
  EvalSpec *spec;
  int declared; /* the method that is expanded */
  int *choice;  /* [axes] index of a value, -1: as the method has it */
} Expansion;

/* The name of a variant: what it reads and has otherwise than the method it was made of. */
static Status name_variant(const Expansion *x, const EvalMethod *variant, char *name, size_t size,
                           Error *err) {
  const EvalMethod *declared = method_at(x->spec, x->declared);
  snprintf(name, size, "%s", declared->name);
  for (int i = 0; i < x->a->axes; i++) {
    const char *key = x->a->axis[i].key;
    if (x->choice[i] < 0 || !eval_method_uses(variant, key)) continue;
    char *had = options_text(&declared->set, key), *has = options_text(&variant->set, key);
    bool whole = had && has, differs = whole && strcmp(had, has) != 0;
    if (differs) add_suffix(name, size, key, has);
    free(had);
    free(has);
    if (!whole) return no_memory(err);
  }
  return eval_check_name(name, x->spec->doc.file, err);
}

static Status set_choices(const Expansion *x, EvalMethod *variant, Error *err) {
  char place[256];
  snprintf(place, sizeof place, "%.200s: axes", x->spec->doc.file);
  for (int i = 0; i < x->a->axes; i++) {
    if (x->choice[i] < 0) continue;
    const EvalAxis *axis = &x->a->axis[i];
    TRY(options_put(&variant->set, axis->key, axis->value[x->choice[i]], place, err));
  }
  return eval_check_method(variant, place, err);
}

/* The method of one choice of values: one that is there already, or a new one. */
static Status add_variant(const Expansion *x, Error *err) {
  EvalSpec *spec = x->spec;
  EvalMethod *variant;
  char name[600];
  TRY(eval_spec_add_method(spec, "", method_at(spec, x->declared), &variant, err));
  TRY(set_choices(x, variant, err));
  TRY(name_variant(x, variant, name, sizeof name, err));
  EvalMethod *same = eval_spec_find_method(spec, name);
  if (same) {
    same->shown = true;
    eval_method_free(spec->method[--spec->methods]);
    int m = 0;
    while (spec->method[m] != same) m++;
    return add_method(x->a, m, x->declared, err);
  }
  free(variant->name);
  variant->name = strdup(name);
  if (!variant->name) return no_memory(err);
  if (spec->methods > POINTS_MOST) {
    return error_set(err, STATUS_USAGE, "%s: axes: more than %d combinations", spec->doc.file,
                     POINTS_MOST);
  }
  return add_method(x->a, spec->methods - 1, x->declared, err);
}

static Status add_grid(const Expansion *x, int axis, Error *err) {
  if (axis == x->a->axes) return add_variant(x, err);
  for (x->choice[axis] = 0; x->choice[axis] < x->a->axis[axis].values; x->choice[axis]++)
    TRY(add_grid(x, axis + 1, err));
  return STATUS_OK;
}

static Status add_stars(const Expansion *x, Error *err) {
  for (int i = 0; i < x->a->axes; i++) x->choice[i] = -1;
  for (int i = 0; i < x->a->axes; i++) {
    for (x->choice[i] = 0; x->choice[i] < x->a->axis[i].values; x->choice[i]++)
      TRY(add_variant(x, err));
    x->choice[i] = -1;
  }
  return STATUS_OK;
}

static Status expand(Axes *a, EvalSpec *spec, int *choice, Error *err) {
  int declared = spec->methods;
  for (int m = 0; m < declared; m++) {
    if (spec->method[m]->rule != EVAL_ROUTED) {
      TRY(add_method(a, m, m, err));
      continue;
    }
    spec->method[m]->shown = false; /* until a choice of values is the method itself */
    const Expansion x = {a, spec, m, choice};
    TRY(a->grid ? add_grid(&x, 0, err) : add_stars(&x, err));
  }
  return STATUS_OK;
}

/* An axis that changes nothing is a mistake. */
static Status check_read(const Axes *a, const EvalSpec *spec, Error *err) {
  for (int i = 0; i < a->axes; i++) {
    bool read = false;
    for (int m = 0; m < a->methods && !read; m++) {
      const EvalMethod *method = method_at(spec, a->method[m]);
      read = method->rule == EVAL_ROUTED && eval_method_uses(method, a->axis[i].key);
    }
    if (!read) {
      return error_set(err, STATUS_USAGE, "%s: axes: %s: no method of the file reads it",
                       spec->doc.file, a->axis[i].key);
    }
  }
  return STATUS_OK;
}

Status axes_expand(Axes *a, EvalSpec *spec, Error *err) {
  *a = (Axes){0};
  TRY(read_file(a, spec, err));
  int *choice = calloc((size_t)a->axes, sizeof *choice);
  if (!choice) return no_memory(err);
  Status status = expand(a, spec, choice, err);
  if (status == STATUS_OK) status = check_read(a, spec, err);
  free(choice);
  return status;
}

void axes_free(Axes *a) {
  for (int i = 0; i < a->axes; i++) {
    for (int v = 0; v < a->axis[i].values; v++) free(a->axis[i].value[v]);
    free(a->axis[i].value);
    free(a->axis[i].key);
  }
  free(a->axis);
  free(a->method);
  free(a->origin);
  *a = (Axes){0};
}

/* ---- the long form ---- */

static Status put_variant(const Axes *a, const EvalSpec *spec, int which, FILE *out, Error *err) {
  const EvalMethod *m = spec->method[a->method[which]];
  eval_csv_field(spec->method[a->origin[which]]->name, out);
  for (int i = 0; i < a->axes; i++) {
    fputc(',', out);
    if (m->rule != EVAL_ROUTED || !eval_method_uses(m, a->axis[i].key)) continue;
    char *value = options_text(&m->set, a->axis[i].key);
    if (!value) return no_memory(err);
    eval_csv_field(value, out);
    free(value);
  }
  fputc(',', out);
  return STATUS_OK;
}

static Status put_cell(const Axes *a, const Evaluation *e, int which, int task, FILE *out,
                       Error *err) {
  const EvalTask *t = &e->spec->task[task];
  const EvalCell *cell = evaluation_cell(e, a->method[which], task);
  for (int i = 0; i < t->metric_count; i++) {
    const CellScore *s = &cell->score[i];
    TRY(put_variant(a, e->spec, which, out, err));
    eval_csv_field(t->group, out);
    fprintf(out, ",%s,%s,", t->name, metric_name(t->metric[i]));
    if (cell->state == CELL_DONE) {
      fprintf(out, "%.6g,%.6g,%.6g,%" PRId64 ",%.6g,done\n", s->score, s->interval.low,
              s->interval.high, cell->items, eval_cell_rate(cell));
    } else {
      fprintf(out, ",,,,,%s\n", cell->state == CELL_FAILED ? "failed" : "open");
    }
  }
  return STATUS_OK;
}

static Status put_mean(const Axes *a, const Evaluation *e, int which, const char *group, FILE *out,
                       Error *err) {
  EvalMean mean = eval_mean(e, a->method[which], group);
  TRY(put_variant(a, e->spec, which, out, err));
  eval_csv_field(group, out);
  fprintf(out, ",mean,%s,", eval_metric_words(e->spec, group));
  if (mean.state == CELL_DONE) {
    fprintf(out, "%.6g,%.6g,%.6g,%d,,done\n", mean.score, mean.interval.low, mean.interval.high,
            mean.tasks);
  } else {
    fputs(",,,,,failed\n", out);
  }
  return STATUS_OK;
}

static Status put_rows(const Axes *a, const Evaluation *e, const char **group, FILE *out,
                       Error *err) {
  int groups = eval_spec_groups(e->spec, group);
  for (int m = 0; m < a->methods; m++) {
    for (int t = 0; t < e->spec->tasks; t++) TRY(put_cell(a, e, m, t, out, err));
    for (int g = 0; g < groups; g++) TRY(put_mean(a, e, m, group[g], out, err));
  }
  return STATUS_OK;
}

Status axes_write(const Axes *a, const Evaluation *e, Error *err) {
  AtomicFile file = {0};
  char *path = path_join(e->spec->settings.output, "ablation.csv");
  const char **group = calloc((size_t)e->spec->tasks, sizeof *group);
  Status status = path && group ? atomic_open(&file, path, err) : no_memory(err);
  if (status == STATUS_OK) {
    fputs("method", file.stream);
    for (int i = 0; i < a->axes; i++) fprintf(file.stream, ",%s", a->axis[i].key);
    fputs(",group,task,metric,score,low,high,n,examples_per_second,state\n", file.stream);
    status = put_rows(a, e, group, file.stream, err);
  }
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  free(group);
  free(path);
  return status;
}
