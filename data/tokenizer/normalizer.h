/* normalizer: steps that rewrite a text before it is cut into words.
 *
 *   STEP         WHAT IT DOES (as `tokenizers` 0.23 does it)
 *   Precompiled  a grapheme cluster of less than 6 bytes that begins with a key becomes what the
 *                shortest such key is replaced by, all of it; in other clusters each character
 *   Replace      every place of a text, or of n or more of a character, becomes a text
 *   Strip        white space goes from the ends
 *   Prepend      a text is put before what is not empty
 *   Lowercase    every character by itself
 *   BertNormalizer  see bert_text.h
 *   Sequence     steps, in order
 *
 * Precompiled differs from SentencePiece, which replaces by the longest key wherever it stands. */
#ifndef SKEIN_NORMALIZER_H
#define SKEIN_NORMALIZER_H

#include <stdbool.h>

#include "data/text/json.h"
#include "data/tokenizer/bert_text.h"
#include "data/tokenizer/charsmap.h"
#include "data/tokenizer/token_text.h"

typedef enum NormalizerType {
  NORMALIZE_PRECOMPILED,
  NORMALIZE_REPLACE,
  NORMALIZE_STRIP,
  NORMALIZE_PREPEND,
  NORMALIZE_LOWERCASE,
  NORMALIZE_BERT, /* where the text begins is not followed: TextPart.head becomes 0 */
} NormalizerType;

typedef struct NormalizerStep {
  NormalizerType type;
  Charsmap charsmap;
  char *pattern;   /* owned; of Replace */
  size_t repeated; /* the pattern is a character that stands so often or more; 0: it is a text */
  char *content;   /* owned; of Replace and Prepend */
  bool left, right;
  BertText bert;
} NormalizerStep;

typedef struct Normalizer {
  NormalizerStep *step; /* [count] */
  size_t count;
} Normalizer;

/* Reads the "normalizer" of a tokenizer.json, or null. Steps that are not in the table, and
 * patterns that are not a text or a repeated character, are STATUS_INPUT, by name. */
Status normalizer_read(Normalizer *n, const json_t *json, const char *path, Error *err);
/* Appends the step Precompiled. `place` says where the rules were, for STATUS_INPUT. */
Status normalizer_add_rules(Normalizer *n, const unsigned char *rules, size_t size,
                            const char *path, const char *place, Error *err);
/* Appends the step BertNormalizer. */
Status normalizer_add_bert(Normalizer *n, const BertText *how, const char *path, Error *err);
/* Puts the step Lowercase before the others. */
Status normalizer_lower_first(Normalizer *n, const char *path, Error *err);
void normalizer_free(Normalizer *n); /* a zeroed Normalizer is allowed */

/* The part after every step, in a text that the caller frees; on failure there is none.
 * Thread-safe. */
Status normalizer_apply(const Normalizer *n, TextPart part, TokenText *out, Error *err);

#endif
