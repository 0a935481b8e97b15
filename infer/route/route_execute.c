/* The executor sorts the (row, expert) pairs of a plan by expert and runs the two passes of
 * autograd/product/low_rank.h over them:
 *
 *   down   u = w s A_e x, or for aggregated parameters u = A_e x, then mix_row
 *   up     y row += B_e u, the experts in order */
#include <assert.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "autograd/product/low_rank.h"
#include "infer/route/route.h"

enum { MIX_ROWS = 64 };

typedef struct Execution {
  const Plan *plan;
  int experts;
  int64_t pairs, groups;
  int64_t *row;        /* [pairs] ascending for each expert */
  float *weight;       /* [pairs] */
  int64_t *pair;       /* [rows, slots] the pair of a slot, -1: none */
  LowRank *factor;     /* [experts] of those that have pairs */
  LowRankGroup *group; /* [groups] in order of expert */
  float *u;            /* [pairs, rank] */
  int64_t rank;        /* row stride of u: the largest there is */
  float *sum;          /* [threads, rank] */
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

/* Sorting. */

/* start [experts + 1]: the first pair of each expert. */
static void count_pairs(Execution *e, int64_t *start) {
  memset(start, 0, (size_t)(e->experts + 1) * sizeof *start);
  for (int64_t i = 0; i < e->plan->rows * e->plan->slots; i++) {
    if (e->plan->expert[i] >= 0) start[e->plan->expert[i] + 1]++;
  }
  for (int i = 0; i < e->experts; i++) {
    e->groups += start[i + 1] > 0;
    start[i + 1] += start[i];
  }
  e->pairs = start[e->experts];
}

static void make_groups(Execution *e, const int64_t *start) {
  LowRankGroup *group = e->group;
  for (int i = 0; i < e->experts; i++) {
    int64_t count = start[i + 1] - start[i];
    if (count > 0) *group++ = (LowRankGroup){&e->factor[i], start[i], count};
  }
}

/* Moves start[i] to the end of expert i. */
static void sort_pairs(Execution *e, int64_t *start) {
  for (int64_t i = 0; i < e->plan->rows * e->plan->slots; i++) {
    int expert = e->plan->expert[i];
    e->pair[i] = expert < 0 ? -1 : start[expert]++;
    if (expert < 0) continue;
    e->row[e->pair[i]] = i / e->plan->slots;
    e->weight[e->pair[i]] = e->plan->weight[i];
  }
}

static void find_factors(Context *c, Execution *e, Pool *pool, int module) {
  int *expert = context_alloc(c, (size_t)e->groups * sizeof *expert);
  for (int64_t i = 0; expert && i < e->groups; i++)
    expert[i] = (int)(e->group[i].factor - e->factor);
  if (expert) pool_factors(pool, expert, (int)e->groups, module, c->threads, e->factor, c->error);
}

/* Aggregation of parameters: with H = sum_j w_j A_j x, padded to the largest rank, expert i of the
 * row gets u = w_i s_i H, cut to its rank. */
static void mix_row(const Execution *e, const int64_t *pair, const int32_t *expert, float *sum) {
  memset(sum, 0, (size_t)e->rank * sizeof *sum);
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const float *u = e->u + pair[s] * e->rank;
    for (int64_t k = 0; k < e->factor[expert[s]].a->rows; k++) sum[k] += e->weight[pair[s]] * u[k];
  }
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const LowRank *f = &e->factor[expert[s]];
    low_rank_weigh_row(f, e->weight[pair[s]], sum, e->u + pair[s] * e->rank);
  }
}

static void mix_rows(void *arg, int64_t task, int worker) {
  const Execution *e = arg;
  int64_t end = (task + 1) * MIX_ROWS;
  for (int64_t t = task * MIX_ROWS; t < end && t < e->plan->rows; t++) {
    int64_t slot = t * e->plan->slots;
    mix_row(e, e->pair + slot, e->plan->expert + slot, e->sum + worker * e->rank);
  }
}

/* Memory for what count_pairs found. */
static bool make_room(Context *c, Execution *e) {
  size_t pairs = (size_t)e->pairs, threads = (size_t)c->threads;
  int64_t slots = e->plan->rows * e->plan->slots;
  e->row = context_alloc(c, pairs * sizeof *e->row);
  e->weight = context_alloc(c, pairs * sizeof *e->weight);
  e->pair = context_alloc(c, (size_t)slots * sizeof *e->pair);
  e->factor = context_alloc(c, (size_t)e->experts * sizeof *e->factor);
  e->group = context_alloc(c, (size_t)e->groups * sizeof *e->group);
  e->u = context_alloc(c, pairs * (size_t)e->rank * sizeof *e->u);
  e->sum = context_alloc(c, threads * (size_t)e->rank * sizeof *e->sum);
  return !context_failed(c);
}

static void run_passes(Context *c, Execution *e, const Tensor *x, Tensor *y) {
  const float *weight = e->plan->aggregate == AGGREGATE_OUTPUT ? e->weight : NULL;
  LowRankPairs pairs = {e->group, e->groups, e->row, weight, e->pairs, e->rank};
  low_rank_down(c, &pairs, x, e->u);
  if (!weight) parallel_for(c->threads, (e->plan->rows + MIX_ROWS - 1) / MIX_ROWS, mix_rows, e);
  low_rank_up(c, &pairs, e->u, y);
}

void route_execute(Context *c, Pool *pool, int module, const Plan *plan, const Tensor *x,
                   Tensor *y) {
  if (context_failed(c)) return;
  assert(plan->rows == x->rows && x->rows == y->rows);
  ArenaMark mark = arena_mark(c->arena);
  Execution e = {.plan = plan, .experts = pool_count(pool), .rank = pool_max_rank(pool, module)};
  int64_t *start = context_alloc(c, (size_t)(e.experts + 1) * sizeof *start);
  if (start) count_pairs(&e, start);
  if (start && e.pairs > 0 && make_room(c, &e)) {
    make_groups(&e, start);
    sort_pairs(&e, start);
    find_factors(c, &e, pool, module);
    if (!context_failed(c)) run_passes(c, &e, x, y);
  }
  arena_release(c->arena, mark);
}
