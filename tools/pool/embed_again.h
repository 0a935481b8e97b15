/* embed_again: embeddings of a pool's instructions, made again and compared. */
#ifndef SKEIN_EMBED_AGAIN_H
#define SKEIN_EMBED_AGAIN_H

#include "infer/embed/embed.h"
#include "infer/pool/pool_manifest.h"
#include "tools/pool/pool_findings.h"

/* Vectors of `lexical`, and with a base (NULL: none) of `encoder`, are made again: one that is not
 * what its embedder makes of the expert's instruction is an error, for the hash of the instruction
 * beside it proves nothing. Others cannot be made here. `path` is that of the file. */
Status embeddings_compare(const Embeddings *e, const PoolManifest *m, const Base *base,
                          const char *path, Findings *found, Error *err);

#endif
