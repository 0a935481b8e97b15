#include "infer/route/routing_trace.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a routing trace");
}

void routing_trace_drop(RoutingTrace *t) {
  for (int64_t s = 0; s < t->sequences; s++) free(t->pending[s].sum);
  free(t->pending);
  t->pending = NULL;
  t->sequences = 0;
}

void routing_trace_free(RoutingTrace *t) {
  routing_trace_drop(t);
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

Status routing_trace_encoder(RoutingTrace *t, const Plan *plan, Error *err) {
  return add_rows(t, &t->encoder, 0, plan, 0, plan->rows, err);
}

static Status make_pending(RoutingTrace *t, int64_t sequences, Error *err) {
  if (sequences <= t->sequences) return STATUS_OK;
  TraceTokens *grown = realloc(t->pending, (size_t)sequences * sizeof *grown);
  if (!grown) return no_memory(err);
  memset(grown + t->sequences, 0, (size_t)(sequences - t->sequences) * sizeof *grown);
  t->pending = grown;
  t->sequences = sequences;
  return STATUS_OK;
}

Status routing_trace_decoder(RoutingTrace *t, Ragged sequence, const int64_t *begin,
                             const Plan *plan, Error *err) {
  TRY(make_pending(t, sequence.count, err));
  for (int64_t s = 0; s < sequence.count; s++) {
    TRY(add_rows(t, &t->pending[s], begin[s], plan, sequence.offset[s], ragged_length(sequence, s),
                 err));
  }
  return STATUS_OK;
}

void routing_trace_keep(RoutingTrace *t, const bool *keep) {
  for (int64_t s = 0; s < t->sequences; s++) {
    if (!keep[s]) continue;
    free(t->decoder.sum);
    t->decoder = t->pending[s];
    t->pending[s] = (TraceTokens){0};
    break;
  }
  routing_trace_drop(t);
}

double routing_trace_weight(const RoutingTrace *t, const TraceTokens *of, int64_t token,
                            int expert) {
  const double *sum = of->sum + token * (t->experts + 1);
  return sum[t->experts] > 0 ? sum[expert] / sum[t->experts] : 0;
}
