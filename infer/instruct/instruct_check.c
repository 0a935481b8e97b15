#include "infer/instruct/instruct_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "autograd/ground/visible.h"
#include "data/text/utf8.h"

enum { WORDS_LEAST = 3 };

/* ---- words ---- */

typedef struct Word {
  const char *at;
  size_t size;
  bool begins; /* a text, or a sentence of it: a capital tells nothing there */
} Word;

typedef struct Words {
  Word *word; /* [count] */
  size_t count;
} Words;

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool in_word(char c) {
  return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z') || c == '\'' ||
         (unsigned char)c >= 0x80;
}

static bool split_words(Words *w, const char *text) {
  bool begins = true;
  for (const char *p = text; *p;) {
    const char *begin = p;
    while (in_word(*p)) p++;
    if (p == begin) {
      begins |= strchr(".!?", *p++) != NULL;
      continue;
    }
    Word *grown = array_grow(w->word, w->count, 1, sizeof *grown);
    if (!grown) return false;
    w->word = grown;
    w->word[w->count++] = (Word){begin, (size_t)(p - begin), begins};
    begins = false;
  }
  return true;
}

static char lower(char c) {
  return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(Word a, Word b, bool any_case) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; i++) {
    if (any_case ? lower(a.at[i]) != lower(b.at[i]) : a.at[i] != b.at[i]) return false;
  }
  return true;
}

/* Whether the `n` words stand in a row in `in`. */
static bool has_run(const Words *in, const Word *run, size_t n, bool any_case) {
  for (size_t at = 0; at + n <= in->count; at++) {
    size_t i = 0;
    while (i < n && same_word(in->word[at + i], run[i], any_case)) i++;
    if (i == n) return true;
  }
  return false;
}

/* ---- what an answer is alone ---- */

static bool has_hidden(const char *text) {
  bool hidden = false;
  while (*text && !hidden) text += visible_next(text, &hidden);
  return hidden;
}

/* A sentence ends, and another begins. "e.g. Paris" is none: a dot stands in its word. */
static bool has_two_sentences(const char *text) {
  for (const char *p = text + strcspn(text, ".!?"); *p; p += 1 + strcspn(p + 1, ".!?")) {
    const char *next = p + 1 + strspn(p + 1, "\"') ");
    bool begins = next > p + 1 && strchr(p + 1, ' ') && is_upper(*next);
    bool abbreviated = *p == '.' && p >= text + 2 && p[-2] == '.';
    if (begins && !abbreviated) return true;
  }
  return false;
}

/* What is wrong with the answer, whatever the examples; NULL: nothing. */
static const char *fault_of(const char *text, const Words *words) {
  size_t size = strlen(text);
  if (size == 0) return "it is empty";
  if (strpbrk(text, "\r\n")) return "it has more than one line";
  if (utf8_valid(text, size) < size || has_hidden(text)) return "it holds control characters";
  if (words->count < WORDS_LEAST) return "it is no sentence";
  if (size > INSTRUCT_BYTES) return "it is too long";
  return has_two_sentences(text) ? "it is more than one sentence" : NULL;
}

/* ---- what it takes from the examples ---- */

/* The words of each example, one after the other. */
typedef struct Shown {
  Words *words; /* [count] */
  int count;
} Shown;

static bool split_examples(Shown *shown, const InstructSample *s) {
  shown->words = calloc((size_t)s->count + 1, sizeof *shown->words);
  if (!shown->words) return false;
  shown->count = s->count;
  for (int i = 0; i < s->count; i++) {
    if (!split_words(&shown->words[i], s->example[i].input)) return false;
    if (!split_words(&shown->words[i], s->example[i].output)) return false;
  }
  return true;
}

/* In some examples and not in all; of one example, in it. */
static bool is_detail(const Shown *shown, const Word *run, size_t n, bool any_case) {
  int found = 0;
  for (int i = 0; i < shown->count; i++) found += has_run(&shown->words[i], run, n, any_case);
  return found > 0 && (found < shown->count || shown->count == 1);
}

/* Whether an example has the word within a sentence. */
static bool is_amid(const Shown *shown, Word w) {
  for (int i = 0; i < shown->count; i++) {
    const Words *in = &shown->words[i];
    for (size_t k = 0; k < in->count; k++) {
      if (!in->word[k].begins && same_word(in->word[k], w, false)) return true;
    }
  }
  return false;
}

/* A number, or a word with a capital; where it begins the answer, if the examples have it so within a
 * sentence. */
static bool is_name(const Shown *shown, Word w) {
  int digits = 0;
  for (size_t i = 0; i < w.size; i++) digits += is_digit(w.at[i]);
  if (digits >= 2) return true;
  return w.size >= 2 && is_upper(w.at[0]) && (!w.begins || is_amid(shown, w));
}

/* Of `size` bytes of UTF-8 those that are shown: whole characters. */
static int shown_bytes(const char *text, size_t size) {
  enum { MOST = 150 };
  return (int)utf8_valid(text, size < MOST ? size : MOST);
}

static bool takes_from(const Shown *shown, const Words *words, char why[INSTRUCT_WHY]) {
  for (size_t i = 0; i + INSTRUCT_RUN <= words->count; i++) {
    const Word *run = words->word + i, last = run[INSTRUCT_RUN - 1];
    if (!is_detail(shown, run, INSTRUCT_RUN, true)) continue;
    snprintf(why, INSTRUCT_WHY, "it copies '%.*s' from an example",
             shown_bytes(run->at, (size_t)(last.at + last.size - run->at)), run->at);
    return true;
  }
  for (size_t i = 0; i < words->count; i++) {
    Word w = words->word[i];
    if (!is_name(shown, w) || !is_detail(shown, &w, 1, false)) continue;
    snprintf(why, INSTRUCT_WHY, "it names '%.*s', a detail of an example",
             shown_bytes(w.at, w.size), w.at);
    return true;
  }
  return false;
}

Status instruct_check(const char *text, const InstructSample *s, bool *fit, char why[INSTRUCT_WHY],
                      Error *err) {
  Words words = {0};
  Shown shown = {0};
  Status status = STATUS_OK;
  *fit = false;
  if (split_words(&words, text) && split_examples(&shown, s)) {
    const char *fault = fault_of(text, &words);
    if (fault) snprintf(why, INSTRUCT_WHY, "%s", fault);
    *fit = !fault && !takes_from(&shown, &words, why);
  } else {
    status = error_set(err, STATUS_RUN, "out of memory: the check of an instruction");
  }
  for (int i = 0; i < shown.count; i++) free(shown.words[i].word);
  free(shown.words);
  free(words.word);
  return status;
}

/* ---- trimming ---- */

static bool is_white(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char *instruct_trim(const char *answer) {
  static const char *const QUOTES[][2] = {
      {"\"", "\""}, {"'", "'"}, {"`", "`"}, {"\u201c", "\u201d"}};
  const char *end = answer + strlen(answer);
  while (is_white(*answer)) answer++;
  while (end > answer && is_white(end[-1])) end--;
  for (size_t i = 0; i < sizeof QUOTES / sizeof *QUOTES; i++) {
    size_t n = strlen(QUOTES[i][0]); /* as long as its partner */
    if ((size_t)(end - answer) < 2 * n || memcmp(answer, QUOTES[i][0], n) != 0 ||
        memcmp(end - n, QUOTES[i][1], n) != 0)
      continue;
    answer += n;
    end -= n;
    break;
  }
  return strndup(answer, (size_t)(end - answer));
}
