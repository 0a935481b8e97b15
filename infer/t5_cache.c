#include "infer/t5_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static Status make_layer(T5LayerCache *layer, const T5Cache *cache, int64_t inner, Error *err) {
  TRY(tensor_create(&layer->self_k, cache->sequences * cache->capacity, inner, false, err));
  return tensor_create(&layer->self_v, cache->sequences * cache->capacity, inner, false, err);
}

static Status make_spans(T5Cache *cache, Ragged input, const int64_t *source, Error *err) {
  size_t n = (size_t)cache->sequences;
  cache->source = calloc(n + 1, sizeof *cache->source);
  cache->length = calloc(n + 1, sizeof *cache->length);
  cache->self_span = calloc(n + 1, sizeof *cache->self_span);
  cache->cross_span = calloc(n + 1, sizeof *cache->cross_span);
  if (!cache->source || !cache->length || !cache->self_span || !cache->cross_span)
    return error_set(err, STATUS_RUN, "out of memory: a cache of %zu sequences", n);
  for (size_t s = 0; s < n; s++) {
    cache->source[s] = source[s];
    cache->cross_span[s] = (RowSpan){input.offset[source[s]], ragged_length(input, source[s])};
  }
  return STATUS_OK;
}

/* Keeps the linear's output beyond the life of the arena's mark. */
static Status keep_linear(Tensor *out, Context *c, const T5Run *run, Linear *linear,
                          const Rows *rows, Tensor *x) {
  ArenaMark mark = arena_mark(c->arena);
  Tensor *y = linear_forward(c, linear, run->adapters, rows, x);
  Status status = y ? tensor_create(out, y->rows, y->cols, false, c->error) : c->error->status;
  if (status == STATUS_OK) memcpy(out->data, y->data, (size_t)tensor_count(y) * sizeof(float));
  arena_release(c->arena, mark);
  return status;
}

static Status fill_cross(T5Cache *cache, Context *c, const T5Run *run, Tensor *encoded,
                         Ragged input) {
  Rows rows = {input, NULL};
  for (int i = 0; i < cache->layers; i++) {
    T5Attention *cross = &run->model->decoder.block[i].cross;
    TRY(keep_linear(&cache->layer[i].cross_k, c, run, cross->k, &rows, encoded));
    TRY(keep_linear(&cache->layer[i].cross_v, c, run, cross->v, &rows, encoded));
  }
  return STATUS_OK;
}

static Status fill_cache(T5Cache *cache, Context *c, const T5Run *run, Tensor *encoded,
                         Ragged input, const int64_t *source) {
  const T5Config *config = &run->model->config;
  cache->layers = run->model->decoder.layers;
  cache->layer = calloc((size_t)cache->layers + 1, sizeof *cache->layer);
  if (!cache->layer) return error_set(c->error, STATUS_RUN, "out of memory: a cache");
  TRY(make_spans(cache, input, source, c->error));
  for (int i = 0; i < cache->layers; i++)
    TRY(make_layer(&cache->layer[i], cache, (int64_t)config->heads * config->d_kv, c->error));
  return fill_cross(cache, c, run, encoded, input);
}

Status t5_cache_new(T5Cache **cache, Context *c, const T5Run *run, Tensor *encoded, Ragged input,
                    const int64_t *source, int64_t sequences, int64_t capacity) {
  assert(!c->tape && sequences >= 0 && capacity >= 0);
  *cache = NULL;
  if (context_failed(c)) return c->error->status;
  T5Cache *made = calloc(1, sizeof *made);
  if (!made) return error_set(c->error, STATUS_RUN, "out of memory: a cache");
  made->sequences = sequences;
  made->capacity = capacity;
  Status status = fill_cache(made, c, run, encoded, input, source);
  if (status != STATUS_OK) {
    t5_cache_free(made);
    return status;
  }
  *cache = made;
  return STATUS_OK;
}

void t5_cache_free(T5Cache *cache) {
  if (!cache) return;
  for (int i = 0; cache->layer && i < cache->layers; i++) {
    tensor_destroy(&cache->layer[i].self_k);
    tensor_destroy(&cache->layer[i].self_v);
    tensor_destroy(&cache->layer[i].cross_k);
    tensor_destroy(&cache->layer[i].cross_v);
  }
  free(cache->layer);
  free(cache->source);
  free(cache->length);
  free(cache->self_span);
  free(cache->cross_span);
  free(cache);
}

static void append_rows(const T5Cache *cache, Tensor *kept, Ragged added, const Tensor *rows) {
  for (int64_t s = 0; s < cache->sequences; s++) {
    float *to = kept->data + (s * cache->capacity + cache->length[s]) * kept->cols;
    const float *from = rows->data + added.offset[s] * rows->cols;
    memcpy(to, from, (size_t)(ragged_length(added, s) * rows->cols) * sizeof *to);
  }
}

void t5_cache_append(T5Cache *cache, int layer, Ragged added, Tensor **k, Tensor **v) {
  T5LayerCache *at = &cache->layer[layer];
  append_rows(cache, &at->self_k, added, *k);
  append_rows(cache, &at->self_v, added, *v);
  *k = &at->self_k;
  *v = &at->self_v;
}

/* Rows of all sequences in their new order; through a copy, since any may be read twice. */
static void reorder_rows(const T5Cache *cache, Tensor *kept, const int64_t *from, float *copy) {
  size_t row = (size_t)kept->cols;
  for (int64_t s = 0, at = 0; s < cache->sequences; at += cache->length[from[s]], s++) {
    memcpy(copy + (size_t)at * row, kept->data + (size_t)(from[s] * cache->capacity) * row,
           (size_t)cache->length[from[s]] * row * sizeof *copy);
  }
  for (int64_t s = 0, at = 0; s < cache->sequences; at += cache->length[from[s]], s++) {
    memcpy(kept->data + (size_t)(s * cache->capacity) * row, copy + (size_t)at * row,
           (size_t)cache->length[from[s]] * row * sizeof *copy);
  }
}

Status t5_cache_reorder(T5Cache *cache, const int64_t *from, Error *err) {
  int64_t rows = 0, cols = cache->layers ? cache->layer[0].self_k.cols : 0;
  for (int64_t s = 0; s < cache->sequences; s++) {
    assert(cache->source[s] == cache->source[from[s]]);
    rows += cache->length[from[s]];
  }
  float *copy = malloc((size_t)(rows * cols + 1) * sizeof *copy);
  int64_t *length = malloc((size_t)(cache->sequences + 1) * sizeof *length);
  if (copy && length) {
    for (int i = 0; i < cache->layers; i++) {
      reorder_rows(cache, &cache->layer[i].self_k, from, copy);
      reorder_rows(cache, &cache->layer[i].self_v, from, copy);
    }
    for (int64_t s = 0; s < cache->sequences; s++) length[s] = cache->length[from[s]];
    memcpy(cache->length, length, (size_t)cache->sequences * sizeof *length);
  }
  Status status = copy && length ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a cache");
  free(copy);
  free(length);
  return status;
}
