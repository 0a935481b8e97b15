#include "data/tensors/weights_index.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_BYTES_MAX = 64 << 20 };

static int compare_strings(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_file_name(const char *name) {
  return name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Collects the values of the map, which must be file names. */
static Status collect_shards(WeightsIndex *x, Error *err) {
  for (void *at = json_object_iter(x->map); at; at = json_object_iter_next(x->map, at)) {
    const char *tensor = json_object_iter_key(at);
    const json_t *value = json_object_iter_value(at);
    if (!json_is_string(value)) {
      return error_set(err, STATUS_INPUT, "%s: weight_map: '%.200s': got %s, want a string",
                       x->path, tensor, json_kind(value));
    }
    const char *shard = json_string_value(value);
    if (!is_file_name(shard)) {
      return error_set(err, STATUS_INPUT,
                       "%s: weight_map: '%.200s': '%.200s' is not the name of a file beside it",
                       x->path, tensor, shard);
    }
    x->shard[x->count++] = shard;
  }
  return STATUS_OK;
}

static void sort_distinct(WeightsIndex *x) {
  size_t kept = 0;
  qsort(x->shard, x->count, sizeof *x->shard, compare_strings);
  for (size_t i = 0; i < x->count; i++) {
    if (kept == 0 || strcmp(x->shard[kept - 1], x->shard[i]) != 0) x->shard[kept++] = x->shard[i];
  }
  x->count = kept;
}

static Status read_index(WeightsIndex *x, const char *path, Error *err) {
  x->path = strdup(path);
  if (!x->path) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(json_parse_file(&x->doc, x->path, INDEX_BYTES_MAX, err));
  TRY(json_get_object(&x->doc, "weight_map", &x->map, err));
  x->shard = calloc(json_object_size(x->map) + 1, sizeof *x->shard);
  if (!x->shard) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(collect_shards(x, err));
  sort_distinct(x);
  if (x->count > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: weight_map: is empty", x->path);
}

Status weights_index_open(WeightsIndex *x, const char *path, Error *err) {
  *x = (WeightsIndex){0};
  Status status = read_index(x, path, err);
  if (status != STATUS_OK) weights_index_close(x);
  return status;
}

void weights_index_close(WeightsIndex *x) {
  json_free(&x->doc);
  free(x->shard);
  free(x->path);
  *x = (WeightsIndex){0};
}

const char *weights_index_shard(const WeightsIndex *x, const char *tensor) {
  return json_string_value(json_object_get(x->map, tensor));
}
