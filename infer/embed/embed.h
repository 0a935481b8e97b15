/* embed: sentence embeddings of instructions and inputs, behind one interface.
 *
 * The room infer/embed owns what makes embeddings (this header), their files (embeddings.h), the
 * cosine of two (embed_cosine.h), and the embeddings of a pool's texts (embed_pool.h). It knows
 * pools, the base, whose encoder can embed, and encoders of sentences, and no router.
 *
 *   KIND         VECTOR OF A TEXT
 *   lexical      hashed character n-grams with idf over a corpus (the pool's instructions), L2 norm
 *   encoder      mean of the base's encoder states over the tokens, EOS left out
 *   precomputed  what a file (safetensors or JSON, name -> vector) holds under a key
 *   endpoint     what a model behind URL/embeddings (data/net/endpoint.h) makes of it
 *   sentence     what an encoder of sentences makes of it (infer/sentence/sentence.h)
 *
 * An embedder has a name that says everything its vectors depend on; vectors of different names are
 * never compared.
 *
 *   KIND         NAME
 *   lexical      lexical-1-<12 hex of the corpus>, whatever the order of its texts
 *   encoder      encoder-2-<12 hex of t5_encoder_sample>
 *   precomputed  as the file declares, else as the user says, else precomputed-<12 hex of the file>
 *   sentence     sentence-1-<12 hex of sentence_fingerprint>: with another prefix, or other
 *                dimensions, a vector is another one
 *   endpoint     endpoint-1-<model>: models of one name are taken for one, wherever they are asked
 *
 * Vectors that an outside embedder made may come in several files (a pool's and the queries'): they
 * go together when they declare the same embedder; files that declare none never do, unless they
 * are the same file. */
#ifndef SKEIN_EMBED_H
#define SKEIN_EMBED_H

#include "data/net/endpoint.h"
#include "infer/embed/embeddings.h"
#include "infer/sentence/sentence.h"
#include "infer/t5/base.h"

typedef enum EmbedderKind {
  EMBEDDER_LEXICAL,
  EMBEDDER_ENCODER,
  EMBEDDER_PRECOMPUTED,
  EMBEDDER_ENDPOINT,
  EMBEDDER_SENTENCE,
} EmbedderKind;
#define EMBEDDER_CHOICES "lexical|encoder|precomputed|endpoint|sentence"

/* What who types an embedder calls it: a kind, or the directory of an encoder of sentences, which is
 * *dir then and NULL else. STATUS_USAGE where `word` is neither; `place` begins the message. */
Status embedder_named(const char *word, const char *place, EmbedderKind *kind, const char **dir,
                      Error *err);
const char *embedder_kind_name(EmbedderKind kind); /* as in EMBEDDER_CHOICES */

typedef struct EmbedderSpec {
  EmbedderKind kind;
  const char *file;          /* precomputed */
  const char *name;          /* precomputed: of a file that declares no embedder; may be NULL */
  const char *const *corpus; /* lexical: texts [corpus_count] whose n-grams weigh */
  int corpus_count;
  const Base *base; /* encoder; borrowed; an encoder without a decoder will do */
  int threads;
  EndpointSpec endpoint;     /* endpoint; asked once when it is opened, for the dimension */
  SentenceSettings sentence; /* sentence; its threads are those above */
  bool share_data;           /* endpoint: data may be sent to another machine than this */
} EmbedderSpec;

typedef struct Embedder Embedder;

Status embedder_open(Embedder **e, const EmbedderSpec *spec, Error *err);
void embedder_close(Embedder *e); /* NULL is allowed */
const char *embedder_name(const Embedder *e);
int64_t embedder_dim(const Embedder *e);
bool embedder_by_key(const Embedder *e); /* precomputed: vectors are found by key */
int embedder_batch(
    const Embedder *e); /* texts that are best embedded at once, EMBED_BATCH at most */
/* The vector of a text into out [dim]; precomputed: of `key`, the text is not read. A text without
 * content, an unknown key (naming the nearest) and a vector that is not finite are errors. */
Status embedder_embed(Embedder *e, const char *key, const char *text, float *out, Error *err);

/* An instruction may be seen by anybody; data, which are inputs of a task, by this machine alone
 * unless the spec shares them: STATUS_USAGE for an endpoint that is elsewhere. */
typedef enum EmbedWhat { EMBED_INSTRUCTIONS, EMBED_DATA } EmbedWhat;

enum { EMBED_BATCH = 64 }; /* texts that one request holds, at most */

typedef struct EmbedText {
  const char *key, *text; /* as of embedder_embed */
} EmbedText;

/* The vectors of `count` texts into out [count, dim]; fewer requests than one by one. *failed: of
 * which text the failure is; -1: of none alone. */
Status embedder_embed_all(Embedder *e, EmbedWhat what, const EmbedText *text, int count, float *out,
                          int *failed, Error *err);

/* What is put before every text; NULL: of a kind that puts nothing there. */
const char *embedder_prefix(const Embedder *e);
/* What who embeds should know before, one line; NULL: nothing. */
const char *embedder_note(const Embedder *e);
/* Texts so far of which only the first *longest tokens were read. */
int64_t embedder_cut(const Embedder *e, int64_t *longest);

#endif
