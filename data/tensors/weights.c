#include "data/tensors/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/file/path.h"
#include "data/tensors/weights_index.h"
#include "data/tensors/weights_place.h"

typedef struct Slot {
  const TensorEntry *entry;
  size_t file; /* index into Weights.file */
  bool used;
  void *copy; /* aligned data, where the file's is not; owned */
} Slot;

struct Weights {
  char *path; /* as given to weights_open */
  WeightsPlace place;
  TensorTable *file;
  size_t file_count;
  WeightsIndex index; /* zeroed for a single file */
  Slot *slot;         /* sorted by name (bytewise) */
  size_t count;
};

/* Opening. */

static Status out_of_memory(const Weights *w, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", w->path);
}

static Status open_single(Weights *w, Error *err) {
  w->file = calloc(1, sizeof *w->file);
  if (!w->file) return out_of_memory(w, err);
  TRY(tensor_table_open(&w->file[0], w->place.path, err));
  w->file_count = 1;
  return STATUS_OK;
}

static Status open_shards(Weights *w, Error *err) {
  TRY(weights_index_open(&w->index, w->place.path, err));
  w->file = calloc(w->index.count, sizeof *w->file);
  if (!w->file) return out_of_memory(w, err);
  for (size_t i = 0; i < w->index.count; i++) {
    char *path = path_join(w->path, w->index.shard[i]);
    if (!path) return out_of_memory(w, err);
    Status status = tensor_table_open(&w->file[i], path, err);
    free(path);
    TRY(status);
    w->file_count++;
  }
  return STATUS_OK;
}

static Status open_directory(Weights *w, bool adapter, Error *err) {
  TRY(weights_place_find(&w->place, w->path, adapter, err));
  return w->place.index ? open_shards(w, err) : open_single(w, err);
}

static int compare_slots(const void *a, const void *b) {
  return strcmp(((const Slot *)a)->entry->name, ((const Slot *)b)->entry->name);
}

/* The slots of all files, sorted; a name is in one file only. */
static Status fill_slots(Weights *w, Error *err) {
  size_t total = 0;
  for (size_t f = 0; f < w->file_count; f++) total += w->file[f].count;
  w->slot = calloc(total + 1, sizeof *w->slot);
  if (!w->slot) return out_of_memory(w, err);
  for (size_t f = 0; f < w->file_count; f++) {
    for (size_t i = 0; i < w->file[f].count; i++) {
      w->slot[w->count++] = (Slot){.entry = &w->file[f].entry[i], .file = f};
    }
  }
  if (w->file_count == 1) return STATUS_OK; /* which has them sorted, each name once */
  qsort(w->slot, w->count, sizeof *w->slot, compare_slots);
  for (size_t i = 1; i < w->count; i++) {
    if (compare_slots(&w->slot[i - 1], &w->slot[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: tensor '%.200s': is in %s, too",
                     weights_file(w, i - 1), w->slot[i].entry->name, weights_file(w, i));
  }
  return STATUS_OK;
}

/* Every tensor is in the shard that the index gives it. */
static Status check_index(const Weights *w, Error *err) {
  if (!w->index.map) return STATUS_OK;
  for (size_t i = 0; i < w->count; i++) {
    const char *name = w->slot[i].entry->name, *actual = w->index.shard[w->slot[i].file];
    const char *listed = weights_index_shard(&w->index, name);
    if (!listed) {
      return error_set(err, STATUS_INPUT,
                       "%s: weight_map: tensor '%.200s' of shard %.200s: is missing", w->index.path,
                       name, actual);
    }
    if (strcmp(listed, actual) != 0) {
      return error_set(err, STATUS_INPUT,
                       "%s: weight_map: '%.200s': says %.200s, but it is in %.200s", w->index.path,
                       name, listed, actual);
    }
  }
  return STATUS_OK;
}

static Status open_path(Weights *w, const char *path, Error *err) {
  struct stat info;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return open_directory(w, false, err);
  w->place.path = strdup(path);
  return w->place.path ? open_single(w, err) : out_of_memory(w, err);
}

static Status open_all(Weights *w, const char *path, bool adapter, Error *err) {
  w->path = strdup(path);
  if (!w->path) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(adapter ? open_directory(w, true, err) : open_path(w, path, err));
  TRY(fill_slots(w, err));
  return check_index(w, err);
}

static Status open_new(Weights **out, const char *path, bool adapter, Error *err) {
  Weights *w = calloc(1, sizeof *w);
  *out = NULL;
  if (!w) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = open_all(w, path, adapter, err);
  if (status == STATUS_OK) {
    *out = w;
  } else {
    weights_close(w);
  }
  return status;
}

Status weights_open(Weights **w, const char *path, Error *err) {
  return open_new(w, path, false, err);
}

Status weights_open_adapter(Weights **w, const char *dir, Error *err) {
  return open_new(w, dir, true, err);
}

void weights_close(Weights *w) {
  if (!w) return;
  for (size_t i = 0; i < w->count; i++) free(w->slot[i].copy);
  for (size_t f = 0; f < w->file_count; f++) tensor_table_close(&w->file[f]);
  weights_index_close(&w->index);
  free(w->slot);
  free(w->file);
  free(w->path);
  weights_place_free(&w->place);
  free(w);
}

/* Getting. */

static Slot *find_slot(const Weights *w, const char *name) {
  const TensorEntry entry = {.name = (char *)(uintptr_t)name};
  const Slot key = {.entry = &entry};
  return bsearch(&key, w->slot, w->count, sizeof key, compare_slots);
}

static Status report_missing(const Weights *w, const char *name, Error *err) {
  const char *listed = w->index.map ? weights_index_shard(&w->index, name) : NULL;
  if (listed) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: weight_map: '%.200s': shard %.200s does not have it", w->index.path, name,
                     listed);
  }
  return error_set(err, STATUS_MISMATCH, "%s: tensor '%.200s': is missing", w->place.path, name);
}

