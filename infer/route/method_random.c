/* random: experts by lot, the baseline that any router must beat.
 *
 * k of the experts that cover a module (all when there are fewer) for every row of x, each with the
 * same weight. The lot of a row is drawn from the seed, the module and the signs of 32 of the row's
 * coordinates, and so from nothing that depends on how examples are batched or whether keys are
 * cached. */
#include <assert.h>
#include <stdlib.h>

#include "autograd/ground/rng.h"
#include "infer/route/route_method.h"

enum {
  SIGNS = 32,
  RNG_COORDINATES = 0x7263, /* purposes of random streams */
  RNG_LOT = 0x726c,
};

static int find_covering(Context *c, const Pool *pool, int module, int32_t **covering) {
  int n = 0;
  *covering = context_alloc(c, (size_t)pool_count(pool) * sizeof **covering);
  for (int i = 0; *covering && i < pool_count(pool); i++) {
    if (pool_covers(pool, i, module)) (*covering)[n++] = i;
  }
  return n;
}

/* k distinct indices below n (Floyd's algorithm). */
static void draw_lots(Rng *rng, int n, int k, int32_t *drawn) {
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

typedef struct RandomMethod {
  const Pool *pool;
  uint64_t seed;
  int top_k;
} RandomMethod;

static Status random_check(const RouterSettings *s, Error *err) {
  if (s->top_p >= 1) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "top_p: router random has no weights to sum; set top_k");
}

static Status random_open(void **self, const RouteParts *parts, Error *err) {
  const RouterSettings *s = parts->settings;
  RandomMethod *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  *m = (RandomMethod){parts->pool, (uint64_t)s->seed, (int)s->top_k};
  return STATUS_OK;
}

static Plan *random_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  const RandomMethod *m = self;
  const Tensor *x = call->x;
  uint64_t module = (uint64_t)call->module->id;
  if (context_failed(c)) return NULL;
  int32_t *covering;
  int n = find_covering(c, m->pool, call->module->id, &covering), k = m->top_k;
  assert(k >= 1);
  if (n == 0) return NULL;
  if (k > n) k = n;
  int64_t coordinate[SIGNS];
  Rng rng = {.key = rng_key(m->seed, module, 0, RNG_COORDINATES)};
  for (int i = 0; i < SIGNS; i++) coordinate[i] = (int64_t)rng_below(&rng, (uint64_t)x->cols);
  Plan *plan = plan_new(c, x->rows, k);
  for (int64_t t = 0; plan && t < x->rows; t++) {
    int32_t *expert = plan->expert + t * k;
    uint64_t signs = row_signs(x->data + t * x->cols, coordinate);
    rng = (Rng){.key = rng_key(m->seed, module, signs, RNG_LOT)};
    draw_lots(&rng, n, k, expert);
    for (int i = 0; i < k; i++) {
      expert[i] = covering[expert[i]];
      plan->weight[t * k + i] = 1 / (float)k;
    }
  }
  return plan;
}

const RouteMethod route_random = {
    .name = "random",
    .help = "k experts at random",
    .source = "",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "Step",
               .depth = "Module",
               .selection = "Sparse",
               .aggregation = "Output",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY | USES_TOP_K | USES_SEED,
    .chooses = true,
    .check = random_check,
    .open = random_open,
    .close = free,
    .plan = random_plan,
};
