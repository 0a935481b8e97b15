/* skein pool diff: what became of the experts of one pool in another. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/t5/t5_group.h"
#include "tools/pool/pool_tool.h"

enum { FACTOR_A, FACTOR_B, VECTOR_L, GATE, KINDS };
static const char *const KIND[KINDS] = {"a", "b", "l", "gate"};

/* How far the tensors of a group went: sums of squares over those that both experts have in one
 * shape (`common`). */
typedef struct Movement {
  double moved, length;                              /* of after - before, and of before */
  int64_t common, changed, reshaped, added, removed; /* tensors */
} Movement;

typedef struct Diff {
  PoolManifest before, after;
  Facts facts;
  json_t *changed, *moved; /* tables in facts */
} Diff;

static int group_of(const char *tensor) {
  static const char PREFIX[] = "base_model.model.";
  bool factor = strncmp(tensor, PREFIX, strlen(PREFIX)) == 0;
  return t5_group_index(factor ? tensor + strlen(PREFIX) : tensor);
}

static int kind_of(const char *tensor) {
  if (strstr(tensor, ".lora_A.")) return FACTOR_A;
  if (strstr(tensor, ".lora_B.")) return FACTOR_B;
  return strstr(tensor, ".ia3_l") ? VECTOR_L : GATE;
}

static void add_values(Movement *m, const Tensor *before, const Tensor *after) {
  double moved = 0;
  for (int64_t i = 0; i < tensor_count(before); i++) {
    float x, y;
    dtype_widen(&x, (const char *)before->store + (size_t)i * dtype_size(before->dtype),
                before->dtype, 1);
    dtype_widen(&y, (const char *)after->store + (size_t)i * dtype_size(after->dtype), after->dtype,
                1);
    moved += ((double)y - (double)x) * ((double)y - (double)x);
    m->length += (double)x * (double)x;
  }
  m->moved += moved;
  m->common++;
  m->changed += !(moved <= 0); /* NaN is a change */
}

static Status compare_tensor(Weights *before, Weights *after, const char *name, Movement *m,
                             Error *err) {
  Tensor x, y;
  if (!weights_has(after, name)) {
    m->removed++;
    return STATUS_OK;
  }
  TRY(weights_locate(before, name, -1, -1, &x, err));
  TRY(weights_locate(after, name, -1, -1, &y, err));
  if (x.rows != y.rows || x.cols != y.cols) {
    m->reshaped++;
  } else {
    add_values(m, &x, &y);
  }
  return STATUS_OK;
}

static Status compare_tensors(Weights *before, Weights *after, Movement m[T5_GROUPS][KINDS],
                              Error *err) {
  for (size_t i = 0; i < weights_count(before); i++) {
    const char *name = weights_entry(before, i)->name;
    TRY(compare_tensor(before, after, name, &m[group_of(name)][kind_of(name)], err));
  }
  for (size_t i = 0; i < weights_count(after); i++) {
    const char *name = weights_entry(after, i)->name;
    m[group_of(name)][kind_of(name)].added += !weights_has(before, name);
  }
  return STATUS_OK;
}

