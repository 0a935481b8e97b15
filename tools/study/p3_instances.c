/* Which rows come from the same instance, and which part an instance goes to.
 *
 * The rule, all of it within one set:
 *   word       a run of letters, digits and bytes above ASCII, in lower case
 *   common     a word that is in more than half of the rows of some template with at least
 *              COMMON_ROWS rows: the template's own wording, and words such as "the"
 *   sequence   the words of an input, or of a target, without the common ones
 *   same       two rows share RUN successive words of their sequences, or a whole sequence of
 *              RUN - 1; closed under transitivity
 *
 * Templates word an instance differently and may swap what is asked and what is answered; what they
 * have in common is its text, and that is what remains without the common words. The rule errs
 * towards joining: a phrase that two instances happen to share puts them into the same part. It
 * misses a row with fewer than RUN - 1 words of its own, and a text that more than half of a
 * template's rows have, which it takes for wording. */
#include <stdlib.h>

#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"
#include "tools/study/p3_set.h"

enum { RUN = 4, COMMON_ROWS = 4 };
enum { TEST_PERCENT = 20, VALID_PERCENT = 10 }; /* of the rows; the others train */
enum { PURPOSE_WORD, PURPOSE_RUN, PURPOSE_DIVIDE };

/* ---- words ---- */

/* A word of a row's texts, or a run of words. */
typedef struct Word {
  size_t template, row;
  uint64_t hash;
} Word;

typedef struct Words {
  Word *word;
  size_t count, room;
} Words;

static int in_word(char c) {
  unsigned char u = (unsigned char)c;
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u >= 0x80;
}

/* The hash of the next word at *at, which moves behind it; 0 at the end. */
static uint64_t next_word(const char **at) {
  while (**at && !in_word(**at)) ++*at;
  if (!**at) return 0;
  uint64_t hash = 0;
  for (; in_word(**at); ++*at) {
    unsigned char c = (unsigned char)**at;
    hash = rng_key(hash, c >= 'A' && c <= 'Z' ? c + 32u : c, 0, PURPOSE_WORD);
  }
  return hash ? hash : 1;
}

static void add_word(Words *words, Word word) {
  if (words->count == words->room) {
    words->room = words->room ? words->room * 2 : 1024;
    words->word = study_grow(words->word, words->room, sizeof *words->word);
  }
  words->word[words->count++] = word;
}

static void add_words(Words *words, const P3Set *set, size_t row, const char *text) {
  uint64_t hash;
  while ((hash = next_word(&text)) != 0) add_word(words, (Word){set->row[row].template, row, hash});
}

