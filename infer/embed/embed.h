/* embed: sentence embeddings of instructions and inputs, behind one interface.
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
 *   encoder      encoder-1-<12 hex of t5_sample>
 *   precomputed  as the file declares, else as the user says, else precomputed-<12 hex of the file>
 *
 * Vectors that an outside embedder made may come in several files (a pool's and the queries'): they
 * go together when they declare the same embedder; files that declare none never do, unless they
 * are the same file. */
#ifndef SKEIN_EMBED_H
#define SKEIN_EMBED_H

#include "infer/pool/pool.h"
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
  const Base *base; /* encoder; borrowed */
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

/* Named vectors of one embedder, in a file: one F32 tensor "embeddings" [count, dim], and in
 * __metadata__
 *
 *   KEY       VALUE
 *   format    "skein-embeddings"
 *   version   "1"
 *   embedder  name of the embedder
 *   names     JSON list of the rows' names, all different
 *   texts     optional: JSON list, SHA-256 of the text that each row is of, "" where unknown */
typedef struct Embeddings {
  char *embedder;
  char **name;            /* [count] */
  float *vector;          /* [count, dim] */
  char (*text)[HASH_HEX]; /* [count]; NULL: not recorded */
  int64_t count, dim;
} Embeddings;

Status embeddings_read(Embeddings *e, const char *path, Error *err);
/* Reads a file of vectors of any kind: one of embeddings_write; safetensors with one tensor of rank
 * 1 a name (F32, F16 or BF16); or JSON {"name": [numbers], ...}. The last two may declare their
 * embedder, as "embedder" in __metadata__ (in JSON: "__metadata__": {"embedder": "..."}).
 * `embedder` names one that the file does not declare; another than it declares is
 * STATUS_MISMATCH. Vectors of two lengths and numbers that are not finite are STATUS_INPUT. */
Status embeddings_import(Embeddings *e, const char *path, const char *embedder, Error *err);
Status embeddings_write(const Embeddings *e, const char *path, Error *err);
/* Space for `count` rows: names NULL, vectors 0, texts not recorded. */
Status embeddings_new(Embeddings *e, const char *embedder, int64_t count, int64_t dim, Error *err);
void embeddings_free(Embeddings *e);                            /* a zeroed Embeddings is allowed */
int64_t embeddings_find(const Embeddings *e, const char *name); /* -1 when there is none */
/* POOL/embeddings/<embedder>.safetensors, with `examples` POOL/embeddings/examples-<embedder>...,
 * in a new string (NULL when out of memory). Bytes of the name outside [A-Za-z0-9._-] become '_';
 * the file itself has the whole name. */
char *embeddings_path(const char *pool_dir, const char *embedder, bool examples);
/* SHA-256 of a text as in `texts`. */
Status embed_text_hash(const char *text, char hex[HASH_HEX], Error *err);

/* The parts of the cosine <a, b> / (max(|a|, 1e-8) max(|b|, 1e-8)) of torch.cosine_similarity
 * (methods.md 2.4): <a, b> in double, and max(|a|, 1e-8). */
double embed_dot(const float *a, const float *b, int64_t n);
double embed_norm(const float *a, int64_t n);

#endif
