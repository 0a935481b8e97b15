/* Files of vectors as other programs write them. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/weights.h"
#include "data/text/json.h"
#include "infer/embed/embeddings.h"

#define METADATA "__metadata__"

enum { JSON_MOST = 1 << 30 };

/* ---- what the file is, and whose ---- */

typedef enum FileForm { FORM_TENSORS, FORM_JSON } FileForm;

static Status look_at(const char *path, FileForm *form, Error *err) {
  MappedFile f;
  TRY(mapped_open(&f, path, err));
  Status status = STATUS_OK;
  *form = tensor_table_begins(&f) ? FORM_TENSORS : FORM_JSON;
  const char *kind = *form == FORM_JSON ? file_kind(f.data, f.size) : NULL;
  if (kind && f.data[0] != '{') {
    status =
        error_set(err, STATUS_INPUT,
                  "%s: is %s; wanted are safetensors, a PyTorch file or JSON with a vector a name",
                  path, kind);
  }
  mapped_close(&f);
  return status;
}

/* Settles the embedder's name from what the file declares (NULL: nothing) and the user says. */
static Status settle_name(const char *path, const char *declared, const char *said,
                          char name[EMBEDDER_NAME], Error *err) {
  char hash[HASH_HEX];
  if (declared) TRY(embedder_name_check(declared, path, err));
  if (said) TRY(embedder_name_check(said, path, err));
  if (declared && said && strcmp(declared, said) != 0) {
    return error_set(err, STATUS_MISMATCH, "%s: declares the embedder '%s', not '%s'", path,
                     declared, said);
  }
  if (declared || said) {
    snprintf(name, EMBEDDER_NAME, "%s", declared ? declared : said);
    return STATUS_OK;
  }
  TRY(hash_file(path, hash, err));
  snprintf(name, EMBEDDER_NAME, "precomputed-%.12s", hash);
  return STATUS_OK;
}

static Status two_lengths(const char *path, const char *name, int64_t length, const char *first,
                          int64_t first_length, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: '%.80s': has %" PRId64 " numbers and '%.80s' has %" PRId64
                   "; the embeddings of a file have one dimension",
                   path, name, length, first, first_length);
}

static Status not_finite(const char *path, const char *name, int64_t at, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: '%.80s': [%" PRId64 "]: is not a finite f32", path, name,
                   at);
}

static Status copy_name(Embeddings *e, int64_t row, const char *name, Error *err) {
  e->name[row] = strdup(name);
  return e->name[row] ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: embeddings");
}

/* ---- files of tensors ---- */

static Status copy_tensor(Embeddings *e, int64_t row, const char *path, Weights *w, Error *err) {
  const TensorEntry *entry = weights_entry(w, (size_t)row);
  Tensor view;
  if (entry->rank != 1) {
    return error_set(err, STATUS_INPUT, "%s: '%.80s': has rank %d, want a vector (rank 1)", path,
                     entry->name, entry->rank);
  }
  TRY(weights_get(w, entry->name, 1, -1, &view, err));
  if (view.cols != e->dim)
    return two_lengths(path, entry->name, view.cols, weights_entry(w, 0)->name, e->dim, err);
  TRY(copy_name(e, row, entry->name, err));
  float *to = e->vector + row * e->dim;
  dtype_widen(to, view.store, view.dtype, (size_t)e->dim);
  for (int64_t i = 0; i < e->dim; i++) {
    if (!isfinite(to[i])) return not_finite(path, entry->name, i, err);
  }
  return STATUS_OK;
}

static Status import_tensors(Embeddings *e, Weights *w, const char *path, const char *said,
                             Error *err) {
  char name[EMBEDDER_NAME];
  int64_t count = (int64_t)weights_count(w);
  TRY(settle_name(path, weights_meta(w, "embedder"), said, name, err));
  if (count == 0) return error_set(err, STATUS_INPUT, "%s: holds no vectors", path);
  const TensorEntry *first = weights_entry(w, 0);
  TRY(embeddings_new(e, name, count, first->rank == 1 ? first->shape[0] : 0, err));
  for (int64_t i = 0; i < count; i++) TRY(copy_tensor(e, i, path, w, err));
  return STATUS_OK;
}

static Status import_own(Embeddings *e, const char *path, const char *said, Error *err) {
  char name[EMBEDDER_NAME];
  TRY(embeddings_read(e, path, err));
  return settle_name(path, e->embedder, said, name, err);
}

