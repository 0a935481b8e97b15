/* merge: all experts of a pool as one adapter that needs no router, as "Merged Experts" in
 * PHATGOOSE (Muqeeth et al. 2024, arXiv 2402.05859).
 *
 * At each module the experts that cover it count alike and the others not at all: both means divide
 * by the number of experts that cover the module. */
#ifndef SKEIN_MERGE_H
#define SKEIN_MERGE_H

#include "infer/pool/pool.h"

typedef struct Merged {
  AdapterSet adapters; /* slots, by Module.id */
  Tensor *a, *b, *l;   /* [adapters.count] owned; what the slots point to */
} Merged;

/* The mean of the updates, exactly. Of LoRAs it is (1/n) sum_i s_i B_i A_i, as one LoRA whose rank
 * is the sum of theirs: A stacked, s_i B_i / n side by side. Of experts that rescale the same side
 * it is one (IA)3 with the mean of their vectors. Where kinds or sides meet no adapter is the mean
 * of the updates: the slot stays empty, and the caller runs every expert with weight 1/n. Reads
 * every adapter and holds a copy. */
Status merge_updates(Merged *m, Pool *pool, Error *err);
/* (1/n sum_i s_i B_i) (1/n sum_i A_i): cheap, and not the mean of the updates. Experts of unequal
 * rank at a module are STATUS_MISMATCH. */
Status merge_factors(Merged *m, Pool *pool, Error *err);
void merged_free(Merged *m); /* a zeroed Merged is allowed */

#endif
