/* pool_embeddings: whether the embeddings of a pool are those of its experts. */
#ifndef SKEIN_POOL_EMBEDDINGS_H
#define SKEIN_POOL_EMBEDDINGS_H

#include "infer/pool/pool_manifest.h"
#include "tools/pool/pool_findings.h"

/* Every file of POOL/embeddings: of instructions, one current row an expert; of examples, rows of
 * experts. */
Status pool_check_embeddings(const PoolManifest *m, Findings *found, Error *err);

#endif
