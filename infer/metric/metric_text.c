#include "infer/metric/metric_text.h"

#include <locale.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* ---- characters ---- */

/* The code point at `text` and its length in bytes. The text is valid UTF-8, or it is read as
 * single bytes. */
static size_t decode_point(const unsigned char *text, wint_t *point) {
  static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  size_t size = text[0] < 0xc0 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
  *point = text[0] & mask[size];
  for (size_t i = 1; i < size; i++) {
    if ((text[i] & 0xc0) != 0x80) return *point = text[0], 1;
    *point = *point << 6 | (text[i] & 0x3f);
  }
  return size;
}

static size_t encode_point(wint_t point, char *out) {
  if (point < 0x80) return out[0] = (char)point, 1;
  size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = size - 1; i > 0; i--, point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
  out[0] = (char)(lead[size] | point);
  return size;
}

/* str.isspace() of Python. */
static bool is_space(wint_t p) {
  return (p >= 9 && p <= 13) || (p >= 0x1c && p <= 0x20) || p == 0x85 || p == 0xa0 || p == 0x1680 ||
         (p >= 0x2000 && p <= 0x200a) || p == 0x2028 || p == 0x2029 || p == 0x202f || p == 0x205f ||
         p == 0x3000;
}

static bool is_ascii_punctuation(char ch) {
  return (ch >= '!' && ch <= '/') || (ch >= ':' && ch <= '@') || (ch >= '[' && ch <= '`') ||
         (ch >= '{' && ch <= '~');
}

/* ---- numbered words ---- */

typedef struct Entry {
  char *word;
  int32_t id;
} Entry;

static int compare_entries(const void *a, const void *b) {
  return strcmp(((const Entry *)a)->word, ((const Entry *)b)->word);
}

static void free_entry(void *entry) {
  free(((Entry *)entry)->word);
  free(entry);
}

void lexicon_free(Lexicon *lexicon) {
  tdestroy(lexicon->tree, free_entry);
  *lexicon = (Lexicon){0};
}

/* The number of a word, -1 when out of memory. */
static int32_t number_of(Lexicon *lexicon, char *word) {
  Entry key = {word, 0};
  Entry **found = tfind(&key, &lexicon->tree, compare_entries);
  if (found) return (*found)->id;
  Entry *made = malloc(sizeof *made);
  if (!made) return -1;
  *made = (Entry){strdup(word), lexicon->count};
  if (made->word && tsearch(made, &lexicon->tree, compare_entries)) return lexicon->count++;
  free_entry(made);
  return -1;
}

/* The next word from *at on, ended by NUL in place; NULL after the last. */
static char *next_word(char **at) {
  wint_t point;
  char *start = *at, *end;
  size_t size;
  while (*start && (size = decode_point((unsigned char *)start, &point), is_space(point)))
    start += size;
  if (!*start) return NULL;
  for (end = start; *end; end += size) {
    size = decode_point((unsigned char *)end, &point);
    if (is_space(point)) break;
  }
  *at = *end ? end + size : end;
  *end = '\0';
  return start;
}

Status words_split(Words *w, char *text, Lexicon *lexicon, Error *err) {
  *w = (Words){calloc(strlen(text) / 2 + 1, sizeof *w->id), 0};
  bool failed = !w->id;
  for (char *word; !failed && (word = next_word(&text)) != NULL;) {
    int32_t id = number_of(lexicon, word);
    failed = id < 0;
    w->id[w->count++] = id;
  }
  if (!failed) return STATUS_OK;
  words_free(w);
  return error_set(err, STATUS_RUN, "out of memory: the words of a text");
}

void words_free(Words *w) {
  free(w->id);
  *w = (Words){0};
}

/* ---- normalisations ---- */

char *text_lower(const char *text) {
  locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  /* A letter's lower case may be a byte longer. */
  char *out = locale ? malloc(strlen(text) * 2 + 1) : NULL, *to = out;
  for (const unsigned char *at = (const unsigned char *)text; out && *at;) {
    wint_t point;
    size_t size = decode_point(at, &point);
    wint_t lower = towlower_l(point, locale);
    if (lower == point) {
      memcpy(to, at, size);
      to += size;
    } else {
      to += encode_point(lower, to);
    }
    at += size;
  }
  if (out) *to = '\0';
  if (locale) freelocale(locale);
  return out;
}

/* Removes what is_ascii_punctuation, in place. */
static void drop_punctuation(char *text) {
  char *to = text;
  for (const char *at = text; *at; at++)
    if (!is_ascii_punctuation(*at)) *to++ = *at;
  *to = '\0';
}

static bool in_word(wint_t point, locale_t locale) {
  return iswalnum_l(point, locale) || point == '_';
}

/* Length of the article that is the whole word at `at`, 0 when it is none. */
static size_t article_at(const char *at, locale_t locale) {
  static const char *const article[] = {"a", "an", "the"};
  for (size_t i = 0; i < sizeof article / sizeof *article; i++) {
    size_t size = strlen(article[i]);
    wint_t after;
    if (strncmp(at, article[i], size) != 0) continue;
    decode_point((const unsigned char *)at + size, &after);
    if (!in_word(after, locale)) return size;
  }
  return 0;
}

/* Puts spaces in the place of each article that stands as a word by itself. */
static void blank_articles(char *text, locale_t locale) {
  bool inside = false; /* the character before is part of a word */
  for (char *at = text; *at;) {
    wint_t point;
    size_t size = decode_point((unsigned char *)at, &point);
    size_t article = inside ? 0 : article_at(at, locale);
    memset(at, ' ', article);
    inside = !article && in_word(point, locale);
    at += article ? article : size;
  }
}

char *text_squad(const char *text) {
  locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  char *out = locale ? text_lower(text) : NULL;
  if (out) {
    drop_punctuation(out);
    blank_articles(out, locale);
  }
  if (locale) freelocale(locale);
  return out;
}

char *text_rouge(const char *text) {
  char *out = text_lower(text);
  for (char *at = out; out && *at; at++) {
    bool kept = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '\n';
    if (!kept) *at = ' ';
  }
  return out;
}
