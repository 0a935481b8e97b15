#include "infer/route/routing_trace.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a routing trace");
}

static void drop_pending(void *arg) {
  RoutingTrace *t = arg;
  for (int64_t s = 0; s < t->sequences; s++) {
    free(t->pending[s].tokens.sum);
    free(t->pending[s].seen);
  }
  free(t->pending);
  t->pending = NULL;
  t->sequences = 0;
}

void routing_trace_free(RoutingTrace *t) {
  drop_pending(t);
  free(t->encoder.sum);
  free(t->decoder.sum);
  *t = (RoutingTrace){0};
}

/* Room for `count` tokens; new ones are zero. */
static Status make_tokens(const RoutingTrace *t, TraceTokens *of, int64_t count, Error *err) {
  size_t row = (size_t)t->experts + 1;
  if (count > of->room) {
    int64_t room = 2 * count;
    double *grown = realloc(of->sum, (size_t)room * row * sizeof *grown);
    if (!grown) return no_memory(err);
    memset(grown + (size_t)of->room * row, 0, (size_t)(room - of->room) * row * sizeof *grown);
    of->sum = grown;
    of->room = room;
  }
  if (count > of->count) of->count = count;
  return STATUS_OK;
}

/* Adds rows [first, first + count) of the plan to the tokens from `begin` on. */
static Status add_rows(const RoutingTrace *t, TraceTokens *of, int64_t begin, const Plan *plan,
                       int64_t first, int64_t count, Error *err) {
  TRY(make_tokens(t, of, begin + count, err));
  for (int64_t i = 0; i < count; i++) {
    double *sum = of->sum + (begin + i) * (t->experts + 1);
    for (int k = 0; k < plan->slots; k++) {
      int64_t at = (first + i) * plan->slots + k;
      if (plan->expert[at] >= 0) sum[plan->expert[at]] += (double)plan->weight[at];
    }
    sum[t->experts]++;
  }
  return STATUS_OK;
}

static Status make_sequences(RoutingTrace *t, int64_t sequences, Error *err) {
  if (sequences <= t->sequences) return STATUS_OK;
  TraceSequence *grown = realloc(t->pending, (size_t)sequences * sizeof *grown);
  if (!grown) return no_memory(err);
  t->pending = grown;
  for (; t->sequences < sequences; t->sequences++) {
    int64_t *seen = calloc((size_t)t->modules, sizeof *seen);
    if (!seen) return no_memory(err);
    grown[t->sequences] = (TraceSequence){.seen = seen};
  }
  return STATUS_OK;
}

/* The tokens that a sequence has at the module so far say which ones follow. */
static Status add_continuation(RoutingTrace *t, int module, Ragged sequence, const Plan *plan,
                               Error *err) {
  TRY(make_sequences(t, sequence.count, err));
  for (int64_t s = 0; s < sequence.count; s++) {
    TraceSequence *p = &t->pending[s];
    int64_t count = ragged_length(sequence, s);
    TRY(add_rows(t, &p->tokens, p->seen[module], plan, sequence.offset[s], count, err));
    p->seen[module] += count;
  }
  return STATUS_OK;
}

static void see_plan(void *arg, Context *c, const Module *module, const Rows *rows,
                     const Tensor *softmax, const Plan *plan) {
  (void)softmax;
  RoutingTrace *t = arg;
  if (context_failed(c)) return;
  if (module->side == SIDE_CONTINUATION) {
    add_continuation(t, module->id, rows->sequence, plan, c->error);
  } else {
    assert(rows->sequence.count == 1);
    add_rows(t, &t->encoder, 0, plan, 0, plan->rows, c->error);
  }
}

static Status keep_first(void *arg, const bool *keep, int64_t sequences, Error *err) {
  (void)err;
  RoutingTrace *t = arg;
  for (int64_t s = 0; s < t->sequences && s < sequences; s++) {
    if (!keep[s]) continue;
    free(t->decoder.sum);
    t->decoder = t->pending[s].tokens;
    t->pending[s].tokens = (TraceTokens){0};
    break;
  }
  drop_pending(t);
  return STATUS_OK;
}

RouteWatcher routing_trace_watcher(RoutingTrace *t) {
  return (RouteWatcher){.see = see_plan, .keep = keep_first, .drop = drop_pending, .arg = t};
}

double routing_trace_weight(const RoutingTrace *t, const TraceTokens *of, int64_t token,
                            int expert) {
  const double *sum = of->sum + token * (t->experts + 1);
  return sum[t->experts] > 0 ? sum[expert] / sum[t->experts] : 0;
}
