/* pool_audit: gates and embeddings of a pool that are suspicious though no file is wrong. */
#ifndef SKEIN_POOL_AUDIT_H
#define SKEIN_POOL_AUDIT_H

#include "infer/pool/pool_manifest.h"
#include "infer/t5/base.h"
#include "tools/pool/pool_findings.h"
#include "tools/pool/pool_tool.h"

/* Looks at the gates that there are on a sample of text (gate_audit.h) and compares experts with each other. A line
 * of level "gate" for each expert, and findings, which are notes, with o->strict errors:
 *
 *   a gate that comes first on far more of the text than its share
 *   a gate that points where the inputs of its modules point on average
 *   an expert that is another's copy, or nearly so
 *
 * The bounds are those below. On the demo's pool and text of its tasks, honest gates come to 2.1
 * times the odds and a cosine of 0.48, and the mean inputs of all tasks to 3.6 and 0.67. */
Status pool_audit_gates(const PoolManifest *m, const Base *base, const PoolOptions *o,
                        Findings *found, Error *err);

#define POOL_FIRST   3.0   /* times the odds that a share of the text gives it */
#define POOL_ALIGNED 0.55  /* cosine with the mean input */
#define POOL_COPY    0.999 /* cosine of gates, and of updates: a copy */
#define POOL_ALIKE   0.95  /* of either: nearly so */

#endif
