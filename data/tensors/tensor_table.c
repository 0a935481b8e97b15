#include "data/tensors/tensor_table.h"

#include <stdlib.h>
#include <string.h>

void tensor_table_close(TensorTable *t) {
  for (size_t i = 0; i < t->count; i++) free(t->entry[i].name);
  for (size_t i = 0; i < t->meta_count; i++) {
    free(t->meta[i].key);
    free(t->meta[i].value);
  }
  for (size_t i = 0; i < t->owned_count; i++) free(t->owned[i]);
  free(t->entry);
  free(t->meta);
  free(t->wrapper);
  free(t->owned);
  mapped_close(&t->file);
  *t = (TensorTable){0};
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const TensorEntry *)a)->name, ((const TensorEntry *)b)->name);
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(((const TensorMeta *)a)->key, ((const TensorMeta *)b)->key);
}

/* Most files have their tensors in order; to see that takes a pass, to sort them a dozen. */
static void sort_entries(TensorEntry *entry, size_t count) {
  size_t i = 1;
  while (i < count && compare_names(&entry[i - 1], &entry[i]) <= 0) i++;
  if (i < count) qsort(entry, count, sizeof *entry, compare_names);
}

/* By storage, then by name, which is by place in the table. */
static int compare_storages(const void *a, const void *b) {
  const TensorEntry *x = *(TensorEntry *const *)a, *y = *(TensorEntry *const *)b;
  if (x->storage != y->storage) return x->storage < y->storage ? -1 : 1;
  return (x > y) - (x < y);
}

/* An empty tensor shares nothing, whatever its storage. */
static Status find_sharers(TensorTable *t, Error *err) {
  TensorEntry **by = malloc((t->count + 1) * sizeof *by);
  if (!by) return error_set(err, STATUS_RUN, "%s: out of memory", t->file.path);
  size_t n = 0, first = 0;
  for (size_t i = 0; i < t->count; i++) {
    if (t->entry[i].storage && t->entry[i].size > 0) by[n++] = &t->entry[i];
  }
  if (n > 0) qsort(by, n, sizeof *by, compare_storages);
  for (size_t i = 1; i < n; i++) {
    if (by[i]->storage != by[first]->storage) first = i;
    by[i]->sharer = i == first ? NULL : by[first];
  }
  free(by);
  return STATUS_OK;
}

Status tensor_table_sort(TensorTable *t, Error *err) {
  sort_entries(t->entry, t->count);
  if (t->meta_count > 0) qsort(t->meta, t->meta_count, sizeof *t->meta, compare_keys);
  for (size_t i = 1; i < t->count; i++) {
    if (compare_names(&t->entry[i - 1], &t->entry[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: tensor '%.200s': appears twice", t->file.path,
                     t->entry[i].name);
  }
  for (size_t i = 1; i < t->meta_count; i++) {
    if (compare_keys(&t->meta[i - 1], &t->meta[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: %s'%.200s': appears twice", t->file.path,
                     t->format == FORMAT_SAFETENSORS ? "__metadata__: " : "", t->meta[i].key);
  }
  return t->format == FORMAT_TORCH ? find_sharers(t, err) : STATUS_OK;
}

const TensorEntry *tensor_table_find(const TensorTable *t, const char *name) {
  const TensorEntry key = {.name = (char *)(uintptr_t)name};
  if (t->count == 0) return NULL;
  return bsearch(&key, t->entry, t->count, sizeof key, compare_names);
}

const char *tensor_table_meta(const TensorTable *t, const char *key) {
  const TensorMeta wanted = {.key = (char *)(uintptr_t)key};
  if (t->meta_count == 0) return NULL;
  const TensorMeta *m = bsearch(&wanted, t->meta, t->meta_count, sizeof wanted, compare_keys);
  return m ? m->value : NULL;
}

bool tensor_entry_dtype(const TensorEntry *e, Dtype *dtype) {
  static const struct {
    const char *name;
    Dtype dtype;
  } known[] = {{"F32", DTYPE_F32}, {"F16", DTYPE_F16}, {"BF16", DTYPE_BF16}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(e->dtype, known[i].name) != 0) continue;
    *dtype = known[i].dtype;
    return true;
  }
  return false;
}
