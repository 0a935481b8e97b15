#include "infer/route/routing_stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"

/* What is counted is a tally, a row of doubles: three sums an expert, in the order of Statistic,
 * then the sums over its tokens. Tallies add up, so a sequence's grows over many calls and is added
 * to the module's when it is kept. */
enum { PER_EXPERT = 3, ENTROPY = 0, TOKENS, PAIRS, OF_TOKENS };

typedef struct ModuleStats {
  bool by_example; /* its rows are the encoder's: always kept, so they need no tally each */
  double *kept;    /* one tally; NULL: nothing was committed yet */
  double *pending; /* [room] a tally a sequence, or one in all when by_example; zero beyond used */
  int64_t used, room;
} ModuleStats;

struct RoutingStats {
  ModuleStats *module; /* [modules] */
  int modules, experts;
  size_t tally; /* doubles of one */
};

Status routing_stats_new(RoutingStats **s, const Modules *modules, int experts, Error *err) {
  assert(experts > 0);
  RoutingStats *made = calloc(1, sizeof *made);
  ModuleStats *module = calloc((size_t)modules->count, sizeof *module);
  *s = made;
  if (!made || !module) {
    free(made);
    free(module);
    *s = NULL;
    return error_set(err, STATUS_RUN, "out of memory: routing statistics");
  }
  *made = (RoutingStats){.module = module,
                         .modules = modules->count,
                         .experts = experts,
                         .tally = (size_t)(PER_EXPERT * experts + OF_TOKENS)};
  for (int i = 0; i < made->modules; i++)
    module[i].by_example = modules->module[i].side == SIDE_PROMPT;
  return STATUS_OK;
}

void routing_stats_free(RoutingStats *s) {
  if (!s) return;
  for (int i = 0; i < s->modules; i++) {
    free(s->module[i].kept);
    free(s->module[i].pending);
  }
  free(s->module);
  free(s);
}

/* Counting. */

typedef struct Count {
  const RoutingStats *s;
  const Tensor *softmax;
  const Plan *plan;
  Ragged sequence;
  double *tally; /* [sequences] */
} Count;

/* One row of the softmax: its weights, the expert of the largest and, returned, its entropy. A row
 * of zeros (no expert covers the module there) has none of them. */
static double count_row(const float *p, int experts, double *weight, double *top1) {
  double entropy = 0;
  int best = 0;
  for (int e = 0; e < experts; e++) {
    if (p[e] > p[best]) best = e;
    if (p[e] > 0) entropy -= (double)p[e] * (double)log2f(p[e]);
    weight[e] += (double)p[e];
  }
  if (p[best] > 0) top1[best]++;
  return entropy;
}

static void count_sequence(void *arg, int64_t sequence, int worker) {
  (void)worker;
  const Count *count = arg;
  const Plan *plan = count->plan;
  int experts = count->s->experts;
  double *weight = count->tally + (size_t)sequence * count->s->tally;
  double *share = weight + STATISTIC_SHARE * experts, *top1 = weight + STATISTIC_TOP1 * experts;
  double *of_tokens = weight + PER_EXPERT * experts;
  for (int64_t t = count->sequence.offset[sequence]; t < count->sequence.offset[sequence + 1];
       t++) {
    of_tokens[TOKENS]++;
    of_tokens[ENTROPY] += count_row(count->softmax->data + t * experts, experts, weight, top1);
    for (int k = 0; k < plan->slots; k++) {
      int32_t e = plan->expert[t * plan->slots + k];
      if (e < 0) continue;
      share[e]++;
      of_tokens[PAIRS]++;
    }
  }
}

/* Rows that are few are counted sooner than other threads are woken. */
static void count_rows(const Context *c, Count *count) {
  enum { FEW = 1 << 14 };
  int threads = tensor_count(count->softmax) < FEW ? 1 : c->threads;
  parallel_for(threads, count->sequence.count, count_sequence, count);
}

static void add_tally(const RoutingStats *s, double *to, const double *from) {
  for (size_t i = 0; i < s->tally; i++) to[i] += from[i];
}

/* Room for the tallies of `count` sequences; what was not used before is zero. */
static Status make_room(const RoutingStats *s, ModuleStats *l, int64_t count, Error *err) {
  if (count > l->room) {
    size_t had = (size_t)l->room * s->tally, want = (size_t)count * s->tally;
    double *grown = realloc(l->pending, want * sizeof *grown);
    if (!grown) return error_set(err, STATUS_RUN, "out of memory: routing statistics");
    memset(grown + had, 0, (want - had) * sizeof *grown);
    l->pending = grown;
    l->room = count;
  }
  if (count > l->used) l->used = count;
  return STATUS_OK;
}

/* By sequence into tallies of their own, which are then added in order: the same bits for every
 * number of threads. */
