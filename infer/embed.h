/* embed: sentence embeddings of instructions and inputs, behind one interface.
 *
 *   KIND         VECTOR OF A TEXT
 *   lexical      hashed character n-grams with idf over a corpus (the pool's instructions), L2 norm
 *   encoder      mean of the base's encoder states over the tokens, EOS left out
 *   precomputed  what a file (safetensors or JSON, name -> vector) holds under a key
 *
 * An embedder has a name that says everything its vectors depend on; vectors of different names are
 * never compared. */
#ifndef SKEIN_INFER_EMBED_H
#define SKEIN_INFER_EMBED_H

#include "data/tokenizer.h"
#include "infer/pool.h"

typedef enum EmbedderKind {
  EMBEDDER_LEXICAL,
  EMBEDDER_ENCODER,
  EMBEDDER_PRECOMPUTED,
} EmbedderKind;

typedef struct EmbedderSpec {
  EmbedderKind kind;
  const char *file;          /* precomputed */
  const char *const *corpus; /* lexical: texts [corpus_count] whose n-grams weigh */
  int corpus_count;
  T5 *model;                  /* encoder; borrowed */
  const Tokenizer *tokenizer; /* encoder; borrowed */
  int threads;
} EmbedderSpec;

typedef struct Embedder Embedder;

Status embedder_open(Embedder **e, const EmbedderSpec *spec, Error *err);
void embedder_close(Embedder *e); /* NULL is allowed */
const char *embedder_name(const Embedder *e);
int64_t embedder_dim(const Embedder *e);
/* The vector of a text into out [dim]; precomputed: of `key`, the text is not read. A text without
 * content, an unknown key (naming the nearest) and a vector that is not finite are errors. */
Status embedder_embed(Embedder *e, const char *key, const char *text, float *out, Error *err);

/* Named vectors of one embedder, in a file (one F32 tensor "embeddings" [count, dim] and in
 * __metadata__: format skein-embeddings, version, embedder, names as a JSON list). */
typedef struct Embeddings {
  char *embedder;
  char **name;   /* [count] */
  float *vector; /* [count, dim] */
  int64_t count, dim;
} Embeddings;

Status embeddings_read(Embeddings *e, const char *path, Error *err);
Status embeddings_write(const Embeddings *e, const char *path, Error *err);
void embeddings_free(Embeddings *e); /* a zeroed Embeddings is allowed */

/* <a, b> / max(|a| |b|, 1e-8) as torch.cosine_similarity (methods.md 2.4); drop_last leaves out the
 * last coordinate (methods.md 2.10.1). */
double embed_cosine(const float *a, const float *b, int64_t dim, bool drop_last);

#endif
