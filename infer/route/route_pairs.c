#include "infer/route/route_pairs.h"

#include <string.h>

/* start [experts + 1]: the first pair of each expert. */
static void count_pairs(RoutePairs *p, const Plan *plan, int experts, int64_t *start) {
  memset(start, 0, (size_t)(experts + 1) * sizeof *start);
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] >= 0) start[plan->expert[i] + 1]++;
  }
  for (int i = 0; i < experts; i++) {
    p->groups += start[i + 1] > 0;
    start[i + 1] += start[i];
  }
  p->pairs = start[experts];
}

/* Memory for what count_pairs found. */
static bool make_room(Context *c, RoutePairs *p, const Plan *plan, int experts) {
  size_t pairs = (size_t)p->pairs, slots = (size_t)(plan->rows * plan->slots);
  p->row = context_alloc(c, pairs * sizeof *p->row);
  p->weight = context_alloc(c, pairs * sizeof *p->weight);
  p->pair = context_alloc(c, slots * sizeof *p->pair);
  p->factor = context_alloc(c, (size_t)experts * sizeof *p->factor);
  p->group = context_alloc(c, (size_t)p->groups * sizeof *p->group);
  return !context_failed(c);
}

static void make_groups(RoutePairs *p, int experts, const int64_t *start) {
  LowRankGroup *group = p->group;
  for (int i = 0; i < experts; i++) {
    int64_t count = start[i + 1] - start[i];
    if (count > 0) *group++ = (LowRankGroup){&p->factor[i], start[i], count};
  }
}

/* Moves start[i] to the end of expert i. */
static void sort_pairs(RoutePairs *p, const Plan *plan, int64_t *start) {
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    int expert = plan->expert[i];
    p->pair[i] = expert < 0 ? -1 : start[expert]++;
    if (expert < 0) continue;
    p->row[p->pair[i]] = i / plan->slots;
    p->weight[p->pair[i]] = plan->weight[i];
  }
}

static void read_factors(Context *c, RoutePairs *p, Pool *pool, int module) {
  int *expert = context_alloc(c, (size_t)p->groups * sizeof *expert);
  for (int64_t i = 0; expert && i < p->groups; i++)
    expert[i] = (int)(p->group[i].factor - p->factor);
  if (expert) pool_factors(pool, expert, (int)p->groups, module, c->threads, p->factor, c->error);
}

bool route_pairs_make(Context *c, Pool *pool, int module, const Plan *plan, RoutePairs *p) {
  int experts = pool_count(pool);
  int64_t *start = context_alloc(c, (size_t)(experts + 1) * sizeof *start);
  *p = (RoutePairs){.rank = pool_max_rank(pool, module)};
  if (!start) return false;
  count_pairs(p, plan, experts, start);
  if (p->pairs == 0 || !make_room(c, p, plan, experts)) return false;
  make_groups(p, experts, start);
  sort_pairs(p, plan, start);
  read_factors(c, p, pool, module);
  return !context_failed(c);
}

LowRankPairs route_pairs_passes(const RoutePairs *p, bool weighted) {
  return (LowRankPairs){p->group, p->groups, p->row, weighted ? p->weight : NULL,
                        p->pairs, p->rank};
}