static Status compare_file(const Diff *d, int b, int a, PoolFile file, Movement m[T5_GROUPS][KINDS],
                           Error *err) {
  const char *old = d->before.entry[b].hash[file], *new = d->after.entry[a].hash[file];
  if (strcmp(old, new) == 0 || !*old || !*new) return STATUS_OK; /* gates came, or went */
  Weights *before = NULL, *after = NULL;
  char *x = manifest_path(&d->before, b, file), *y = manifest_path(&d->after, a, file);
  Status status = x && y ? weights_open(&before, x, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory", d->before.dir);
  if (status == STATUS_OK) status = weights_open(&after, y, err);
  if (status == STATUS_OK) status = compare_tensors(before, after, m, err);
  weights_close(before);
  weights_close(after);
  free(x);
  free(y);
  return status;
}

/* The group of an expert, where something in it changed. */
static void add_movement(Diff *d, const char *expert, int group, const Movement m[KINDS]) {
  Movement sum = {0};
  for (int k = 0; k < KINDS; k++) {
    sum.changed += m[k].changed;
    sum.reshaped += m[k].reshaped;
    sum.added += m[k].added;
    sum.removed += m[k].removed;
  }
  if (sum.changed + sum.reshaped + sum.added + sum.removed == 0) return;
  Facts *f = &d->facts;
  json_t *row = facts_row(f, d->moved);
  facts_set(f, row, "expert", facts_text(expert));
  facts_set(f, row, "group", facts_text(T5_GROUP[group]));
  for (int k = 0; k < KINDS; k++) {
    double relative = !(m[k].moved <= 0) ? sqrt(m[k].moved / m[k].length) : 0;
    if (m[k].common == 0 && m[k].reshaped + m[k].added + m[k].removed > 0) relative = NAN;
    facts_set(f, row, KIND[k], facts_number(relative)); /* null: nothing to compare, or 0 before */
  }
  facts_set(f, row, "tensors_changed", json_integer(sum.changed));
  facts_set(f, row, "reshaped", json_integer(sum.reshaped));
  facts_set(f, row, "added", json_integer(sum.added));
  facts_set(f, row, "removed", json_integer(sum.removed));
}

/* One line that says which parts of an expert are not the same. */
static bool add_change(Diff *d, const PoolEntry *b, const PoolEntry *a) {
  json_t *parts = json_array();
  Facts *f = &d->facts;
  for (int i = 0; i < POOL_FILES; i++) {
    if (strcmp(b->hash[i], a->hash[i]) != 0) facts_append(f, parts, facts_text(POOL_FILE[i]));
  }
  if (strcmp(b->instruction, a->instruction) != 0) {
    facts_append(f, parts, facts_text("instruction"));
  }
  if (strcmp(b->licence, a->licence) != 0) facts_append(f, parts, facts_text("licence"));
  if (b->maker.way != a->maker.way || strcmp(b->maker.data, a->maker.data) != 0)
    facts_append(f, parts, facts_text("collector"));
  if (b->unverified != a->unverified) facts_append(f, parts, facts_text("provenance"));
  if (strcmp(b->source, a->source) != 0) facts_append(f, parts, facts_text("source"));
  bool changed = json_array_size(parts) > 0;
  if (changed) {
    json_t *row = facts_row(f, d->changed);
    facts_set(f, row, "expert", facts_text(b->name));
    facts_set(f, row, "changed", parts);
  } else {
    json_decref(parts);
  }
  return changed;
}

static Status compare_expert(Diff *d, int b, int a, Error *err) {
  Movement m[T5_GROUPS][KINDS] = {0};
  if (!add_change(d, &d->before.entry[b], &d->after.entry[a])) return STATUS_OK;
  TRY(compare_file(d, b, a, POOL_ADAPTER, m, err));
  TRY(compare_file(d, b, a, POOL_GATE, m, err));
  for (int g = 0; g < T5_GROUPS; g++) add_movement(d, d->before.entry[b].name, g, m[g]);
  return STATUS_OK;
}

/* The names of `of` that `in` does not have. */
static void add_names(Facts *f, const char *key, const PoolManifest *of, const PoolManifest *in) {
  json_t *names = facts_array(f, f->root, key);
  for (int i = 0; i < of->count; i++) {
    const char *name = of->entry[i].name;
    if (manifest_find(in, name) < 0) facts_append(f, names, facts_text(name));
  }
}

/* The experts of both stand in the same order. */
static bool same_order(const PoolManifest *before, const PoolManifest *after) {
  int last = -1;
  for (int i = 0; i < before->count; i++) {
    int at = manifest_find(after, before->entry[i].name);
    if (at >= 0 && at < last) return false;
    if (at >= 0) last = at;
  }
  return true;
}

/* Anything of what the facts say. */
static bool find_difference(const Diff *d) {
  const json_t *root = d->facts.root;
  return !json_is_true(json_object_get(root, "same_base")) ||
         !json_is_true(json_object_get(root, "same_order")) ||
         json_array_size(json_object_get(root, "experts_added")) > 0 ||
         json_array_size(json_object_get(root, "experts_removed")) > 0 ||
         json_array_size(d->changed) > 0;
}

static Status compare_pools(Diff *d, Error *err) {
  Facts *f = &d->facts;
  facts_set(f, f->root, "before", facts_text(d->before.dir));
  facts_set(f, f->root, "after", facts_text(d->after.dir));
  facts_set(f, f->root, "same_base", json_boolean(strcmp(d->before.base, d->after.base) == 0));
  facts_set(f, f->root, "same_order", json_boolean(same_order(&d->before, &d->after)));
  add_names(f, "experts_added", &d->after, &d->before);
  add_names(f, "experts_removed", &d->before, &d->after);
  d->changed = facts_array(f, f->root, "experts_changed");
  d->moved = facts_array(f, f->root, "moved");
  for (int b = 0; b < d->before.count; b++) {
    int a = manifest_find(&d->after, d->before.entry[b].name);
    if (a >= 0) TRY(compare_expert(d, b, a, err));
  }
  return STATUS_OK;
}

static void diff_close(Diff *d) {
  facts_free(&d->facts);
  manifest_free(&d->before);
  manifest_free(&d->after);
}

static Status compare_once(Diff *d, const char *before, const char *after, Error *err) {
  *d = (Diff){.facts = facts_new()};
  TRY(manifest_read(&d->before, before, err));
  TRY(manifest_read(&d->after, after, err));
  return compare_pools(d, err);
}

/* Files that were read while a pool was changed may be of another state than its manifest, even
 * where nothing failed: a folder's name may come again. Then all is read again. */
static Status compare_current(Diff *d, const char *before, const char *after, Error *err) {
  for (;;) {
    Error failure = {0};
    Status status = compare_once(d, before, after, &failure);
    if (!manifest_changed(&d->before) && !manifest_changed(&d->after))
      return status == STATUS_OK ? status : error_set(err, status, "%s", failure.text);
    diff_close(d);
  }
}

Status pool_diff(const char *before, const char *after, const PoolOptions *o, bool *differ,
                 Error *err) {
  Diff d;
  Status status = compare_current(&d, before, after, err);
  if (status == STATUS_OK) status = facts_print(&d.facts, o->json, err);
  if (status == STATUS_OK) *differ = find_difference(&d);
  diff_close(&d);
  return status;
}
