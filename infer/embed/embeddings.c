/* Named vectors of one embedder, and their file. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "infer/embed/embeddings.h"

#define FORMAT  "skein-embeddings"
#define VERSION "1"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: embeddings");
}

Status embeddings_new(Embeddings *e, const char *embedder, int64_t count, int64_t dim, Error *err) {
  *e = (Embeddings){.embedder = strdup(embedder),
                    .name = calloc((size_t)count, sizeof *e->name),
                    .count = count,
                    .dim = dim};
  size_t cells;
  if (!__builtin_mul_overflow((size_t)count, (size_t)dim, &cells)) {
    e->vector = calloc(cells, sizeof *e->vector);
  }
  if (e->embedder && e->name && e->vector) return STATUS_OK;
  embeddings_free(e);
  return no_memory(err);
}

void embeddings_free(Embeddings *e) {
  for (int64_t i = 0; e->name && i < e->count; i++) free(e->name[i]);
  free(e->name);
  free(e->vector);
  free(e->text);
  free(e->prefix);
  free(e->embedder);
  *e = (Embeddings){0};
}

int64_t embeddings_find(const Embeddings *e, const char *name) {
  for (int64_t i = 0; i < e->count; i++) {
    if (strcmp(e->name[i], name) == 0) return i;
  }
  return -1;
}

char *embeddings_path(const char *pool_dir, const char *embedder, bool examples) {
  static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const char *prefix = examples ? "examples-" : "";
  char *path;
  if (asprintf(&path, "%s" PATH_MARK "embeddings/%s%s.safetensors", pool_dir, prefix, embedder) < 0)
    return NULL;
  char *name = path + strlen(path) - strlen(".safetensors") - strlen(embedder);
  for (size_t i = 0; i < strlen(embedder); i++) {
    if (!strchr(PLAIN, name[i]) || (i == 0 && name[i] == '.')) name[i] = '_';
  }
  return path;
}

Status embed_text_hash(const char *text, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  hash_add(hash, text, strlen(text));
  hash_finish(hash, hex);
  return STATUS_OK;
}

Status embedder_name_check(const char *name, const char *file, Error *err) {
  size_t size = strlen(name);
  if (size > 0 && size < EMBEDDER_NAME) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: embedder: its name has %zu bytes, want 1 to %d", file,
                   size, EMBEDDER_NAME - 1);
}

/* ---- writing ---- */

/* A JSON list of the rows' names or of the hashes of their texts; the caller frees. */
static char *list_text(const Embeddings *e, bool texts) {
  json_t *list = json_array();
  for (int64_t i = 0; i < e->count; i++)
    json_push(&list, json_string(texts ? e->text[i] : e->name[i]));
  char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;
  json_decref(list);
  return text;
}

Status embeddings_write(const Embeddings *e, const char *path, Error *err) {
  char *names = list_text(e, false), *texts = e->text ? list_text(e, true) : NULL;
  Status status = names && (texts || !e->text)
                      ? STATUS_OK
                      : error_set(err, STATUS_INPUT, "%s: a name is not UTF-8", path);
  SafetensorsItem item = {"embeddings", DTYPE_F32, e->vector, e->count, e->dim, false};
  TensorMeta meta[6] = {
      {"format", FORMAT}, {"version", VERSION}, {"embedder", e->embedder}, {"names", names}};
  size_t count = 4;
  if (texts) meta[count++] = (TensorMeta){"texts", texts};
  if (e->prefix) meta[count++] = (TensorMeta){"prefix", e->prefix};
  if (status == STATUS_OK) status = safetensors_write(path, &item, 1, meta, count, err);
  free(names);
  free(texts);
  return status;
}

/* ---- reading ---- */

static Status meta_get(const Weights *w, const char *path, const char *key, const char **value,
                       Error *err) {
  *value = weights_meta(w, key);
  if (*value) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: __metadata__: %s: is missing; not a file of skein embed?", path, key);
}

static Status meta_is(const Weights *w, const char *path, const char *key, const char *want,
                      Error *err) {
  const char *value;
  TRY(meta_get(w, path, key, &value, err));
  if (strcmp(value, want) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is \"%.80s\", want \"%s\"", path, key,
                   value, want);
}

/* Parses a list of `count` strings. */
static Status parse_list(JsonDoc *doc, const char *path, const char *key, const char *text,
                         int64_t count, Error *err) {
  *doc = (JsonDoc){.file = path};
  Error why = {0};
  if (json_parse(doc, text, strlen(text), &why) != STATUS_OK) {
    return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is not JSON", path, key);
  }
  bool right = json_is_array(doc->root) && json_array_size(doc->root) == (size_t)count;
  for (size_t i = 0; right && i < (size_t)count; i++) {
    right = json_is_string(json_array_get(doc->root, i));
  }
  if (right) return STATUS_OK;
  json_free(doc);
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: want a list of %" PRId64 " texts",
                   path, key, count);
}

