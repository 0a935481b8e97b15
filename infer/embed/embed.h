/* embed: sentence embeddings of instructions and inputs, behind one interface.
 *
 * The room infer/embed owns what makes embeddings (this header), their files (embeddings.h), the
 * cosine of two (embed_cosine.h), and the embeddings of a pool's texts (embed_pool.h). It knows
 * pools and the base, whose encoder can embed, and no router.
 *
 *   KIND         VECTOR OF A TEXT
 *   lexical      hashed character n-grams with idf over a corpus (the pool's instructions), L2 norm
 *   encoder      mean of the base's encoder states over the tokens, EOS left out
 *   precomputed  what a file (safetensors or JSON, name -> vector) holds under a key
 *
 * An embedder has a name that says everything its vectors depend on; vectors of different names are
 * never compared.
 *
 *   KIND         NAME
 *   lexical      lexical-1-<12 hex of the corpus>, whatever the order of its texts
 *   encoder      encoder-2-<12 hex of t5_encoder_sample>
 *   precomputed  as the file declares, else as the user says, else precomputed-<12 hex of the file>
 *
 * Vectors that an outside embedder made may come in several files (a pool's and the queries'): they
 * go together when they declare the same embedder; files that declare none never do, unless they
 * are the same file. */
#ifndef SKEIN_EMBED_H
#define SKEIN_EMBED_H

#include "infer/embed/embeddings.h"
#include "infer/t5/base.h"

typedef enum EmbedderKind {
  EMBEDDER_LEXICAL,
  EMBEDDER_ENCODER,
  EMBEDDER_PRECOMPUTED,
} EmbedderKind;

typedef struct EmbedderSpec {
  EmbedderKind kind;
  const char *file;          /* precomputed */
  const char *name;          /* precomputed: of a file that declares no embedder; may be NULL */
  const char *const *corpus; /* lexical: texts [corpus_count] whose n-grams weigh */
  int corpus_count;
  const Base *base; /* encoder; borrowed; an encoder without a decoder will do */
  int threads;
} EmbedderSpec;

typedef struct Embedder Embedder;

Status embedder_open(Embedder **e, const EmbedderSpec *spec, Error *err);
void embedder_close(Embedder *e); /* NULL is allowed */
const char *embedder_name(const Embedder *e);
int64_t embedder_dim(const Embedder *e);
bool embedder_by_key(const Embedder *e); /* precomputed: vectors are found by key */
/* The vector of a text into out [dim]; precomputed: of `key`, the text is not read. A text without
 * content, an unknown key (naming the nearest) and a vector that is not finite are errors. */
Status embedder_embed(Embedder *e, const char *key, const char *text, float *out, Error *err);

#endif
