#include "data/tensors/safetensors_header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/text/json.h"
#include "data/text/json_walk.h"

typedef struct DtypeBits {
  const char *name;
  int bits;
} DtypeBits;

/* In the order in which safetensors' own writer puts the tensors of a file (0.8). */
static const DtypeBits DTYPES[] = {
    {"U64", 64},    {"I64", 64},        {"F64", 64},        {"C64", 64},    {"F32", 32},
    {"U32", 32},    {"I32", 32},        {"BF16", 16},       {"F16", 16},    {"U16", 16},
    {"I16", 16},    {"F8_E5M2FNUZ", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E8M0", 8}, {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"I8", 8},          {"U8", 8},          {"F6_E3M2", 6}, {"F6_E2M3", 6},
    {"F4", 4},      {"BOOL", 8},
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

static const DtypeBits *find_dtype(const char *name, size_t size) {
  for (size_t i = 0; i < sizeof DTYPES / sizeof DTYPES[0]; i++) {
    if (strlen(DTYPES[i].name) == size && memcmp(DTYPES[i].name, name, size) == 0) {
      return &DTYPES[i];
    }
  }
  return NULL;
}

int safetensors_dtype_place(const char *name) {
  const DtypeBits *found = find_dtype(name, strlen(name));
  return found ? (int)(found - DTYPES) : (int)(sizeof DTYPES / sizeof *DTYPES);
}

static Status read_dtype(const json_t *value, const Place *p, const DtypeBits **dtype, Error *err) {
  const char *name = json_string_value(value);
  if (!name) {
    return error_set(err, STATUS_INPUT, TENSOR "dtype: got %s, want a string", p->file, p->name,
                     json_kind(value));
  }
  *dtype = find_dtype(name, strlen(name));
  if (*dtype) return STATUS_OK;
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

/* One more dimension of the shape, and of *count, the number of elements. */
static Status add_dimension(TensorEntry *e, int64_t size, const Place *p, int64_t *count,
                            Error *err) {
  e->shape[e->rank++] = size;
  if (!__builtin_mul_overflow(*count, size, count)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, TENSOR "shape: the number of elements overflows", p->file,
                   p->name);
}

static Status read_shape(TensorEntry *e, const json_t *value, const Place *p, int64_t *count,
                         Error *err) {
  if (!json_is_array(value)) {
    return error_set(err, STATUS_INPUT, TENSOR "shape: got %s, want an array", p->file, p->name,
                     json_kind(value));
  }
  if (json_array_size(value) > TENSOR_RANK) {
    return error_set(err, STATUS_INPUT, TENSOR "shape: has %zu dimensions, at most %d are accepted",
                     p->file, p->name, json_array_size(value), TENSOR_RANK);
  }
  for (size_t i = 0; i < json_array_size(value); i++) {
    int64_t size;
    TRY(read_count(value, i, "shape", p, &size, err));
    TRY(add_dimension(e, size, p, count, err));
  }
  return STATUS_OK;
}

/* Fills data and size. */
static Status set_range(TensorEntry *e, int64_t begin, int64_t end, const Place *p, Error *err) {
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

static Status read_range(TensorEntry *e, const json_t *value, const Place *p, Error *err) {
  int64_t begin = 0, end = 0;
  if (!json_is_array(value) || json_array_size(value) != 2) {
    return error_set(err, STATUS_INPUT, TENSOR "data_offsets: want two integers [begin, end]",
                     p->file, p->name);
  }
  TRY(read_count(value, 0, "data_offsets", p, &begin, err));
  TRY(read_count(value, 1, "data_offsets", p, &end, err));
  return set_range(e, begin, end, p, err);
}

/* Fills dtype; `count` elements of it are as many bits as the range has. */
static Status set_dtype(TensorEntry *e, const DtypeBits *dtype, int64_t count, const Place *p,
                        Error *err) {
  int64_t total;
  strcpy(e->dtype, dtype->name);
  if (__builtin_mul_overflow(count, (int64_t)dtype->bits, &total)) {
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

enum { FIELD_DTYPE, FIELD_SHAPE, FIELD_RANGE, FIELDS };
static const char *const FIELD_NAMES[FIELDS] = {"dtype", "shape", "data_offsets"};

static bool is_field(const char *key) {
  int i = 0;
  while (i < FIELDS && strcmp(key, FIELD_NAMES[i]) != 0) i++;
  return i < FIELDS;
}

/* An entry is an object with its fields and no others. */
static Status check_fields(json_t *fields, const Place *p, Error *err) {
  if (!json_is_object(fields)) {
    return error_set(err, STATUS_INPUT, TENSOR "got %s, want an object", p->file, p->name,
                     json_kind(fields));
  }
  for (int i = 0; i < FIELDS; i++) {
    if (json_object_get(fields, FIELD_NAMES[i])) continue;
    return error_set(err, STATUS_INPUT, TENSOR "%s: is missing", p->file, p->name, FIELD_NAMES[i]);
  }
  for (void *at = json_object_iter(fields); at; at = json_object_iter_next(fields, at)) {
    const char *key = json_object_iter_key(at);
    if (is_field(key)) continue;
    return error_set(err, STATUS_INPUT, TENSOR "%.200s: is not a field of a tensor", p->file,
                     p->name, key);
  }
  return STATUS_OK;
}

static Status read_fields(TensorEntry *e, json_t *fields, const Place *p, Error *err) {
  int64_t count = 1;
  const DtypeBits *dtype = NULL;
  TRY(check_fields(fields, p, err));
  TRY(read_dtype(json_object_get(fields, FIELD_NAMES[FIELD_DTYPE]), p, &dtype, err));
  TRY(read_shape(e, json_object_get(fields, FIELD_NAMES[FIELD_SHAPE]), p, &count, err));
  TRY(read_range(e, json_object_get(fields, FIELD_NAMES[FIELD_RANGE]), p, err));
  return set_dtype(e, dtype, count, p, err);
}

/* The fields of an entry as nearly all writers put them: in this order, in plain JSON. */
typedef struct PlainFields {
  const DtypeBits *dtype;
  int64_t shape[TENSOR_RANK], range[2];
  int rank, ends;
} PlainFields;

static bool plain_key(JsonWalk *w, const char *key) {
  const char *text;
  size_t size;
  return json_walk_plain_text(w, &text, &size) && size == strlen(key) &&
         memcmp(text, key, size) == 0 && json_walk_mark(w, ':');
}

static bool plain_dtype(JsonWalk *w, const DtypeBits **dtype) {
  const char *text;
  size_t size;
  if (!json_walk_plain_text(w, &text, &size)) return false;
  *dtype = find_dtype(text, size);
  return *dtype != NULL;
}

static bool plain_counts(JsonWalk *w, int64_t *count, int most, int *n) {
  *n = 0;
  if (!json_walk_mark(w, '[')) return false;
  if (json_walk_mark(w, ']')) return true;
  do {
    if (*n == most || !json_walk_plain_count(w, &count[(*n)++])) return false;
  } while (json_walk_mark(w, ','));
  return json_walk_mark(w, ']');
}

/* False leaves the walk where it is, for jansson to read or to refuse. */
static bool read_plain(JsonWalk *walk, PlainFields *f) {
  JsonWalk w = *walk;
  if (!json_walk_mark(&w, '{')) return false;
  if (!plain_key(&w, FIELD_NAMES[FIELD_DTYPE]) || !plain_dtype(&w, &f->dtype)) return false;
  if (!json_walk_mark(&w, ',') || !plain_key(&w, FIELD_NAMES[FIELD_SHAPE])) return false;
  if (!plain_counts(&w, f->shape, TENSOR_RANK, &f->rank)) return false;
  if (!json_walk_mark(&w, ',') || !plain_key(&w, FIELD_NAMES[FIELD_RANGE])) return false;
  if (!plain_counts(&w, f->range, 2, &f->ends) || f->ends < 2) return false;
  if (!json_walk_mark(&w, '}')) return false;
  *walk = w;
  return true;
}

static Status take_plain(TensorEntry *e, const PlainFields *f, const Place *p, Error *err) {
  int64_t count = 1;
  for (int i = 0; i < f->rank; i++) TRY(add_dimension(e, f->shape[i], p, &count, err));
  TRY(set_range(e, f->range[0], f->range[1], p, err));
  return set_dtype(e, f->dtype, count, p, err);
}

/* Takes `name`. */
static Status read_entry(TensorTable *s, char *name, JsonWalk *walk, Error *err) {
  TensorEntry *grown = array_grow(s->entry, s->count, 1, sizeof *grown);
  if (!grown) {
    free(name);
    return error_set(err, STATUS_RUN, "%s: out of memory: the header", s->file.path);
  }
  s->entry = grown;
  TensorEntry *e = &s->entry[s->count++];
  *e = (TensorEntry){.name = name};
  size_t data_at = walk->origin + walk->size;
  Place place = {s->file.path, name, s->file.data + data_at, (int64_t)(s->file.size - data_at),
                 data_at};
  if (name[0] == '\0') {
    return error_set(err, STATUS_INPUT, "%s: byte %zu: a tensor without a name", s->file.path,
                     walk->origin + walk->at);
  }
  PlainFields plain;
  if (read_plain(walk, &plain)) return take_plain(e, &plain, &place, err);
  json_t *fields = NULL;
  TRY(json_walk_value(walk, &fields, err));
  Status status = read_fields(e, fields, &place, err);
  json_decref(fields);
  return status;
}

/* Takes `key`. */
static Status read_meta(TensorTable *s, char *key, JsonWalk *walk, Error *err) {
  TensorMeta *grown = array_grow(s->meta, s->meta_count, 1, sizeof *grown);
  if (!grown) {
    free(key);
    return error_set(err, STATUS_RUN, "%s: out of memory: the header", s->file.path);
  }
  s->meta = grown;
  TensorMeta *m = &s->meta[s->meta_count++];
  *m = (TensorMeta){.key = key};
  json_t *value = NULL;
  TRY(json_walk_value(walk, &value, err));
  Status status = STATUS_OK;
  if (!json_is_string(value)) {
    status = error_set(err, STATUS_INPUT, "%s: __metadata__: '%.200s': got %s, want a string",
                       s->file.path, key, json_kind(value));
  } else if (!(m->value = strdup(json_string_value(value)))) {
    status = error_set(err, STATUS_RUN, "%s: out of memory: the header", s->file.path);
  }
  json_decref(value);
  return status;
}

/* What comes next begins as null. */
static bool null_is_next(const JsonWalk *walk) {
  size_t at = walk->at;
  while (at < walk->size && strchr(" \t\r\n", walk->text[at]) && walk->text[at]) at++;
  return at < walk->size && walk->text[at] == 'n';
}

/* Null is read as none, as the Rust crate does. */
static Status read_metadata(TensorTable *s, JsonWalk *walk, Error *err) {
  char *key;
  if (null_is_next(walk)) {
    json_t *null = NULL;
    TRY(json_walk_value(walk, &null, err));
    json_decref(null);
    return STATUS_OK;
  }
  TRY(json_walk_enter(walk, err));
  for (;;) {
    TRY(json_walk_key(walk, &key, err));
    if (!key) return STATUS_OK;
    TRY(read_meta(s, key, walk, err));
  }
}

Status safetensors_read_header(TensorTable *s, size_t size, Error *err) {
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
