/* bert_text: how BERT's tokenizers prepare a text and cut it into words, as `tokenizers` 0.23 does
 * it (BertNormalizer, BertPreTokenizer).
 *
 * It differs from the tokenizer in Python that came with BERT: marks are the nonspacing ones of an
 * older Unicode (unicode.h), texts whose accents stay are not composed, and of the ideographs
 * U+2B820 to U+2B91F are no words of their own. Accents are found by utf8proc, to which this is the
 * only door. */
#ifndef SKEIN_BERT_TEXT_H
#define SKEIN_BERT_TEXT_H

#include <stdbool.h>

#include "data/text/json.h"
#include "data/tokenizer/token_text.h"

typedef struct BertText {
  bool clean;         /* control characters go, white space becomes blanks */
  bool chinese;       /* blanks are put around ideographs */
  bool strip_accents; /* texts are decomposed (NFD), and marks go */
  bool lowercase;
} BertText;

/* Reads a "BertNormalizer" of a tokenizer.json; strip_accents null is what lowercase is. */
Status bert_text_read(BertText *b, const json_t *json, const char *path, Error *err);

/* Appends what becomes of the text, in the order of the fields. */
Status bert_text_apply(const BertText *b, TextPart from, TokenText *to, Error *err);

/* Bytes of the first word of a text that is not empty: a punctuation character, or what stands
 * before the next one and before white space; 0: it begins with white space. */
size_t bert_word_size(const char *text, size_t size);

#endif
