#include "infer/route/route_pairs.h"

#include <string.h>

/* start [experts + 1]: the first pair of each expert. */
static void count_pairs(RoutePairs *p, const Pool *pool, const Plan *plan, int64_t *start) {
  int experts = pool_count(pool);
  memset(start, 0, (size_t)(experts + 1) * sizeof *start);
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] >= 0) start[plan->expert[i] + 1]++;
  }
  for (int i = 0; i < experts; i++) {
    if (start[i + 1] > 0) (*(pool_kind(pool, i) == PEFT_LORA ? &p->groups : &p->rescales))++;
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
  p->adapter = context_alloc(c, (size_t)experts * sizeof *p->adapter);
  p->group = context_alloc(c, (size_t)p->groups * sizeof *p->group);
  p->rescale = context_alloc(c, (size_t)p->rescales * sizeof *p->rescale);
  return !context_failed(c);
}

static void make_groups(RoutePairs *p, const Pool *pool, const int64_t *start) {
  LowRankGroup *group = p->group;
  RescaleGroup *rescale = p->rescale;
  for (int i = 0; i < pool_count(pool); i++) {
    int64_t count = start[i + 1] - start[i];
    if (count == 0) continue;
    if (pool_kind(pool, i) == PEFT_LORA) {
      *group++ = (LowRankGroup){&p->adapter[i].low_rank, start[i], count};
    } else {
      *rescale++ = (RescaleGroup){&p->adapter[i], start[i], count};
    }
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

/* The adapters of the experts that have pairs, which are those from start[i] to start[i + 1]. */
static void read_adapters(Context *c, RoutePairs *p, Pool *pool, int module, const int64_t *start) {
  int *expert = context_alloc(c, (size_t)(p->groups + p->rescales) * sizeof *expert), count = 0;
  for (int i = 0; expert && i < pool_count(pool); i++)
    if (start[i + 1] > start[i]) expert[count++] = i;
  if (expert) pool_adapters(pool, expert, count, module, c->threads, p->adapter, c->error);
}

bool route_pairs_make(Context *c, Pool *pool, int module, const Plan *plan, RoutePairs *p) {
  int experts = pool_count(pool);
  int64_t *start = context_alloc(c, (size_t)(experts + 1) * sizeof *start);
  *p = (RoutePairs){.rank = pool_max_rank(pool, module)};
  if (!start) return false;
  count_pairs(p, pool, plan, start);
  if (p->pairs == 0 || !make_room(c, p, plan, experts)) return false;
  make_groups(p, pool, start);
  read_adapters(c, p, pool, module, start);
  sort_pairs(p, plan, start);
  return !context_failed(c);
}

LowRankPairs route_pairs_passes(const RoutePairs *p, bool weighted) {
  return (LowRankPairs){p->group, p->groups, p->row, weighted ? p->weight : NULL,
                        p->pairs, p->rank};
}
