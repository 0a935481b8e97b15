/* merge: all experts of a pool as one adapter that needs no router.
 *
 * The room infer/merge owns merges: their methods and settings (merge_settings.h), the arithmetic
 * (sparse.h, spectrum.h), and what comes of them, in memory (this header) and as a PEFT directory
 * (merge_save.h). It knows the experts as a pool has them, and no router.
 *
 * A merge works on the updates s_i B_i A_i of the experts that cover a module, one module at a time;
 * the others do not count there. As an adapter it is a LoRA again, which has all of the merged
 * update unless a smaller rank is asked for; what is lost by that is in MergedModule. The sums and
 * what their singular directions make are of low rank. What ties, dare and magnitude make is not: all
 * of it has the size of the module's weight. With compat peft, A and B are merged apart (but for
 * cat and svd), which is another update: sum B_i times sum A_i has products of one expert's B with
 * another's A. */
#ifndef SKEIN_MERGE_H
#define SKEIN_MERGE_H

#include "infer/merge/merge_settings.h"

/* What a module's merged update is, and what its adapter lacks of it, in Frobenius norms; of an
 * (IA)3 zeros. */
typedef struct MergedModule {
  int64_t rank;
  double norm, lost; /* |merged|, |merged - adapter| but for its rounding to f32 */
} MergedModule;

typedef struct Merged {
  AdapterSet adapters;  /* slots, by Module.id; those that no expert covers are empty */
  Tensor *a, *b, *l;    /* [adapters.count] owned; what the slots point to */
  MergedModule *module; /* [adapters.count] */
} Merged;

/* The merge that the settings name. Reads every adapter.
 *
 * (IA)3: of the sums (cat, linear) of experts that rescale the same side of a module it is one
 * vector, 1 + sum_i w_i (l_i - 1), or sum_i w_i l_i of PEFT's. Where kinds or sides meet no adapter is
 * the mean of the updates: with the weights 1 / n the slot stays empty, and the caller runs every
 * expert with it; all else that (IA)3 do not have is STATUS_MISMATCH by name, as is what PEFT refuses
 * with compat peft, and what is beyond f32. STATUS_USAGE: merge_check, merge_weights. */
Status merge_pool(Merged *m, Pool *pool, const MergeSettings *settings, Error *err);
/* (1/n sum_i s_i B_i) (1/n sum_i A_i): cheap, and not the mean of the updates. Experts of unequal
 * rank at a module are STATUS_MISMATCH. */
Status merge_factors(Merged *m, Pool *pool, Error *err);
void merged_free(Merged *m); /* a zeroed Merged is allowed */

/* |lost| / |norm| over all modules; 0 where nothing is lost. */
double merged_lost(const Merged *m);

#endif
