/* routing_trace: which experts each token of one example went to: the mean over modules of its
 * planned weights. Collected by routing statistics (routing_stats_trace). */
#ifndef SKEIN_ROUTING_TRACE_H
#define SKEIN_ROUTING_TRACE_H

#include "infer/route/route.h"

typedef struct TraceTokens {
  double *sum; /* [count, experts + 1]: of the weights, then the number of modules */
  int64_t count, room;
} TraceTokens;

typedef struct RoutingTrace {
  int experts;
  TraceTokens encoder, decoder;
  TraceTokens *pending; /* [sequences] of the decoder, until one of them is kept */
  int64_t sequences;
} RoutingTrace;

/* Start from a trace with `experts` set and the rest zero. */
void routing_trace_free(RoutingTrace *t);

/* The plan of one linear for tokens of the example, the first row of each sequence being token
 * begin[sequence] of it. The encoder's rows are one sequence. */
Status routing_trace_encoder(RoutingTrace *t, const Plan *plan, Error *err);
Status routing_trace_decoder(RoutingTrace *t, Ragged sequence, const int64_t *begin,
                             const Plan *plan, Error *err);
/* The decoder's tokens are those of the first sequence with keep[sequence]; the rest is dropped. */
void routing_trace_keep(RoutingTrace *t, const bool *keep);
void routing_trace_drop(RoutingTrace *t); /* drops all that waits to be kept */

/* 0 where no module routed the token. */
double routing_trace_weight(const RoutingTrace *t, const TraceTokens *of, int64_t token,
                            int expert);

#endif
