/* Grapheme clusters by the rules of Unicode Standard Annex #29, section 3.1.1; in the comments are
 * their numbers. */
#include "data/tokenizer/unicode.h"

enum { ZWJ = 0x200d, ZWNJ = 0x200c };

/* What the characters of a cluster so far let follow. */
typedef struct Cluster {
  uint32_t last;
  bool pictograph; /* a pictograph, then only Extend: GB11 */
  bool consonant;  /* a consonant, then only Extend and linkers: GB9c */
  bool linked;     /* and one of them was a linker */
  int flags;       /* regional indicators before the next character: GB12, GB13 */
} Cluster;

static bool is_flag(uint32_t c) {
  return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* Hangul: leading consonants, vowels, trailing consonants, and syllables of two or three. */
static bool is_l(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0xa960 && c <= 0xa97c);
}

static bool is_v(uint32_t c) {
  return (c >= 0x1160 && c <= 0x11a7) || (c >= 0xd7b0 && c <= 0xd7c6);
}

static bool is_t(uint32_t c) {
  return (c >= 0x11a8 && c <= 0x11ff) || (c >= 0xd7cb && c <= 0xd7fb);
}

static bool is_syllable(uint32_t c) {
  return c >= 0xac00 && c <= 0xd7a3;
}

static bool is_lv(uint32_t c) {
  return is_syllable(c) && (c - 0xac00) % 28 == 0;
}

/* GB6 to GB8. */
static bool hangul_joins(uint32_t a, uint32_t b) {
  if (is_l(a)) return is_l(b) || is_v(b) || is_syllable(b);
  if (is_v(a) || is_lv(a)) return is_v(b) || is_t(b);
  return (is_t(a) || is_syllable(a)) && is_t(b);
}

/* Whether c belongs to the cluster. */
static bool joins(const Cluster *k, uint32_t c) {
  if (k->last == '\r' && c == '\n') return true;                  /* GB3 */
  if (unicode_is(UNICODE_CONTROL, k->last)) return false;         /* GB4 */
  if (unicode_is(UNICODE_CONTROL, c)) return false;               /* GB5 */
  if (unicode_is(UNICODE_EXTEND, c)) return true;                 /* GB9 */
  if (unicode_is(UNICODE_SPACING_MARK, c)) return true;           /* GB9a */
  if (unicode_is(UNICODE_PREPEND, k->last)) return true;          /* GB9b */
  if (k->linked && unicode_is(UNICODE_CONSONANT, c)) return true; /* GB9c */
  if (k->pictograph && k->last == ZWJ && unicode_is(UNICODE_PICTOGRAPHIC, c)) return true;
  return hangul_joins(k->last, c) || (k->flags % 2 == 1 && is_flag(c));
}

static void join(Cluster *k, uint32_t c) {
  bool extend = unicode_is(UNICODE_EXTEND, c), linker = unicode_is(UNICODE_LINKER, c);
  bool inside = (extend && c != ZWNJ) || linker;
  k->linked = k->consonant && inside && (k->linked || linker);
  k->consonant = unicode_is(UNICODE_CONSONANT, c) || (k->consonant && inside);
  k->pictograph = unicode_is(UNICODE_PICTOGRAPHIC, c) || (k->pictograph && extend);
  k->flags = is_flag(c) ? k->flags + 1 : 0;
  k->last = c;
}

size_t grapheme_size(const char *text, const char *end) {
  size_t size;
  Cluster k = {0};
  join(&k, utf8_read(text, &size));
  for (const char *p = text + size; p < end; p += size) {
    uint32_t c = utf8_read(p, &size);
    if ((k.last < 0x80 && c < 0x80 && c != '\n') || !joins(&k, c)) return (size_t)(p - text);
    join(&k, c);
  }
  return (size_t)(end - text);
}
