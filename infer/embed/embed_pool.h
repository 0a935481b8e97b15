/* embed_pool: the embeddings of a pool's experts, of their instructions or of examples of their
 * data. Writers of a pool hold its lock. */
#ifndef SKEIN_EMBED_POOL_H
#define SKEIN_EMBED_POOL_H

#include "infer/embed/embed.h"
#include "infer/pool/pool_manifest.h"

/* The corpus of `lexical` for a pool: its instructions that are not empty, in the order of the
 * manifest, borrowed from it. The caller frees the array. */
Status embed_corpus(const PoolManifest *m, const char ***corpus, int *count, Error *err);

typedef struct EmbedWatch {
  void *arg;
  void (*done)(void *arg, int64_t texts, int64_t of);
} EmbedWatch;

/* One row an expert: its instruction's vector, or that of its name (embedder_by_key), with the hash
 * of its instruction. An expert without an instruction is STATUS_INPUT, except by key. `dir` names
 * the pool in messages; `watch` may be NULL. */
Status embed_instructions(Embeddings *out, Embedder *e, const char *dir,
                          const PoolEntry *const *entry, int count, const EmbedWatch *watch,
                          Error *err);

/* Examples of an expert's data: the first `limit` lines of a JSONL file, texts under a key. */
typedef struct ExampleFile {
  const char *expert, *file;
} ExampleFile;

/* Rows "<expert>/<index>" in the order of the manifest: of the files for the experts they name
 * (each once), for the others of the pool as in `old` (NULL: none), which must be of this embedder.
 */
Status embed_examples(Embeddings *out, Embedder *e, const PoolManifest *m, const ExampleFile *file,
                      int files, const char *key, int64_t limit, const Embeddings *old,
                      const EmbedWatch *watch, Error *err);

#endif
