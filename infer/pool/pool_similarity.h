/* pool_similarity: how alike the experts of a pool are, module by module.
 *
 *   gate     cosine of the gate vectors
 *   update   cosine of the dense updates, <B1 A1, B2 A2>_F = sum (B1' B2) * (A1 A2') elementwise,
 *            from products of the size of the ranks; no dense update is made. Of two (IA)3 that
 *            rescale the same side, cosine of l - 1; of different kinds or sides there is none
 *
 * Means over the modules that both experts cover. A module where one of the two is zero, or an
 * expert without gates, has no cosine and does not count. */
#ifndef SKEIN_POOL_SIMILARITY_H
#define SKEIN_POOL_SIMILARITY_H

#include "infer/pool/pool.h"

typedef struct PoolSimilarity {
  int experts;
  double *gate, *update; /* [experts, experts], symmetric; NaN: of no module */
} PoolSimilarity;

/* Reads every gate and every factor. */
Status pool_similarity(PoolSimilarity *s, Pool *pool, int threads, Error *err);
void pool_similarity_free(PoolSimilarity *s); /* a zeroed PoolSimilarity is allowed */

#endif
