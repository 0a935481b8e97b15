#include "data/tensors/safetensors_output.h"

#include <stdlib.h>
#include <string.h>

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

static Status add_metadata(SafetensorsOutput *o, const TensorMeta *meta, size_t count, Error *err) {
  if (!o->header) return error_set(err, STATUS_RUN, "%s: out of memory: the header", o->path);
  if (count == 0) return STATUS_OK;
  json_t *metadata = json_object();
  TRY(add_member(o->header, "__metadata__", metadata, o->path, err));
  for (size_t i = 0; i < count; i++) {
    TRY(add_member(metadata, meta[i].key, json_string(meta[i].value), o->path, err));
  }
  return STATUS_OK;
}

Status safetensors_output_begin(SafetensorsOutput *o, const char *path, const TensorMeta *meta,
                                size_t meta_count, Error *err) {
  *o = (SafetensorsOutput){.path = path};
  TRY(atomic_open(&o->file, path, err));
  o->header = json_object();
  Status status = add_metadata(o, meta, meta_count, err);
  return status == STATUS_OK ? status : safetensors_output_end(o, status, err);
}

Status safetensors_output_describe(SafetensorsOutput *o, const char *name, const char *dtype,
                                   json_t *shape, int64_t bytes, Error *err) {
  int64_t begin = o->offset;
  json_t *entry = NULL;
  if (__builtin_add_overflow(begin, bytes, &o->offset)) {
    json_decref(shape);
  } else {
    entry = json_pack("{sssos[II]}", "dtype", dtype, "shape", shape, "data_offsets",
                      (json_int_t)begin, (json_int_t)o->offset);
  }
  return add_member(o->header, name, entry, o->path, err);
}

Status safetensors_output_header(SafetensorsOutput *o, Error *err) {
  char *text = json_dumps(o->header, JSON_COMPACT);
  if (!text) return error_set(err, STATUS_RUN, "%s: out of memory: the header", o->path);
  size_t size = strlen(text);
  size_t padding = (8 - size % 8) % 8;
  uint64_t length = size + padding;
  fwrite(&length, 1, sizeof length, o->file.stream);
  fwrite(text, 1, size, o->file.stream);
  fwrite("       ", 1, padding, o->file.stream);
  free(text);
  return STATUS_OK;
}

Status safetensors_output_end(SafetensorsOutput *o, Status status, Error *err) {
  json_decref(o->header);
  if (status == STATUS_OK) {
    status = atomic_commit(&o->file, err);
  } else {
    atomic_abort(&o->file);
  }
  *o = (SafetensorsOutput){0};
  return status;
}