static void add_by_example(RoutingStats *s, Context *c, ModuleStats *l, Count *count) {
  ArenaMark mark = arena_mark(c->arena);
  size_t size = (size_t)count->sequence.count * s->tally * sizeof(double);
  count->tally = context_alloc(c, size);
  if (count->tally && make_room(s, l, 1, c->error) == STATUS_OK) {
    memset(count->tally, 0, size);
    count_rows(c, count);
    for (int64_t i = 0; i < count->sequence.count; i++)
      add_tally(s, l->pending, count->tally + (size_t)i * s->tally);
  }
  arena_release(c->arena, mark);
}

static void see_plan(void *arg, Context *c, const Module *module, const Rows *rows,
                     const Tensor *softmax, const Plan *plan) {
  RoutingStats *s = arg;
  if (context_failed(c)) return;
  assert(module->id < s->modules && softmax->cols == s->experts);
  assert(softmax->rows == rows->sequence.offset[rows->sequence.count]);
  assert(plan->rows == softmax->rows);
  ModuleStats *l = &s->module[module->id];
  Count count = {.s = s, .softmax = softmax, .plan = plan, .sequence = rows->sequence};
  if (l->by_example) {
    add_by_example(s, c, l, &count);
  } else if (make_room(s, l, rows->sequence.count, c->error) == STATUS_OK) {
    count.tally = l->pending;
    count_rows(c, &count);
  }
}

/* Keeping. */

static void drop_pending(const RoutingStats *s, ModuleStats *l) {
  if (l->used) memset(l->pending, 0, (size_t)l->used * s->tally * sizeof *l->pending);
  l->used = 0;
}

static Status commit_module(const RoutingStats *s, ModuleStats *l, const bool *keep, Error *err) {
  if (l->used == 0) return STATUS_OK;
  if (!l->kept) l->kept = calloc(s->tally, sizeof *l->kept);
  if (!l->kept) return error_set(err, STATUS_RUN, "out of memory: routing statistics");
  for (int64_t i = 0; i < l->used; i++)
    if (l->by_example || keep[i]) add_tally(s, l->kept, l->pending + (size_t)i * s->tally);
  drop_pending(s, l);
  return STATUS_OK;
}

static Status keep_sequences(void *arg, const bool *keep, int64_t sequences, Error *err) {
  RoutingStats *s = arg;
  for (int i = 0; i < s->modules; i++) {
    assert(s->module[i].by_example || s->module[i].used <= sequences);
    TRY(commit_module(s, &s->module[i], keep, err));
  }
  return STATUS_OK;
}

static void drop_all(void *arg) {
  RoutingStats *s = arg;
  for (int i = 0; i < s->modules; i++) drop_pending(s, &s->module[i]);
}

RouteWatcher routing_stats_watcher(RoutingStats *s) {
  return (RouteWatcher){.see = see_plan, .keep = keep_sequences, .drop = drop_all, .arg = s};
}

/* Reading. */

const char *statistic_name(Statistic what) {
  static const char *const name[] = {"weight", "share", "top1"};
  return name[what];
}

/* A sum over the kept tokens of a module; 0 where there are none. */
static double kept_sum(const RoutingStats *s, int module, int of_tokens) {
  const double *kept = s->module[module].kept;
  return kept ? kept[PER_EXPERT * s->experts + of_tokens] : 0;
}

static double value_at(const RoutingStats *s, Statistic what, int module, int expert) {
  double count = kept_sum(s, module, what == STATISTIC_SHARE ? PAIRS : TOKENS);
  return count > 0 ? s->module[module].kept[(int)what * s->experts + expert] / count : 0;
}

static double entropy_at(const RoutingStats *s, int module) {
  double tokens = kept_sum(s, module, TOKENS);
  return tokens > 0 ? kept_sum(s, module, ENTROPY) / tokens : 0;
}

double routing_stats_value(const RoutingStats *s, Statistic what, int module, int expert) {
  assert(module < s->modules && expert >= 0 && expert < s->experts);
  if (module >= 0) return value_at(s, what, module, expert);
  double sum = 0;
  int modules = 0;
  for (int i = 0; i < s->modules; i++) {
    sum += value_at(s, what, i, expert);
    modules += routing_stats_tokens(s, i) > 0;
  }
  return modules ? sum / modules : 0;
}

double routing_stats_entropy(const RoutingStats *s, int module) {
  assert(module < s->modules);
  if (module >= 0) return entropy_at(s, module);
  double sum = 0;
  int modules = 0;
  for (int i = 0; i < s->modules; i++) {
    sum += entropy_at(s, i);
    modules += routing_stats_tokens(s, i) > 0;
  }
  return modules ? sum / modules : 0;
}

int64_t routing_stats_tokens(const RoutingStats *s, int module) {
  return (int64_t)kept_sum(s, module, TOKENS);
}