static Status read_names(Embeddings *e, const Weights *w, const char *path, Error *err) {
  const char *text;
  JsonDoc doc;
  TRY(meta_get(w, path, "names", &text, err));
  TRY(parse_list(&doc, path, "names", text, e->count, err));
  Status status = STATUS_OK;
  for (int64_t i = 0; i < e->count && status == STATUS_OK; i++) {
    e->name[i] = strdup(json_string_value(json_array_get(doc.root, (size_t)i)));
    if (!e->name[i]) status = no_memory(err);
  }
  json_free(&doc);
  return status;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static Status check_names(const Embeddings *e, const char *path, Error *err) {
  char **sorted = calloc((size_t)e->count, sizeof *sorted);
  if (!sorted) return no_memory(err);
  memcpy(sorted, e->name, (size_t)e->count * sizeof *sorted);
  qsort(sorted, (size_t)e->count, sizeof *sorted, by_text);
  Status status = STATUS_OK;
  for (int64_t i = 1; i < e->count && status == STATUS_OK; i++) {
    if (strcmp(sorted[i - 1], sorted[i]) != 0) continue;
    status = error_set(err, STATUS_INPUT, "%s: __metadata__: names: '%.80s' is there twice", path,
                       sorted[i]);
  }
  free(sorted);
  return status;
}

static Status read_texts(Embeddings *e, const Weights *w, const char *path, Error *err) {
  const char *text = weights_meta(w, "texts");
  JsonDoc doc;
  if (!text) return STATUS_OK;
  TRY(parse_list(&doc, path, "texts", text, e->count, err));
  e->text = calloc((size_t)e->count, sizeof *e->text);
  Status status = e->text ? STATUS_OK : no_memory(err);
  for (int64_t i = 0; i < e->count && status == STATUS_OK; i++) {
    const char *hash = json_string_value(json_array_get(doc.root, (size_t)i));
    size_t size = strlen(hash);
    if ((size != 0 && size != HASH_HEX - 1) || strspn(hash, "0123456789abcdef") != size) {
      status = error_set(err, STATUS_INPUT, "%s: __metadata__: texts: [%" PRId64 "]: is no SHA-256",
                         path, i);
    } else {
      memcpy(e->text[i], hash, size);
    }
  }
  json_free(&doc);
  return status;
}

static Status read_prefix(Embeddings *e, const Weights *w, Error *err) {
  const char *prefix = weights_meta(w, "prefix");
  if (!prefix) return STATUS_OK;
  e->prefix = strdup(prefix);
  return e->prefix ? STATUS_OK : no_memory(err);
}

static Status read_rows(Embeddings *e, const Tensor *view, const char *path, Error *err) {
  dtype_widen(e->vector, view->store, view->dtype, (size_t)tensor_count(view));
  for (int64_t i = 0; i < e->count * e->dim; i++) {
    if (isfinite(e->vector[i])) continue;
    return error_set(err, STATUS_INPUT, "%s: embeddings: '%.80s': [%" PRId64 "]: is %s", path,
                     e->name[i / e->dim], i % e->dim, isnan(e->vector[i]) ? "NaN" : "infinite");
  }
  return STATUS_OK;
}

static Status read_weights(Embeddings *e, Weights *w, const char *path, Error *err) {
  const char *embedder;
  Tensor view;
  TRY(meta_is(w, path, "format", FORMAT, err));
  TRY(meta_is(w, path, "version", VERSION, err));
  TRY(meta_get(w, path, "embedder", &embedder, err));
  TRY(embedder_name_check(embedder, path, err));
  TRY(weights_get(w, "embeddings", -1, -1, &view, err));
  TRY(weights_check_used(w, err));
  TRY(embeddings_new(e, embedder, view.rows, view.cols, err));
  TRY(read_names(e, w, path, err));
  TRY(check_names(e, path, err));
  TRY(read_texts(e, w, path, err));
  TRY(read_prefix(e, w, err));
  return read_rows(e, &view, path, err);
}

Status embeddings_read(Embeddings *e, const char *path, Error *err) {
  Weights *w;
  *e = (Embeddings){0};
  TRY(weights_open(&w, path, err));
  Status status = read_weights(e, w, path, err);
  weights_close(w);
  if (status != STATUS_OK) embeddings_free(e);
  return status;
}
