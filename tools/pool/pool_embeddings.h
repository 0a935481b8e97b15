/* pool_embeddings: whether the embeddings of a pool are those of its experts. */
#ifndef SKEIN_POOL_EMBEDDINGS_H
#define SKEIN_POOL_EMBEDDINGS_H

#include "infer/pool/pool_manifest.h"
#include "tools/pool/embed_again.h"

/* Every file of POOL/embeddings: of instructions, one current row an expert, made again where that
 * can be (embed_again.h); of examples, rows of experts. A file that no run reads any more is a note,
 * as is one whose vectors were not made again. */
Status pool_check_embeddings(const PoolManifest *m, const EmbedMakers *with, Findings *found,
                             Error *err);

/* The same, told on stderr after a change of the pool; `changed`: the experts, set apart by
 * commas, whose instruction is another now, or that are new (NULL: none). */
void pool_tell_embeddings(const PoolManifest *m, const char *changed);

#endif
