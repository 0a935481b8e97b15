/* sentence_texts: texts as a sentence encoder reads them: ids, in the order of their number. */
#ifndef SKEIN_SENTENCE_TEXTS_H
#define SKEIN_SENTENCE_TEXTS_H

#include "autograd/tensor.h"
#include "data/tokenizer/tokenizer.h"

/* A text in its turn. */
typedef struct SentenceTurn {
  int64_t tokens, text; /* how many; the index of the text */
} SentenceTurn;

typedef struct SentenceTexts {
  /* The caller sets these. */
  const Tokenizer *tokenizer;
  const char *prefix;
  int64_t longest;         /* the most tokens */
  int64_t prefix_tokens;   /* see sentence_prefix_tokens */
  const char *const *text; /* [count] */
  int64_t count;
  /* The rest is made. */
  int32_t **ids;       /* [count], owned */
  int64_t *tokens;     /* [count] of ids */
  SentenceTurn *order; /* [count] the longest first, equals in the order of the texts */
  bool *read;          /* [count] which were taken in without failure */
  int64_t cut;         /* texts that were longer */
} SentenceTexts;

/* Free with sentence_texts_free whatever is returned. A text of which no token but those of the
 * prefix is left is STATUS_INPUT, as is one that is no UTF-8; *failed is its index. */
Status sentence_texts_read(SentenceTexts *t, int threads, int64_t *failed, Error *err);
void sentence_texts_free(SentenceTexts *t);

/* The ids of the texts at [from, to) of the order, end to end in the arena; NULL: the context
 * failed. */
const int32_t *sentence_texts_pack(Context *c, const SentenceTexts *t, int64_t from, int64_t to,
                                   Ragged *rows);

/* Tokens that a prefix has in front of a text, with the one that begins it: at most so many that
 * one more and the end fit in `longest`. */
Status sentence_prefix_tokens(const Tokenizer *t, const char *prefix, int64_t longest,
                              int64_t *tokens, Error *err);

#endif
