#include "infer/t5/t5_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static Status make_sequences(T5Cache *cache, Ragged input, const int64_t *source, Error *err) {
  size_t n = (size_t)cache->sequences, examples = (size_t)input.count;
  cache->source = calloc(n + 1, sizeof *cache->source);
  cache->length = calloc(n + 1, sizeof *cache->length);
  cache->span = calloc(n + 1, sizeof *cache->span);
  cache->keys = calloc(examples + 1, sizeof *cache->keys);
  if (!cache->source || !cache->length || !cache->span || !cache->keys)
    return error_set(err, STATUS_RUN, "out of memory: a cache of %zu sequences", n);
  for (size_t s = 0; s < n; s++) cache->source[s] = source[s];
  for (size_t i = 0; i < examples; i++) cache->keys[i] = ragged_length(input, (int64_t)i);
  return STATUS_OK;
}

static Status make_layers(T5Cache *cache, const T5 *model, int64_t examples, Error *err) {
  const T5Config *config = &model->config;
  cache->layers = model->decoder.layers;
  cache->layer = calloc((size_t)cache->layers + 1, sizeof *cache->layer);
  int64_t *room = calloc((size_t)cache->sequences + 1, sizeof *room);
  Status status =
      cache->layer && room ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a cache");
  for (int64_t s = 0; room && s < cache->sequences; s++) room[s] = cache->capacity;
  for (int i = 0; i < cache->layers && status == STATUS_OK; i++) {
    T5LayerCache *l = &cache->layer[i];
    status =
        attention_cache_create(&l->self, config->heads, config->d_kv, cache->sequences, room, err);
    if (status == STATUS_OK) {
      status = attention_cache_create(&l->cross, config->heads, config->d_kv, examples, cache->keys,
                                      err);
    }
  }
  free(room);
  return status;
}

/* Keys and values of the encoder's states, once for all that read them. */
static void fill_cross(T5Cache *cache, Context *c, const T5Run *run, Tensor *encoded,
                       Ragged input) {
  Rows rows = {input, NULL};
  ArenaMark mark = arena_mark(c->arena);
  int64_t *none = context_alloc(c, (size_t)input.count * sizeof *none);
  if (none) memset(none, 0, (size_t)input.count * sizeof *none);
  for (int i = 0; i < cache->layers && !context_failed(c); i++) {
    T5Attention *cross = &run->model->decoder.block[i].cross;
    ArenaMark layer = arena_mark(c->arena);
    Tensor *k = linear_forward(c, cross->k, run->adapters, &rows, encoded);
    Tensor *v = linear_forward(c, cross->v, run->adapters, &rows, encoded);
    attention_cache_append(c, &cache->layer[i].cross, input, none, k, v);
    arena_release(c->arena, layer);
  }
  arena_release(c->arena, mark);
}

static Status fill_cache(T5Cache *cache, Context *c, const T5Run *run, Tensor *encoded,
                         Ragged input, const int64_t *source) {
  TRY(make_sequences(cache, input, source, c->error));
  TRY(make_layers(cache, run->model, input.count, c->error));
  fill_cross(cache, c, run, encoded, input);
  return c->error->status;
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
    attention_cache_destroy(&cache->layer[i].self);
    attention_cache_destroy(&cache->layer[i].cross);
  }
  free(cache->layer);
  free(cache->source);
  free(cache->keys);
  free(cache->length);
  free(cache->span);
  free(cache);
}

Status t5_cache_reorder(T5Cache *cache, const int64_t *from, Error *err) {
  int64_t *length = malloc((size_t)(cache->sequences + 1) * sizeof *length);
  if (!length) return error_set(err, STATUS_RUN, "out of memory: a cache");
  for (int64_t s = 0; s < cache->sequences; s++) {
    assert(cache->source[s] == cache->source[from[s]]);
    length[s] = cache->length[from[s]];
  }
  Status status = STATUS_OK;
  for (int i = 0; i < cache->layers && status == STATUS_OK; i++)
    status = attention_cache_reorder(&cache->layer[i].self, from, cache->length, err);
  if (status == STATUS_OK) memcpy(cache->length, length, (size_t)cache->sequences * sizeof *length);
  free(length);
  return status;
}
