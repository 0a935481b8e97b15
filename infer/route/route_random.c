#include "infer/route/route_random.h"

#include <assert.h>

#include "autograd/ground/rng.h"

enum {
  SIGNS = 32,
  RNG_COORDINATES = 0x7263, /* purposes of random streams */
  RNG_LOT = 0x726c,
};

static int find_covering(Context *c, const Pool *pool, int linear, int32_t **covering) {
  int n = 0;
  *covering = context_alloc(c, (size_t)pool_count(pool) * sizeof **covering);
  for (int i = 0; *covering && i < pool_count(pool); i++) {
    if (pool_covers(pool, i, linear)) (*covering)[n++] = i;
  }
  return n;
}

/* k distinct indices below n (Floyd's algorithm). */
static void draw(Rng *rng, int n, int k, int32_t *drawn) {
  for (int i = 0; i < k; i++) {
    int top = n - k + i;
    int32_t lot = (int32_t)rng_below(rng, (uint64_t)top + 1);
    for (int j = 0; j < i; j++) {
      if (drawn[j] == lot) lot = top;
    }
    drawn[i] = lot;
  }
}

static uint64_t row_signs(const float *x, const int64_t *coordinate) {
  uint64_t signs = 0;
  for (int i = 0; i < SIGNS; i++) signs = signs << 1 | (x[coordinate[i]] > 0);
  return signs;
}

Plan *plan_random(Context *c, const Pool *pool, int module, uint64_t seed, int k, const Tensor *x) {
  if (context_failed(c)) return NULL;
  assert(k >= 1);
  int32_t *covering;
  int n = find_covering(c, pool, module, &covering);
  if (n == 0) return NULL;
  if (k > n) k = n;
  int64_t coordinate[SIGNS];
  Rng rng = {.key = rng_key(seed, (uint64_t)module, 0, RNG_COORDINATES)};
  for (int i = 0; i < SIGNS; i++) coordinate[i] = (int64_t)rng_below(&rng, (uint64_t)x->cols);
  Plan *plan = plan_new(c, x->rows, k);
  for (int64_t t = 0; plan && t < x->rows; t++) {
    int32_t *expert = plan->expert + t * k;
    uint64_t signs = row_signs(x->data + t * x->cols, coordinate);
    rng = (Rng){.key = rng_key(seed, (uint64_t)module, signs, RNG_LOT)};
    draw(&rng, n, k, expert);
    for (int i = 0; i < k; i++) {
      expert[i] = covering[expert[i]];
      plan->weight[t * k + i] = 1 / (float)k;
    }
  }
  return plan;
}
