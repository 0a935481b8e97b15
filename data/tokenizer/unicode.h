/* unicode: characters of UTF-8 texts and the properties of them that tokenizers count on.
 *
 * The tables (unicode_tables.c) are those of the Rust library `tokenizers` 0.23, so that texts are
 * cut where it cuts them: classes of grapheme clusters of Unicode 17, letters of Unicode 16. */
#ifndef SKEIN_UNICODE_H
#define SKEIN_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The classes of Unicode Standard Annex #29, table 2, and InCB of UAX #44, as far as they join
 * characters to clusters; and what \w matches (UTS #18, annex C). EXTEND holds ZWJ, too. */
typedef enum UnicodeClass {
  UNICODE_EXTEND,
  UNICODE_SPACING_MARK,
  UNICODE_PREPEND,
  UNICODE_CONTROL,
  UNICODE_PICTOGRAPHIC,
  UNICODE_CONSONANT,
  UNICODE_LINKER,
  UNICODE_WORD,
  UNICODE_CLASSES
} UnicodeClass;

/* Ascending ranges, each first << 11 | count - 1. */
typedef struct UnicodeTable {
  const uint32_t *range;
  size_t count;
} UnicodeTable;
extern const UnicodeTable UNICODE_TABLES[UNICODE_CLASSES];

/* What BERT's normaliser drops as control characters and as accents, and what its pre-tokenizer
 * makes words of their own (bert_text.h): categories of an older Unicode (unicode_bert.c). */
extern const UnicodeTable UNICODE_BERT_DROPPED, UNICODE_BERT_MARK, UNICODE_BERT_PUNCTUATION;

/* Every `step`-th character from first to last has its lower case `delta` away. */
typedef struct UnicodeLower {
  uint32_t first, last;
  int step, delta;
} UnicodeLower;
enum { UNICODE_LOWERS = 185 };
extern const UnicodeLower UNICODE_LOWER[UNICODE_LOWERS];

/* The texts below are valid UTF-8. */

/* The character that begins at `text`, and its bytes. */
uint32_t utf8_read(const char *text, size_t *size);
size_t utf8_size(const char *text);
/* The beginning of the character that ends before `at`, which is beyond the text's beginning. */
const char *utf8_back(const char *at);
/* Writes a character's 1 to 4 bytes and returns how many. */
size_t utf8_write(uint32_t c, char out[4]);

bool unicode_is(UnicodeClass k, uint32_t c);
bool unicode_in(const UnicodeTable *t, uint32_t c);
bool unicode_is_space(uint32_t c); /* White_Space */
/* The lower case of c; U+0130 has a second character, U+0307, which is the caller's to add. */
uint32_t unicode_lower(uint32_t c);

/* Bytes of the first extended grapheme cluster (UAX #29) of a text that is not empty. */
size_t grapheme_size(const char *text, const char *end);

#endif
