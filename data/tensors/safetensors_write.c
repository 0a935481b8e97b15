#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors.h"
#include "data/tensors/safetensors_header.h"
#include "data/tensors/safetensors_output.h"
#include "data/text/json_put.h"

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

static Status describe_item(SafetensorsOutput *o, const SafetensorsItem *item, Error *err) {
  assert(item->rows >= 0 && item->cols >= 0 && (!item->vector || item->rows == 1));
  int64_t count, bytes;
  json_t *shape = NULL;
  if (__builtin_mul_overflow(item->rows, item->cols, &count) ||
      __builtin_mul_overflow(count, (int64_t)dtype_size(item->dtype), &bytes)) {
    bytes = 0;
  } else {
    shape = item->vector ? json_pack("[I]", (json_int_t)item->cols)
                         : json_pack("[II]", (json_int_t)item->rows, (json_int_t)item->cols);
  }
  return safetensors_output_describe(o, item->name, format_name(item->dtype), shape, bytes, err);
}

Status safetensors_narrow(void *stored, const SafetensorsItem *item, size_t at, size_t n,
                          const char *path, Error *err) {
  assert(n <= SAFETENSORS_BLOCK);
  float kept[SAFETENSORS_BLOCK]; /* what a reader will see */
  dtype_narrow(stored, item->data + at, item->dtype, n);
  dtype_widen(kept, stored, item->dtype, n);
  for (size_t i = 0; i < n; i++) {
    if (isfinite(kept[i])) continue;
    return error_set(err, STATUS_RUN, "%s: tensor '%.200s': [%zu, %zu]: %g is not finite in %s",
                     path, item->name, (at + i) / (size_t)item->cols, (at + i) % (size_t)item->cols,
                     (double)item->data[at + i], dtype_name(item->dtype));
  }
  return STATUS_OK;
}

/* Writes the data of one item; `path` is for messages. */
static Status write_data(FILE *out, const SafetensorsItem *item, const char *path, Error *err) {
  unsigned char stored[SAFETENSORS_BLOCK * sizeof(float)];
  size_t count = (size_t)(item->rows * item->cols);
  for (size_t at = 0; at < count; at += SAFETENSORS_BLOCK) {
    size_t n = count - at < SAFETENSORS_BLOCK ? count - at : SAFETENSORS_BLOCK;
    TRY(safetensors_narrow(stored, item, at, n, path, err));
    fwrite(stored, dtype_size(item->dtype), n, out);
  }
  return STATUS_OK;
}

static Status write_items(SafetensorsOutput *o, const SafetensorsItem *items, size_t count,
                          Error *err) {
  for (size_t i = 0; i < count; i++) TRY(describe_item(o, &items[i], err));
  TRY(safetensors_output_header(o, err));
  for (size_t i = 0; i < count; i++) TRY(write_data(o->file.stream, &items[i], o->path, err));
  return STATUS_OK;
}

Status safetensors_write(const char *path, const SafetensorsItem *items, size_t count,
                         const TensorMeta *meta, size_t meta_count, Error *err) {
  SafetensorsOutput out;
  TRY(safetensors_output_begin(&out, path, meta, meta_count, err));
  return safetensors_output_end(&out, write_items(&out, items, count, err), err);
}

/* Entries as they are. */

static Status describe_entry(SafetensorsOutput *o, const TensorEntry *e, Error *err) {
  json_t *shape = json_array();
  for (int i = 0; i < e->rank; i++) json_push(&shape, json_integer(e->shape[i]));
  return safetensors_output_describe(o, e->name, e->dtype, shape, (int64_t)e->size, err);
}

static int compare_entries(const void *a, const void *b) {
  const TensorEntry *x = *(const TensorEntry *const *)a, *y = *(const TensorEntry *const *)b;
  int first = safetensors_dtype_place(x->dtype) - safetensors_dtype_place(y->dtype);
  return first ? first : strcmp(x->name, y->name);
}

static Status write_entries(SafetensorsOutput *o, const TensorEntry *const *entry, size_t count,
                            Error *err) {
  for (size_t i = 0; i < count; i++) TRY(describe_entry(o, entry[i], err));
  TRY(safetensors_output_header(o, err));
  for (size_t i = 0; i < count; i++) fwrite(entry[i]->data, 1, entry[i]->size, o->file.stream);
  return STATUS_OK;
}

Status safetensors_write_entries(const char *path, const TensorEntry **entry, size_t count,
                                 const TensorMeta *meta, size_t meta_count, Error *err) {
  SafetensorsOutput out;
  TRY(safetensors_output_begin(&out, path, meta, meta_count, err));
  if (count > 0) qsort(entry, count, sizeof *entry, compare_entries);
  return safetensors_output_end(&out, write_entries(&out, entry, count, err), err);
}