enum { SHAPE_TEXT = 256 }; /* room for TENSOR_RANK numbers of 19 digits */

/* "[3, 4]", with -1 as "any". */
static const char *shape_text(char text[SHAPE_TEXT], const int64_t *shape, int rank) {
  char *end = stpcpy(text, "[");
  for (int i = 0; i < rank; i++) {
    if (i > 0) end = stpcpy(end, ", ");
    end += shape[i] < 0 ? sprintf(end, "any") : sprintf(end, "%" PRId64, shape[i]);
  }
  stpcpy(end, "]");
  return text;
}

/* Rows and columns of a tensor of rank 1 or 2 as wanted, none of them 0. */
static Status check_shape(const TensorEntry *e, const char *path, int64_t rows, int64_t cols,
                          Tensor *out, Error *err) {
  out->rows = e->rank == 2 ? e->shape[0] : 1;
  out->cols = e->rank > 0 ? e->shape[e->rank - 1] : 0;
  bool matrix = e->rank == 1 || e->rank == 2;
  bool fits = (rows < 0 || out->rows == rows) && (cols < 0 || out->cols == cols);
  if (matrix && fits && e->size > 0) return STATUS_OK;
  char got[SHAPE_TEXT], want[SHAPE_TEXT];
  const int64_t wanted[] = {rows, cols};
  return error_set(err, STATUS_MISMATCH, "%s: tensor '%.200s': got shape %s, want %s", path,
                   e->name, shape_text(got, e->shape, e->rank), shape_text(want, wanted, 2));
}

/* The slot of the tensor, in *out as weights_locate leaves it. */
static Status locate_slot(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                          Slot **slot, Error *err) {
  *slot = find_slot(w, name);
  if (!*slot) return report_missing(w, name, err);
  const TensorEntry *e = (*slot)->entry;
  const char *path = w->file[(*slot)->file].file.path;
  Tensor stored = {.store = e->data};
  TRY(check_shape(e, path, rows, cols, &stored, err));
  if (!tensor_entry_dtype(e, &stored.dtype)) {
    return error_set(err, STATUS_INPUT, "%s: tensor '%.200s': got dtype %s, want F32, F16 or BF16",
                     path, name, e->dtype);
  }
  (*slot)->used = true;
  *out = stored;
  return STATUS_OK;
}

Status weights_locate(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                      Error *err) {
  Slot *slot;
  return locate_slot(w, name, rows, cols, out, &slot, err);
}

Status weights_get(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                   Error *err) {
  Slot *slot;
  Tensor stored = {0};
  TRY(locate_slot(w, name, rows, cols, &stored, &slot, err));
  const void *data = slot->copy ? slot->copy : stored.store;
  if (stored.dtype == DTYPE_F32 && (uintptr_t)data % sizeof(float) != 0) {
    slot->copy = malloc(slot->entry->size);
    if (!slot->copy) return out_of_memory(w, err);
    data = memcpy(slot->copy, stored.store, slot->entry->size);
  }
  *out = tensor_view(data, stored.dtype, stored.rows, stored.cols);
  return STATUS_OK;
}

bool weights_has(const Weights *w, const char *name) {
  return find_slot(w, name) != NULL;
}

size_t weights_count(const Weights *w) {
  return w->count;
}

const TensorEntry *weights_entry(const Weights *w, size_t i) {
  return w->slot[i].entry;
}

const TensorEntry *weights_find(const Weights *w, const char *name) {
  const Slot *slot = find_slot(w, name);
  return slot ? slot->entry : NULL;
}

size_t weights_tables(const Weights *w) {
  return w->file_count;
}

const TensorTable *weights_table(const Weights *w, size_t i) {
  return &w->file[i];
}

const char *weights_path(const Weights *w) {
  return w->place.path;
}

const char *weights_passed(const Weights *w) {
  return w->place.passed;
}

const char *weights_file(const Weights *w, size_t i) {
  return w->file[w->slot[i].file].file.path;
}

const char *weights_meta(const Weights *w, const char *key) {
  const char *value = NULL;
  for (size_t f = 0; f < w->file_count && !value; f++) value = tensor_table_meta(&w->file[f], key);
  return value;
}

/* Accounting. */

void weights_ignore(Weights *w, const char *name) {
  Slot *slot = find_slot(w, name);
  if (slot) slot->used = true;
}

Status weights_check_used(const Weights *w, Error *err) {
  size_t unused = 0, first = 0;
  for (size_t i = w->count; i-- > 0;) {
    if (w->slot[i].used) continue;
    unused++;
    first = i;
  }
  if (unused == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH, "%s: tensor '%.200s': is not used (%zu of %zu are not)",
                   weights_file(w, first), w->slot[first].entry->name, unused, w->count);
}

Status weights_unchanged(const Weights *w, Error *err) {
  for (size_t f = 0; f < w->file_count; f++) TRY(mapped_unchanged(&w->file[f].file, err));
  return STATUS_OK;
}