static Status import_file(Embeddings *e, const char *path, const char *said, Error *err) {
  Weights *w;
  TRY(weights_open(&w, path, err));
  const char *format = weights_meta(w, "format");
  bool own = format && strcmp(format, "skein-embeddings") == 0;
  Status status = own ? STATUS_OK : import_tensors(e, w, path, said, err);
  weights_close(w);
  return own ? import_own(e, path, said, err) : status;
}

/* ---- JSON ---- */

static Status copy_list(Embeddings *e, int64_t row, const char *path, const char *name,
                        const json_t *list, const char *first, Error *err) {
  if (!json_is_array(list)) {
    return error_set(err, STATUS_INPUT, "%s: '%.80s': is %s, want a list of numbers", path, name,
                     json_kind(list));
  }
  int64_t length = (int64_t)json_array_size(list);
  if (length != e->dim) return two_lengths(path, name, length, first, e->dim, err);
  TRY(copy_name(e, row, name, err));
  for (int64_t i = 0; i < length; i++) {
    const json_t *number = json_array_get(list, (size_t)i);
    if (!json_is_number(number)) {
      return error_set(err, STATUS_INPUT, "%s: '%.80s': [%" PRId64 "]: is %s, want a number", path,
                       name, i, json_kind(number));
    }
    double value = json_number_value(number);
    if (!(fabs(value) <= (double)FLT_MAX)) return not_finite(path, name, i, err);
    e->vector[row * e->dim + i] = (float)value;
  }
  return STATUS_OK;
}

/* The embedder that the document declares (NULL: none), which is then taken out of it. */
static Status take_metadata(JsonDoc *doc, char **declared, Error *err) {
  json_t *meta = json_object_get(doc->root, METADATA);
  json_t *name = json_object_get(meta, "embedder");
  *declared = NULL;
  if (meta && !json_is_object(meta)) {
    return error_set(err, STATUS_INPUT, "%s: " METADATA ": is %s, want an object", doc->file,
                     json_kind(meta));
  }
  if (name && !json_is_string(name)) {
    return error_set(err, STATUS_INPUT, "%s: " METADATA ": embedder: is %s, want a string",
                     doc->file, json_kind(name));
  }
  if (name && !(*declared = strdup(json_string_value(name)))) {
    return error_set(err, STATUS_RUN, "out of memory: embeddings");
  }
  json_object_del(doc->root, METADATA);
  return STATUS_OK;
}

static Status import_object(Embeddings *e, json_t *object, const char *path, const char *name,
                            Error *err) {
  int64_t count = (int64_t)json_object_size(object), row = 0;
  const char *key, *first = NULL;
  json_t *list;
  if (count == 0) return error_set(err, STATUS_INPUT, "%s: holds no vectors", path);
  json_object_foreach(object, key, list) {
    if (!first) {
      first = key;
      size_t dim = json_array_size(list);
      if (json_is_array(list) && dim == 0) {
        return error_set(err, STATUS_INPUT, "%s: '%.80s': is an empty list", path, key);
      }
      TRY(embeddings_new(e, name, count, (int64_t)dim, err));
    }
    TRY(copy_list(e, row++, path, key, list, first, err));
  }
  return STATUS_OK;
}

static Status import_json(Embeddings *e, const char *path, const char *said, Error *err) {
  JsonDoc doc = {0};
  char *declared = NULL, name[EMBEDDER_NAME];
  TRY(json_parse_file(&doc, path, JSON_MOST, err));
  Status status = STATUS_OK;
  if (!json_is_object(doc.root)) {
    status = error_set(err, STATUS_INPUT, "%s: is %s, want an object of vectors by name", path,
                       json_kind(doc.root));
  }
  if (status == STATUS_OK) status = take_metadata(&doc, &declared, err);
  if (status == STATUS_OK) status = settle_name(path, declared, said, name, err);
  if (status == STATUS_OK) status = import_object(e, doc.root, path, name, err);
  free(declared);
  json_free(&doc);
  return status;
}

Status embeddings_import(Embeddings *e, const char *path, const char *embedder, Error *err) {
  FileForm form;
  *e = (Embeddings){0};
  TRY(look_at(path, &form, err));
  Status status =
      form == FORM_JSON ? import_json(e, path, embedder, err) : import_file(e, path, embedder, err);
  if (status != STATUS_OK) embeddings_free(e);
  return status;
}
