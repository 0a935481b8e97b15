/* The executor runs over the pairs of a plan what rescales, and then the two passes of
 * autograd/product/low_rank.h:
 *
 *   inputs    W multiplies x * (1 + sum_e w_e (l_e - 1))
 *   outputs   y += (W x) * sum_e w_e (l_e - 1)
 *   down      u = w s A_e x, or for aggregated parameters u = A_e x, then mix_row
 *   up        y row += B_e u, the experts in order */
#include <assert.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "infer/route/route_pairs.h"
#include "infer/route/route_rescale.h"

enum { MIX_ROWS = 64 };

typedef struct Execution {
  const Plan *plan;
  RoutePairs pairs;
  float *u;   /* [pairs, rank] */
  float *sum; /* [threads, rank] */
} Execution;

Plan *plan_new(Context *c, int64_t rows, int slots) {
  Plan *plan = context_alloc(c, sizeof *plan);
  size_t pairs = (size_t)rows * (size_t)slots;
  int32_t *expert = context_alloc(c, pairs * sizeof *expert);
  float *weight = context_alloc(c, pairs * sizeof *weight);
  if (context_failed(c)) return NULL;
  *plan = (Plan){rows, slots, expert, weight, AGGREGATE_OUTPUT};
  return plan;
}

/* Aggregation of parameters: with H = sum_j w_j A_j x, padded to the largest rank, expert i of the
 * row gets u = w_i s_i H, cut to its rank. */
static void mix_row(const Execution *e, const int64_t *pair, const int32_t *expert, float *sum) {
  memset(sum, 0, (size_t)e->pairs.rank * sizeof *sum);
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const float *u = e->u + pair[s] * e->pairs.rank;
    for (int64_t k = 0; k < e->pairs.adapter[expert[s]].low_rank.a->rows; k++)
      sum[k] += e->pairs.weight[pair[s]] * u[k];
  }
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const LowRank *f = &e->pairs.adapter[expert[s]].low_rank;
    low_rank_weigh_row(f, e->pairs.weight[pair[s]], sum, e->u + pair[s] * e->pairs.rank);
  }
}

static void mix_rows(void *arg, int64_t task, int worker) {
  const Execution *e = arg;
  int64_t end = (task + 1) * MIX_ROWS;
  for (int64_t t = task * MIX_ROWS; t < end && t < e->plan->rows; t++) {
    int64_t slot = t * e->plan->slots;
    mix_row(e, e->pairs.pair + slot, e->plan->expert + slot, e->sum + worker * e->pairs.rank);
  }
}

static void run_passes(Context *c, Execution *e, const Tensor *x, Tensor *y) {
  bool weighted = e->plan->aggregate == AGGREGATE_OUTPUT;
  size_t rank = (size_t)e->pairs.rank;
  LowRankPairs passes = route_pairs_passes(&e->pairs, weighted);
  e->u = context_alloc(c, (size_t)e->pairs.pairs * rank * sizeof *e->u);
  e->sum = context_alloc(c, (size_t)c->threads * rank * sizeof *e->sum);
  if (context_failed(c)) return;
  low_rank_down(c, &passes, x, e->u);
  if (!weighted) parallel_for(c->threads, (e->plan->rows + MIX_ROWS - 1) / MIX_ROWS, mix_rows, e);
  low_rank_up(c, &passes, e->u, y);
}

/* Adds all that the plan adds to y, given wx = W x, which may be y itself. */
static void run_plan(Context *c, Execution *e, const Tensor *x, const Tensor *wx, Tensor *y) {
  assert(e->plan->aggregate == AGGREGATE_OUTPUT || e->pairs.rescales == 0);
  if (e->pairs.rescales > 0) route_rescale(c, &e->pairs, &adapter_rescale_output, wx, y);
  if (e->pairs.groups > 0 && !context_failed(c)) run_passes(c, e, x, y);
}

void route_execute(Context *c, Pool *pool, int module, const Plan *plan, const Tensor *x,
                   Tensor *y) {
  if (context_failed(c)) return;
  assert(plan->rows == x->rows && x->rows == y->rows);
  ArenaMark mark = arena_mark(c->arena);
  Execution e = {.plan = plan};
  if (route_pairs_make(c, pool, module, plan, &e.pairs)) run_plan(c, &e, x, y, y);
  arena_release(c->arena, mark);
}

/* What W multiplies. */
static const Tensor *rescaled_input(Context *c, const RoutePairs *pairs, const Tensor *x) {
  Tensor *u = tensor_new(c, x->rows, x->cols);
  if (!u) return x;
  memcpy(u->data, x->data, (size_t)tensor_count(x) * sizeof *u->data);
  route_rescale(c, pairs, &adapter_rescale_input, x, u);
  return u;
}

void route_multiply(Context *c, Pool *pool, const Linear *linear, const Plan *plan, const Tensor *x,
                    Tensor *y) {
  if (context_failed(c)) return;
  ArenaMark mark = arena_mark(c->arena);
  int module = linear->module->id;
  Execution e = {.plan = plan};
  bool planned = plan && route_pairs_make(c, pool, module, plan, &e.pairs);
  bool both = planned && pool_rescales(pool, module).outputs > 0;
  const Tensor *u = planned ? rescaled_input(c, &e.pairs, x) : x;
  Tensor *wx = both ? tensor_new(c, y->rows, y->cols) : y;
  if (!context_failed(c)) {
    matmul_nt_weight(c, tensor_mat(u), &linear->weight, false, tensor_mat(y));
    if (both) matmul_nt_weight(c, tensor_mat(x), &linear->weight, false, tensor_mat(wx));
    if (planned) run_plan(c, &e, x, wx, y);
  }
  arena_release(c->arena, mark);
}
