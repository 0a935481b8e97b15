/* sentence: encoders of sentences as sentence-transformers keeps them: a directory of a model, its
 * tokenizer and the steps behind it.
 *
 * The room infer/sentence owns these: their steps (sentence_modules.h: pooling.h, dense.h), their
 * model (bert.h), what their files say of texts (sentence_config.h), and the way from texts to
 * vectors (this header). It knows no pool, no base and no other embedder. Files are read as
 * sentence-transformers 6 reads them, in the spellings of old and new versions.
 *
 * A text is put behind the prefix, cut to the most tokens that the model reads, and goes through
 * the model beside others of like length: rows are packed, none is padded, and no text's vector
 * depends on the texts beside it. */
#ifndef SKEIN_SENTENCE_H
#define SKEIN_SENTENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "data/file/hash.h"

typedef struct SentenceSettings {
  const char *dir;
  const char *prompt; /* name of a prompt in config_sentence_transformers.json; NULL: its default */
  const char *prefix; /* text that is put before every text in its place; NULL: none is given */
  int64_t dimensions; /* leading coordinates that are kept; 0: truncate_dim of the file, else all */
  int threads;
} SentenceSettings;

typedef struct Sentence Sentence;

/* Opens a directory. Malformed files, and models, steps, activations and layouts that are not
 * computed are STATUS_INPUT, by name; an unknown prompt, two prefixes and too many dimensions
 * STATUS_USAGE.
 *
 * `dimensions` keeps the first coordinates of a vector (Kusupati et al. 2022, arXiv 2205.13147) and
 * does not normalise it anew, as truncate_dim of sentence-transformers; of a nomic-bert the pooled
 * vector is normalised over all its coordinates before (layer norm without weights, eps 1e-5) and
 * to length 1 after, as the model card of nomic-embed-text-v1.5 has it. */
Status sentence_open(Sentence **s, const SentenceSettings *settings, Error *err);
void sentence_close(Sentence *s); /* NULL is allowed */

int64_t sentence_dim(const Sentence *s);
int64_t sentence_longest(const Sentence *s); /* the most tokens that are read of a text */
int64_t sentence_cut(const Sentence *s);     /* texts so far that were longer */
/* SHA-256 of all that vectors depend on: weights (a sample, as t5_sample), tokenizer, steps,
 * prefix, dimensions. */
const char *sentence_fingerprint(const Sentence *s);
/* What is put before every text; "" for nothing. */
const char *sentence_prefix(const Sentence *s);
/* What who embeds should know, one line; NULL: nothing. */
const char *sentence_note(const Sentence *s);

/* The vectors [count, sentence_dim] of texts. A text without content is STATUS_INPUT; *failed
 * receives the index of a text that is to blame, or -1. */
Status sentence_embed(Sentence *s, const char *const *text, int64_t count, float *out,
                      int64_t *failed, Error *err);

#endif
