/* gate_audit: how the gates of a pool behave on ordinary text.
 *
 * A router sends a token u to the expert with the largest LN(u) . LN(v) (infer/route/route_local.h).
 * A gate v that points where the inputs of its modules point on average comes first for tokens of
 * any task, whatever its expert is good for: the vectors of `skein train activation` are such gates.
 * Of each expert, over the tokens of a sample that the plain base reads and writes:
 *
 *   first    of the (token, module) pairs where it has a vote, the share where its logit is the
 *            largest
 *   aligned  mean over its modules of the cosine of LN(v) with the mean of LN(u) */
#ifndef SKEIN_GATE_AUDIT_H
#define SKEIN_GATE_AUDIT_H

#include "data/examples/examples.h"
#include "infer/pool/pool.h"
#include "infer/t5/base.h"

typedef struct GateAudit {
  double *first, *aligned; /* [experts] */
} GateAudit;

/* Runs the plain base over every example of the sample, input and target, and reads every gate. On
 * failure *a is zeroed. */
Status gate_audit(GateAudit *a, Pool *pool, const Base *base, const ExampleSet *sample, int threads,
                  Error *err);
void gate_audit_free(GateAudit *a); /* a zeroed GateAudit is allowed */

#endif