static int compare_numbers(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

static int by_template_word_row(const void *left, const void *right) {
  const Word *a = left, *b = right;
  int order = compare_numbers(a->template, b->template);
  if (!order) order = compare_numbers(a->hash, b->hash);
  return order ? order : compare_numbers(a->row, b->row);
}

typedef struct Common {
  uint64_t *hash; /* sorted */
  size_t count;
} Common;

static Common find_common(const P3Set *set) {
  Words words = {0};
  for (size_t i = 0; i < set->rows; i++) {
    add_words(&words, set, i, set->row[i].input);
    add_words(&words, set, i, set->row[i].target);
  }
  if (words.count) qsort(words.word, words.count, sizeof *words.word, by_template_word_row);
  Common common = {study_alloc(words.count, sizeof *common.hash), 0};
  size_t end;
  for (size_t begin = 0; begin < words.count; begin = end) {
    const Word *first = &words.word[begin];
    size_t rows = 0;
    for (end = begin; end < words.count && words.word[end].hash == first->hash &&
                      words.word[end].template == first->template;
         end++) {
      rows += end == begin || words.word[end].row != words.word[end - 1].row;
    }
    size_t all = set->template[first->template].rows;
    if (all >= COMMON_ROWS && 2 * rows > all) common.hash[common.count++] = first->hash;
  }
  free(words.word);
  qsort(common.hash, common.count, sizeof *common.hash, order_uint64);
  return common;
}

static int is_common(const Common *common, uint64_t hash) {
  return bsearch(&hash, common->hash, common->count, sizeof hash, order_uint64) != NULL;
}

/* ---- runs of words ---- */

static int by_word_row(const void *left, const void *right) {
  const Word *a = left, *b = right;
  int order = compare_numbers(a->hash, b->hash);
  return order ? order : compare_numbers(a->row, b->row);
}

/* Appends the runs of one text to `runs`: RUN successive words, or all RUN - 1 of them. `scratch`
 * is overwritten. */
static void add_runs(Words *runs, Words *scratch, const P3Set *set, const Common *common,
                     size_t row, const char *text) {
  scratch->count = 0;
  add_words(scratch, set, row, text);
  size_t kept = 0;
  for (size_t i = 0; i < scratch->count; i++)
    if (!is_common(common, scratch->word[i].hash)) scratch->word[kept++] = scratch->word[i];
  if (kept < RUN - 1) return;
  size_t length = kept < RUN ? kept : RUN;
  for (size_t i = 0; i + length <= kept; i++) {
    uint64_t hash = length;
    for (size_t k = 0; k < length; k++)
      hash = rng_key(hash, scratch->word[i + k].hash, k, PURPOSE_RUN);
    add_word(runs, (Word){0, row, hash});
  }
}

/* The first row of an instance stands for it. */
static size_t first_of(P3Set *set, size_t row) {
  while (set->row[row].instance != row) {
    set->row[row].instance = set->row[set->row[row].instance].instance;
    row = set->row[row].instance;
  }
  return row;
}

static void join_instances(P3Set *set, size_t a, size_t b) {
  a = first_of(set, a);
  b = first_of(set, b);
  if (a < b) set->row[b].instance = a;
  if (b < a) set->row[a].instance = b;
}

void p3_find_instances(P3Set *set) {
  Common common = find_common(set);
  Words runs = {0}, scratch = {0};
  for (size_t i = 0; i < set->rows; i++) {
    set->row[i].instance = i;
    add_runs(&runs, &scratch, set, &common, i, set->row[i].input);
    add_runs(&runs, &scratch, set, &common, i, set->row[i].target);
  }
  if (runs.count) qsort(runs.word, runs.count, sizeof *runs.word, by_word_row);
  for (size_t i = 1; i < runs.count; i++)
    if (runs.word[i].hash == runs.word[i - 1].hash)
      join_instances(set, runs.word[i].row, runs.word[i - 1].row);
  for (size_t i = 0; i < set->rows; i++) set->row[i].instance = first_of(set, i);
  free(runs.word);
  free(scratch.word);
  free(common.hash);
}

/* ---- parts ---- */

/* Rows that are not the first of an instance have one without rows. */
typedef struct Instance {
  uint64_t key;
  size_t first, rows;
} Instance;

static int by_key(const void *left, const void *right) {
  const Instance *a = left, *b = right;
  int order = compare_numbers(a->key, b->key);
  return order ? order : compare_numbers(a->first, b->first);
}

static uint64_t text_key(uint64_t key, const char *text) {
  for (; *text; text++) key = rng_key(key, (unsigned char)*text, 0, PURPOSE_DIVIDE);
  return key;
}

/* In the order of their keys, an instance goes to the test or the validation part, the one that is
 * less full first, while it fits there, else to training: so one instance of many rows cannot fill
 * a small part. */
void p3_divide(P3Set *set) {
  Instance *instance = study_alloc(set->rows, sizeof *instance);
  for (size_t i = 0; i < set->rows; i++) {
    instance[i].first = i;
    instance[i].key = text_key(text_key(0, set->name), set->row[i].input);
    instance[set->row[i].instance].rows++;
  }
  qsort(instance, set->rows, sizeof *instance, by_key);
  size_t test = 0, valid = 0;
  for (size_t i = 0; i < set->rows; i++) {
    size_t rows = instance[i].rows;
    int valid_first = valid * TEST_PERCENT < test * VALID_PERCENT;
    int in_test = (test + rows) * 100 <= set->rows * TEST_PERCENT;
    int in_valid = (valid + rows) * 100 <= set->rows * VALID_PERCENT;
    P3Part part = P3_TRAIN;
    if (in_test && !(valid_first && in_valid)) {
      part = P3_TEST;
      test += rows;
    } else if (in_valid) {
      part = P3_VALID;
      valid += rows;
    }
    set->row[instance[i].first].part = part;
  }
  for (size_t i = 0; i < set->rows; i++) set->row[i].part = set->row[set->row[i].instance].part;
  free(instance);
}
