/* embed_again: embeddings of a pool's instructions, made again and compared. */
#ifndef SKEIN_EMBED_AGAIN_H
#define SKEIN_EMBED_AGAIN_H

#include "infer/embed/embed.h"
#include "infer/pool/pool_manifest.h"
#include "tools/pool/pool_findings.h"

/* What vectors may be made with; each may be NULL. */
typedef struct EmbedMakers {
  const Base *base;  /* of `encoder` */
  const char *model; /* of `sentence`: the directory of an encoder of sentences */
} EmbedMakers;

/* The embedder that makes vectors of the file's kind for this pool as it is now: of `lexical`, and
 * of those that there is something to make with. *maker becomes NULL where none can be made here.
 * The file is one that runs read when it is of the maker's name; of `sentence` it may be of another
 * model, too. */
Status embed_again_open(Embedder **maker, const Embeddings *e, const PoolManifest *m,
                        const EmbedMakers *with, Error *err);

/* Whether the vectors of a file are of a kind: "lexical-" of the names "lexical-1-...". */
bool embed_again_is(const Embeddings *e, EmbedderKind kind);

/* Makes the vectors of a file of the maker's name again: one that is not what the embedder makes of
 * the expert's instruction is an error, for the hash of the instruction beside it proves nothing.
 * `path` is that of the file. */
Status embed_again_compare(const Embeddings *e, Embedder *maker, const PoolManifest *m,
                           const char *path, Findings *found, Error *err);

#endif
