/* pool_expert: one expert of an opened pool. For pool.c. */
#ifndef SKEIN_INFER_POOL_EXPERT_H
#define SKEIN_INFER_POOL_EXPERT_H

#include "infer/lora_file.h"
#include "infer/pool.h"
#include "infer/vector_file.h"

enum { POOL_VECTORS = VECTOR_ACTIVATION_ABSOLUTE + 1 };

typedef struct PoolExpert {
  const PoolEntry *entry; /* of the manifest */
  LoraFile file;
  VectorFile gate, activation;  /* activation zeroed when the expert has none */
  Tensor *vector[POOL_VECTORS]; /* [linears] as weights_locate leaves them; NULL: has none */
  LoraFactor *ready; /* [linears] f32 and finite, in the file or owned; a.rows == 0: not used yet */
} PoolExpert;

/* Expert `i` of the manifest, with the checks of pool_open. On failure *e is zeroed. */
Status pool_expert_open(PoolExpert *e, const PoolManifest *m, int i, const T5 *model, Error *err);
void pool_expert_close(PoolExpert *e);

/* As pool_factor and pool_vector, of a linear that the expert covers. */
Status pool_expert_factor(PoolExpert *e, const Linear *linear, LowRank *out, Error *err);
Status pool_expert_vector(const PoolExpert *e, PoolVector kind, const Linear *linear, float *out,
                          Error *err);

#endif
