#include "data/safetensors_header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/json_walk.h"

typedef struct DtypeBits {
  const char *name;
  int bits;
} DtypeBits;

static const DtypeBits DTYPES[] = {
    {"F32", 32},        {"BF16", 16},       {"F16", 16},    {"F64", 64},    {"C64", 64},
    {"I64", 64},        {"I32", 32},        {"I16", 16},    {"I8", 8},      {"U64", 64},
    {"U32", 32},        {"U16", 16},        {"U8", 8},      {"BOOL", 8},    {"F8_E4M3", 8},
    {"F8_E5M2", 8},     {"F8_E8M0", 8},     {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
    {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
};

/* What the fields of an entry are checked against, and how errors name it. */
typedef struct Place {
  const char *file;
  const char *name;          /* of the tensor */
  const unsigned char *data; /* of all tensors */
  int64_t data_size;
  size_t data_at; /* where `data` is in the file */
} Place;

/* Names may be as long as the header; messages show their beginning. */
#define TENSOR "%s: tensor '%.200s': "

/* Fills dtype, and *bits with the size of an element. */
static Status read_dtype(SafetensorsEntry *e, const json_t *value, const Place *p, int *bits,
                         Error *err) {
  const char *name = json_string_value(value);
  if (!name) {
    return error_set(err, STATUS_INPUT, TENSOR "dtype: got %s, want a string", p->file, p->name,
                     json_kind(value));
  }
  for (size_t i = 0; i < sizeof DTYPES / sizeof DTYPES[0]; i++) {
    if (strcmp(DTYPES[i].name, name) != 0) continue;
    strcpy(e->dtype, name);
    *bits = DTYPES[i].bits;
    return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT, TENSOR "dtype: '%.40s' is unknown", p->file, p->name, name);
}

/* Element i of an array, a non-negative integer. */
static Status read_count(const json_t *array, size_t i, const char *field, const Place *p,
                         int64_t *out, Error *err) {
  const json_t *value = json_array_get(array, i);
  if (!json_is_integer(value)) {
    return error_set(err, STATUS_INPUT, TENSOR "%s[%zu]: got %s, want an integer", p->file, p->name,
                     field, i, json_kind(value));
  }
  *out = json_integer_value(value);
  if (*out >= 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, TENSOR "%s[%zu]: is negative (%" PRId64 ")", p->file, p->name,
                   field, i, *out);
}

/* Fills rank and shape, and *count with the number of elements. */
static Status read_shape(SafetensorsEntry *e, const json_t *value, const Place *p, int64_t *count,
                         Error *err) {
  if (!json_is_array(value)) {
    return error_set(err, STATUS_INPUT, TENSOR "shape: got %s, want an array", p->file, p->name,
                     json_kind(value));
  }
  if (json_array_size(value) > SAFETENSORS_RANK) {
    return error_set(err, STATUS_INPUT, TENSOR "shape: has %zu dimensions, at most %d are accepted",
                     p->file, p->name, json_array_size(value), SAFETENSORS_RANK);
  }
  e->rank = (int)json_array_size(value);
  *count = 1;
  for (int i = 0; i < e->rank; i++) {
    TRY(read_count(value, (size_t)i, "shape", p, &e->shape[i], err));
    if (__builtin_mul_overflow(*count, e->shape[i], count)) {
      return error_set(err, STATUS_INPUT, TENSOR "shape: the number of elements overflows", p->file,
                       p->name);
    }
  }
  return STATUS_OK;
}

/* Fills data and size. */
static Status read_range(SafetensorsEntry *e, const json_t *value, const Place *p, Error *err) {
  int64_t begin = 0, end = 0;
  if (!json_is_array(value) || json_array_size(value) != 2) {
    return error_set(err, STATUS_INPUT, TENSOR "data_offsets: want two integers [begin, end]",
                     p->file, p->name);
  }
  TRY(read_count(value, 0, "data_offsets", p, &begin, err));
  TRY(read_count(value, 1, "data_offsets", p, &end, err));
  if (begin > end) {
    return error_set(err, STATUS_INPUT,
                     TENSOR "data_offsets: begin %" PRId64 " is after end %" PRId64, p->file,
                     p->name, begin, end);
  }
  if (end > p->data_size) {
    return error_set(err, STATUS_INPUT,
                     TENSOR "data_offsets: the file is truncated: data ends at %" PRId64
                            ", the file holds %" PRId64 " bytes of data (from byte %zu)",
                     p->file, p->name, end, p->data_size, p->data_at);
  }
  e->data = p->data + begin;
  e->size = (size_t)(end - begin);
  return STATUS_OK;
}

/* count * bits is as many bits as the range has. */
static Status check_size(const SafetensorsEntry *e, int64_t count, int bits, const Place *p,
                         Error *err) {
  int64_t total;
  if (__builtin_mul_overflow(count, (int64_t)bits, &total)) {
    return error_set(err, STATUS_INPUT, TENSOR "shape: the number of bytes overflows", p->file,
                     p->name);
  }
  if (total % 8 != 0) {
    return error_set(err, STATUS_INPUT,
                     TENSOR "shape: %" PRId64 " elements of %s are no whole bytes", p->file,
                     p->name, count, e->dtype);
  }
  if ((size_t)(total / 8) != e->size) {
    return error_set(err, STATUS_INPUT,
                     TENSOR "data_offsets: span %zu bytes, shape and dtype need %" PRId64, p->file,
                     p->name, e->size, total / 8);
  }
  return STATUS_OK;
}

static Status read_fields(SafetensorsEntry *e, json_t *fields, const Place *p, Error *err) {
  static const char *const names[] = {"dtype", "shape", "data_offsets"};
  if (!json_is_object(fields)) {
    return error_set(err, STATUS_INPUT, TENSOR "got %s, want an object", p->file, p->name,
                     json_kind(fields));
  }
  for (int i = 0; i < 3; i++) {
    if (json_object_get(fields, names[i])) continue;
    return error_set(err, STATUS_INPUT, TENSOR "%s: is missing", p->file, p->name, names[i]);
  }
  for (void *at = json_object_iter(fields); at; at = json_object_iter_next(fields, at)) {
    const char *key = json_object_iter_key(at);
    if (strcmp(key, names[0]) == 0 || strcmp(key, names[1]) == 0 || strcmp(key, names[2]) == 0) {
      continue;
    }
    return error_set(err, STATUS_INPUT, TENSOR "%.200s: is not a field of a tensor", p->file,
                     p->name, key);
  }
  int64_t count = 0;
  int bits = 0;
  TRY(read_dtype(e, json_object_get(fields, names[0]), p, &bits, err));
  TRY(read_shape(e, json_object_get(fields, names[1]), p, &count, err));
  TRY(read_range(e, json_object_get(fields, names[2]), p, err));
  return check_size(e, count, bits, p, err);
}

/* Room for one more element of `size` bytes behind `count` of them. The capacity is the power of
 * two that holds them, so it need not be kept. NULL when out of memory. */
static void *grow(void *array, size_t count, size_t size) {
  bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, ... */
  return full ? reallocarray(array, count ? 2 * count : 1, size) : array;
}

/* Takes `name`. */
static Status read_entry(Safetensors *s, char *name, JsonWalk *walk, Error *err) {
  SafetensorsEntry *grown = grow(s->entry, s->count, sizeof *grown);
  if (!grown) {
    free(name);
    return error_set(err, STATUS_RUN, "%s: no memory for the header", s->file.path);
  }
  s->entry = grown;
  SafetensorsEntry *e = &s->entry[s->count++];
  *e = (SafetensorsEntry){.name = name};
  size_t data_at = walk->origin + walk->size;
  Place place = {s->file.path, name, s->file.data + data_at, (int64_t)(s->file.size - data_at),
                 data_at};
  if (name[0] == '\0') {
    return error_set(err, STATUS_INPUT, "%s: byte %zu: a tensor without a name", s->file.path,
                     walk->origin + walk->at);
  }
  json_t *fields = NULL;
  TRY(json_walk_value(walk, &fields, err));
  Status status = read_fields(e, fields, &place, err);
  json_decref(fields);
  return status;
}

/* Takes `key`. */
static Status read_meta(Safetensors *s, char *key, JsonWalk *walk, Error *err) {
  SafetensorsMeta *grown = grow(s->meta, s->meta_count, sizeof *grown);
  if (!grown) {
    free(key);
    return error_set(err, STATUS_RUN, "%s: no memory for the header", s->file.path);
  }
  s->meta = grown;
  SafetensorsMeta *m = &s->meta[s->meta_count++];
  *m = (SafetensorsMeta){.key = key};
  json_t *value = NULL;
  TRY(json_walk_value(walk, &value, err));
  Status status = STATUS_OK;
  if (!json_is_string(value)) {
    status = error_set(err, STATUS_INPUT, "%s: __metadata__: '%.200s': got %s, want a string",
                       s->file.path, key, json_kind(value));
  } else if (!(m->value = strdup(json_string_value(value)))) {
    status = error_set(err, STATUS_RUN, "%s: no memory for the header", s->file.path);
  }
  json_decref(value);
  return status;
}

static Status read_metadata(Safetensors *s, JsonWalk *walk, Error *err) {
  char *key;
  TRY(json_walk_enter(walk, err));
  for (;;) {
    TRY(json_walk_key(walk, &key, err));
    if (!key) return STATUS_OK;
    TRY(read_meta(s, key, walk, err));
  }
}

Status safetensors_read_header(Safetensors *s, size_t size, Error *err) {
  JsonWalk walk = {.file = s->file.path,
                   .origin = SAFETENSORS_LENGTH,
                   .text = (const char *)s->file.data + SAFETENSORS_LENGTH,
                   .size = size};
  bool metadata = false;
  char *key;
  TRY(json_walk_enter(&walk, err));
  for (;;) {
    TRY(json_walk_key(&walk, &key, err));
    if (!key) return json_walk_end(&walk, err);
    if (strcmp(key, "__metadata__") != 0) {
      TRY(read_entry(s, key, &walk, err));
      continue;
    }
    free(key);
    if (metadata)
      return error_set(err, STATUS_INPUT, "%s: __metadata__: appears twice", s->file.path);
    metadata = true;
    TRY(read_metadata(s, &walk, err));
  }
}
