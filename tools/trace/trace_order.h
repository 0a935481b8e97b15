/* trace_order: the experts of a token in the order in which they are shown. */
#ifndef SKEIN_TRACE_ORDER_H
#define SKEIN_TRACE_ORDER_H

#include "tools/trace/trace_tool.h"

/* The experts [experts] by their sums, else by their weights, the largest first and of equals the
 * first of the pool; the caller frees. NULL: out of memory. */
int *trace_order(const Trace *t, const ExpertTerms *terms);

/* The expert has an adapter at the module, and was not left out before it was scored. */
bool trace_takes_part(const Trace *t, int module, int expert, const ExpertTerms *terms);

#endif
