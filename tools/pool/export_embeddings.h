/* export_embeddings: the embeddings of a pool as GLIDER's code loads them. */
#ifndef SKEIN_EXPORT_EMBEDDINGS_H
#define SKEIN_EXPORT_EMBEDDINGS_H

#include "infer/pool/pool_manifest.h"

/* Every POOL/embeddings/NAME.safetensors of instructions becomes DIR/embeddings/NAME.pt, a dict
 * {expert: vector} (src/utils/get_model.py of UNITES-Lab/glider); *count: how many. */
Status export_embeddings(const PoolManifest *m, const char *dir, int *count, Error *err);

#endif
