/* metric_text: texts as sequences of numbered words, for the metrics.
 *
 * Letters are lowered one by one by the Unicode table of the C.UTF-8 locale, which differs from
 * Python's str.lower() in the few letters that become two (U+0130) or depend on their place (final
 * sigma). White space is Python's: what str.split() splits at. */
#ifndef SKEIN_METRIC_TEXT_H
#define SKEIN_METRIC_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* Equal words have equal numbers, counted from 0. Zero-initialise; free with lexicon_free. */
typedef struct Lexicon {
  void *tree; /* tsearch */
  int32_t count;
} Lexicon;
void lexicon_free(Lexicon *lexicon);

typedef struct Words {
  int32_t *id; /* owned */
  size_t count;
} Words;

/* The words of a UTF-8 text between white space; it is overwritten. Free with words_free. */
Status words_split(Words *w, char *text, Lexicon *lexicon, Error *err);
void words_free(Words *w); /* a zeroed Words is allowed */

/* In new strings the caller frees; NULL when out of memory. */
char *text_lower(const char *text);
/* SQuAD v1.1: lowered, ASCII punctuation removed, then the articles a, an, the (as whole words). */
char *text_squad(const char *text);
/* rouge-score: lowered, everything but a-z and 0-9 is white space. Newlines stay newlines. */
char *text_rouge(const char *text);
/* The 13a tokenization of mteval, as in Hugging Face evaluate: words parted by spaces. */
char *text_13a(const char *text);

/* How many n-grams of `a` are in the references, each counted at most as often as in the reference
 * that has it most (for one reference: how many n-grams both have). 1 <= n. */
Status words_common(const Words *a, const Words *reference, size_t count, size_t n, size_t *common,
                    Error *err);

#endif
