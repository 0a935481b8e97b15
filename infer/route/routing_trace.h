/* routing_trace: which experts each token of one example went to: the mean over modules of its
 * planned weights. A watcher of plans. */
#ifndef SKEIN_ROUTING_TRACE_H
#define SKEIN_ROUTING_TRACE_H

#include "infer/route/route.h"

typedef struct TraceTokens {
  double *sum; /* [count, experts + 1]: of the weights, then the number of modules */
  int64_t count, room;
} TraceTokens;

/* The continuation of one sequence, until one of them is kept. */
typedef struct TraceSequence {
  TraceTokens tokens;
  int64_t *seen; /* [modules] the tokens that each module has planned so far */
} TraceSequence;

typedef struct RoutingTrace {
  int experts, modules;
  TraceTokens encoder, decoder; /* the prompt, and the continuation that was kept */
  TraceSequence *pending;       /* [sequences] */
  int64_t sequences;
} RoutingTrace;

/* Start from a trace with `experts` and `modules` set and the rest zero. */
void routing_trace_free(RoutingTrace *t);

/* Follows one example: the tokens of the prompt as they are planned, those of the first sequence
 * that is kept; what is dropped or not kept is forgotten. The trace must outlive the watcher. */
RouteWatcher routing_trace_watcher(RoutingTrace *t);

/* 0 where no module routed the token. */
double routing_trace_weight(const RoutingTrace *t, const TraceTokens *of, int64_t token,
                            int expert);

#endif
