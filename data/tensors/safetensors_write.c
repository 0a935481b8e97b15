#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors are little-endian");

static const char *format_name(Dtype dtype) {
  switch (dtype) {
    case DTYPE_F32:
      return "F32";
    case DTYPE_F16:
      return "F16";
    case DTYPE_BF16:
      return "BF16";
  }
  return "?";
}

/* The entry of an item whose bytes begin at *offset, which moves to their end; NULL when it cannot
 * be made. */
static json_t *describe_item(const SafetensorsItem *item, int64_t *offset) {
  assert(item->rows >= 0 && item->cols >= 0 && (!item->vector || item->rows == 1));
  int64_t count, bytes, begin = *offset;
  if (__builtin_mul_overflow(item->rows, item->cols, &count) ||
      __builtin_mul_overflow(count, (int64_t)dtype_size(item->dtype), &bytes) ||
      __builtin_add_overflow(begin, bytes, offset)) {
    return NULL;
  }
  json_t *shape = item->vector ? json_pack("[I]", (json_int_t)item->cols)
                               : json_pack("[II]", (json_int_t)item->rows, (json_int_t)item->cols);
  return json_pack("{sssos[II]}", "dtype", format_name(item->dtype), "shape", shape, "data_offsets",
                   (json_int_t)begin, (json_int_t)*offset);
}

/* Adds `value`, which it takes, under a key that must be new. */
static Status add_member(json_t *object, const char *key, json_t *value, const char *path,
                         Error *err) {
  if (json_object_get(object, key)) {
    json_decref(value);
    return error_set(err, STATUS_RUN, "%s: '%.200s': would be written twice", path, key);
  }
  if (value && json_object_set_new(object, key, value) == 0) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: '%.200s': is too large or not UTF-8", path, key);
}

static Status add_members(json_t *header, const char *path, const SafetensorsItem *items,
                          size_t count, const TensorMeta *meta, size_t meta_count, Error *err) {
  int64_t offset = 0;
  if (meta_count > 0) {
    json_t *metadata = json_object();
    TRY(add_member(header, "__metadata__", metadata, path, err));
    for (size_t i = 0; i < meta_count; i++) {
      TRY(add_member(metadata, meta[i].key, json_string(meta[i].value), path, err));
    }
  }
  for (size_t i = 0; i < count; i++) {
    TRY(add_member(header, items[i].name, describe_item(&items[i], &offset), path, err));
  }
  return STATUS_OK;
}

/* The length and the header, padded with spaces so that the data begins at a multiple of 8. */
static Status write_header(FILE *out, const json_t *header, const char *path, Error *err) {
  char *text = json_dumps(header, JSON_COMPACT);
  if (!text) return error_set(err, STATUS_RUN, "%s: out of memory: the header", path);
  size_t size = strlen(text);
  size_t padding = (8 - size % 8) % 8;
  uint64_t length = size + padding;
  fwrite(&length, 1, sizeof length, out);
  fwrite(text, 1, size, out);
  fwrite("       ", 1, padding, out);
  free(text);
  return STATUS_OK;
}

/* Writes the data of one item; `path` is for messages. */
static Status write_data(FILE *out, const SafetensorsItem *item, const char *path, Error *err) {
  enum { BLOCK = 4096 };
  unsigned char stored[BLOCK * sizeof(float)];
  float kept[BLOCK]; /* what a reader will see */
  size_t count = (size_t)(item->rows * item->cols);
  for (size_t at = 0; at < count; at += BLOCK) {
    size_t n = count - at < BLOCK ? count - at : BLOCK;
    dtype_narrow(stored, item->data + at, item->dtype, n);
    dtype_widen(kept, stored, item->dtype, n);
    for (size_t i = 0; i < n; i++) {
      if (isfinite(kept[i])) continue;
      return error_set(err, STATUS_RUN, "%s: tensor '%.200s': [%zu, %zu]: %g is not finite in %s",
                       path, item->name, (at + i) / (size_t)item->cols,
                       (at + i) % (size_t)item->cols, (double)item->data[at + i],
                       dtype_name(item->dtype));
    }
    fwrite(stored, dtype_size(item->dtype), n, out);
  }
  return STATUS_OK;
}

Status safetensors_write(const char *path, const SafetensorsItem *items, size_t count,
                         const TensorMeta *meta, size_t meta_count, Error *err) {
  AtomicFile file;
  TRY(atomic_open(&file, path, err));
  json_t *header = json_object();
  Status status = header ? add_members(header, path, items, count, meta, meta_count, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory: the header", path);
  if (status == STATUS_OK) status = write_header(file.stream, header, path, err);
  for (size_t i = 0; i < count && status == STATUS_OK; i++) {
    status = write_data(file.stream, &items[i], path, err);
  }
  json_decref(header);
  if (status == STATUS_OK) return atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}
