/* The methods that the axes of an ablation make of those of its file. */
#include <stdlib.h>
#include <string.h>

#include "data/file/hash.h"
#include "infer/eval/eval_axes.h"
#include "infer/eval/eval_lists.h"
#include "infer/eval/eval_name.h"

enum { POINTS_MOST = 10000, VALUE_SHOWN = 60 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the axes");
}

static TextPlace axes_place(const EvalSpec *spec) {
  return yaml_place(&spec->tree, yaml_find(spec->tree.root, "axes")->key);
}

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
  return eval_check_name(name, axes_place(x->spec).text, err);
}

static Status set_choices(const Expansion *x, EvalMethod *variant, Error *err) {
  const TextPlace place = axes_place(x->spec);
  for (int i = 0; i < x->a->axes; i++) {
    if (x->choice[i] < 0) continue;
    const EvalAxis *axis = &x->a->axis[i];
    TRY(options_put(&variant->set, axis->key, axis->value[x->choice[i]], place.text, err));
  }
  return eval_check_method(variant, place.text, err);
}

/* Drops the last method of the spec for one that is there under the same name, whose settings are
 * from now on those that the axes ask for, and no defaults. */
static Status use_same(const Expansion *x, EvalMethod *same, Error *err) {
  EvalSpec *spec = x->spec;
  const TextPlace place = axes_place(spec);
  for (int i = 0; i < x->a->axes; i++) {
    const EvalAxis *axis = &x->a->axis[i];
    if (x->choice[i] >= 0 && eval_method_uses(same, axis->key))
      TRY(options_put(&same->set, axis->key, axis->value[x->choice[i]], place.text, err));
  }
  same->shown = true;
  eval_method_free(spec->method[--spec->methods]);
  int m = 0;
  while (spec->method[m] != same) m++;
  return add_method(x->a, m, x->declared, err);
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
  if (same) return use_same(x, same, err);
  free(variant->name);
  variant->name = strdup(name);
  if (!variant->name) return no_memory(err);
  if (spec->methods <= POINTS_MOST) return add_method(x->a, spec->methods - 1, x->declared, err);
  return error_set(err, STATUS_USAGE, "%s: axes: more than %d combinations", axes_place(spec).text,
                   POINTS_MOST);
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

static Status expand_methods(Axes *a, EvalSpec *spec, int *choice, Error *err) {
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
      return yaml_refuse(&spec->tree, a->axis[i].at, err,
                         "axes: %s: no method of the file reads it", a->axis[i].key);
    }
  }
  return STATUS_OK;
}

Status axes_expand(Axes *a, EvalSpec *spec, Error *err) {
  TRY(axes_read(a, spec, err));
  int *choice = calloc((size_t)a->axes, sizeof *choice);
  if (!choice) return no_memory(err);
  Status status = expand_methods(a, spec, choice, err);
  if (status == STATUS_OK) status = check_read(a, spec, err);
  free(choice);
  return status;
}
