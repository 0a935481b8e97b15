#include "autograd/op/attention_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"

static int64_t whole(int64_t n) {
  return ceil_div(n, STRIP) * STRIP;
}

Status attention_cache_create(AttentionCache *cache, int heads, int64_t dk, int64_t sequences,
                              const int64_t *keys, Error *err) {
  *cache = (AttentionCache){.heads = heads, .dk = dk, .wide = whole(dk), .sequences = sequences};
  cache->room = calloc((size_t)sequences + 1, sizeof *cache->room);
  for (int64_t s = 0; cache->room && s < sequences; s++)
    cache->room[s + 1] = cache->room[s] + whole(keys[s]);
  size_t all = cache->room ? (size_t)(cache->room[sequences] * heads) : 0;
  cache->k = calloc(all * (size_t)dk + 1, sizeof *cache->k);
  cache->v = calloc(all * (size_t)cache->wide + 1, sizeof *cache->v);
  if (cache->room && cache->k && cache->v) return STATUS_OK;
  attention_cache_destroy(cache);
  return error_set(err, STATUS_RUN, "out of memory: keys and values of %zu sequences",
                   (size_t)sequences);
}

void attention_cache_destroy(AttentionCache *cache) {
  free(cache->room);
  free(cache->k);
  free(cache->v);
  *cache = (AttentionCache){0};
}

/* Keys before those of a sequence's head. */
static int64_t keys_before(const AttentionCache *c, int64_t sequence, int head) {
  int64_t room = c->room[sequence + 1] - c->room[sequence];
  return c->room[sequence] * c->heads + head * room;
}

const float *attention_cache_keys(const AttentionCache *c, int64_t sequence, int head) {
  return c->k + keys_before(c, sequence, head) * c->dk;
}

const float *attention_cache_values(const AttentionCache *c, int64_t sequence, int head) {
  return c->v + keys_before(c, sequence, head) * c->wide;
}

typedef struct Append {
  const Kernels *kernels;
  AttentionCache *cache;
  Ragged rows;
  const int64_t *at;
  const Tensor *k, *v;
} Append;

/* Key `at` of a head whose strips begin at `strips`. */
static void put_key(const AttentionCache *c, float *strips, int64_t at, const float *key) {
  float *to = strips + at / STRIP * c->dk * STRIP + at % STRIP;
  for (int64_t d = 0; d < c->dk; d++) to[d * STRIP] = key[d];
}

/* A task is one head of one sequence. Whole strips are turned at once. */
static void append_head(void *arg, int64_t task, int worker) {
  (void)worker;
  const Append *a = arg;
  const AttentionCache *c = a->cache;
  int64_t s = task / c->heads, head = task % c->heads, ld = a->k->cols;
  int64_t from = a->rows.offset[s], count = ragged_length(a->rows, s), at = a->at[s];
  assert(at + count <= c->room[s + 1] - c->room[s]);
  float *k = c->k + keys_before(c, s, (int)head) * c->dk;
  float *v = c->v + (keys_before(c, s, (int)head) + at) * c->wide;
  const float *key = a->k->data + from * ld + head * c->dk;
  const float *value = a->v->data + from * ld + head * c->dk;
  for (int64_t i = 0; i < count; i++)
    memcpy(v + i * c->wide, value + i * ld, (size_t)c->dk * sizeof *v);
  for (int64_t i = 0; i < count;) {
    bool strip = (at + i) % STRIP == 0 && count - i >= STRIP;
    if (strip) {
      a->kernels->transpose(k + (at + i) * c->dk, STRIP, key + i * ld, ld, STRIP, c->dk, 0);
    } else {
      put_key(c, k, at + i, key + i * ld);
    }
    i += strip ? STRIP : 1;
  }
}

void attention_cache_append(Context *c, AttentionCache *cache, Ragged rows, const int64_t *at,
                            const Tensor *k, const Tensor *v) {
  if (context_failed(c)) return;
  assert(rows.count == cache->sequences && k->cols == cache->heads * cache->dk);
  Append a = {c->kernels, cache, rows, at, k, v};
  int threads = k->rows > STRIP * 4 ? c->threads : 1; /* a few rows are sooner copied than shared */
  parallel_for(threads, rows.count * cache->heads, append_head, &a);
}

/* Stretches of the sequences, `stride` apart, of which that of s becomes the first used[from[s]]
 * elements of from[s]'s; through a copy [sequences, room], since any may be read twice. */
static void reorder(float *data, int64_t stride, float *copy, int64_t room, int64_t sequences,
                    const int64_t *from, const int64_t *used) {
  for (int64_t s = 0; s < sequences; s++) {
    if (from[s] == s) continue;
    memcpy(copy + s * room, data + from[s] * stride, (size_t)used[from[s]] * sizeof *data);
  }
  for (int64_t s = 0; s < sequences; s++) {
    if (from[s] == s) continue;
    memcpy(data + s * stride, copy + s * room, (size_t)used[from[s]] * sizeof *data);
  }
}

Status attention_cache_reorder(AttentionCache *c, const int64_t *from, const int64_t *keys,
                               Error *err) {
  int64_t n = c->sequences, room = n > 0 ? c->room[1] : 0;
  assert(c->room[n] == n * room);
  int64_t *used = malloc((size_t)(2 * n + 1) * sizeof *used);
  float *copy = malloc((size_t)(n * room * c->wide + 1) * sizeof *copy);
  Status status =
      used && copy ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: keys and values");
  for (int64_t s = 0; status == STATUS_OK && s < n; s++) {
    used[s] = whole(keys[s]) * c->dk;
    used[n + s] = keys[s] * c->wide;
  }
  for (int head = 0; status == STATUS_OK && head < c->heads; head++) {
    reorder(c->k + head * room * c->dk, c->heads * room * c->dk, copy, room * c->dk, n, from, used);
    reorder(c->v + head * room * c->wide, c->heads * room * c->wide, copy, room * c->wide, n, from,
            used + n);
  }
  free(used);
  free(copy);
  return status;
}
