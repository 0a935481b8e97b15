/* ROUGE (Lin 2004) as in the package rouge-score, without its stemmer. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "infer/metric/metric_internal.h"
#include "infer/metric/metric_text.h"

/* A text as sentences (lines) of words; one sentence when lines do not count. */
typedef struct Summary {
  Words *sentence;
  size_t count, words;
} Summary;

static void summary_free(Summary *s) {
  for (size_t i = 0; i < s->count; i++) words_free(&s->sentence[i]);
  free(s->sentence);
  *s = (Summary){0};
}

static Status split_lines(Summary *s, char *text, bool by_line, Lexicon *lexicon, Error *err) {
  size_t lines = 1;
  for (const char *at = text; *at; at++) lines += *at == '\n';
  s->sentence = calloc(lines, sizeof *s->sentence);
  if (!s->sentence) return error_set(err, STATUS_RUN, "out of memory: %zu sentences", lines);
  for (char *line = text; line;) {
    char *end = by_line ? strchr(line, '\n') : NULL;
    if (end) *end++ = '\0';
    TRY(words_split(&s->sentence[s->count], line, lexicon, err));
    s->words += s->sentence[s->count++].count;
    line = end;
  }
  return STATUS_OK;
}

static Status summary_of(Summary *s, const char *text, bool by_line, Lexicon *lexicon, Error *err) {
  char *plain = text_rouge(text);
  if (!plain) return error_set(err, STATUS_RUN, "out of memory: a text");
  Status status = split_lines(s, plain, by_line, lexicon, err);
  free(plain);
  return status;
}

/* F1 of `hits` out of `of_prediction` and of `of_target`. */
static double f_measure(size_t hits, size_t of_prediction, size_t of_target) {
  if (hits == 0) return 0;
  double precision = (double)hits / (double)of_prediction,
         recall = (double)hits / (double)of_target;
  return 2 * precision * recall / (precision + recall);
}

/* ---- n-grams ---- */

static Status ngram_f1(const Summary *prediction, const Summary *target, size_t n, double *score,
                       Error *err) {
  const Words *p = prediction->sentence, *t = target->sentence;
  size_t common;
  TRY(words_common(p, t, 1, n, &common, err));
  *score = f_measure(common, p->count - n + 1, t->count - n + 1);
  return STATUS_OK;
}

static Status unigram_f1(const Summary *p, const Summary *t, double *score, Error *err) {
  return ngram_f1(p, t, 1, score, err);
}

static Status bigram_f1(const Summary *p, const Summary *t, double *score, Error *err) {
  return ngram_f1(p, t, 2, score, err);
}

/* ---- longest common subsequences ---- */

/* table [(a + 1) * (b + 1)]: lengths for all prefixes; the caller frees. */
static int32_t *lcs_table(const Words *a, const Words *b, Error *err) {
  size_t ld = b->count + 1;
  int32_t *t = calloc((a->count + 1) * ld, sizeof *t);
  if (!t)
    error_set(err, STATUS_RUN, "out of memory: sentences of %zu and %zu words", a->count, b->count);
  for (size_t i = 1; t && i <= a->count; i++) {
    for (size_t j = 1; j <= b->count; j++) {
      int32_t up = t[(i - 1) * ld + j], left = t[i * ld + j - 1];
      t[i * ld + j] = a->id[i - 1] == b->id[j - 1] ? t[(i - 1) * ld + j - 1] + 1
                      : up > left                  ? up
                                                   : left;
    }
  }
  return t;
}

static Status sequence_f1(const Summary *prediction, const Summary *target, double *score,
                          Error *err) {
  const Words *p = prediction->sentence, *t = target->sentence;
  int32_t *table = lcs_table(t, p, err);
  if (!table) return err->status;
  int32_t length = table[(t->count + 1) * (p->count + 1) - 1];
  *score = f_measure((size_t)length, p->count, t->count);
  free(table);
  return STATUS_OK;
}

/* Marks the words of sentence `a` that one longest common subsequence with `b` has. Which one of
 * several is found decides the score: up wins over left where both are as long. */
static Status mark_common(const Words *a, const Words *b, bool *mark, Error *err) {
  int32_t *t = lcs_table(a, b, err);
  if (!t) return err->status;
  size_t ld = b->count + 1;
  for (size_t i = a->count, j = b->count; i > 0 && j > 0;) {
    if (a->id[i - 1] == b->id[j - 1]) {
      mark[--i] = true;
      j--;
    } else if (t[i * ld + j - 1] > t[(i - 1) * ld + j]) {
      j--;
    } else {
      i--;
    }
  }
  free(t);
  return STATUS_OK;
}

/* Counts of each word, to be used up. */
static void count_words(const Summary *s, int32_t *left) {
  for (size_t i = 0; i < s->count; i++)
    for (size_t w = 0; w < s->sentence[i].count; w++) left[s->sentence[i].id[w]]++;
}

/* Hits of one target sentence: the union of its subsequences with every predicted sentence, each
 * word at most as often as both texts have it. */
static Status sentence_hits(const Words *target, const Summary *prediction, int32_t *left_p,
                            int32_t *left_t, size_t *hits, Error *err) {
  bool *mark = calloc(target->count + 1, sizeof *mark);
  Status status = mark ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a sentence");
  for (size_t i = 0; i < prediction->count && status == STATUS_OK; i++)
    status = mark_common(target, &prediction->sentence[i], mark, err);
  for (size_t w = 0; status == STATUS_OK && w < target->count; w++) {
    int32_t id = target->id[w];
    if (!mark[w] || left_p[id] == 0 || left_t[id] == 0) continue;
    left_p[id]--;
    left_t[id]--;
    ++*hits;
  }
  free(mark);
  return status;
}

static Status summary_f1(const Summary *p, const Summary *t, double *score, Error *err) {
  size_t room = p->words + t->words + 1, hits = 0; /* no number of a word is larger */
  int32_t *left = calloc(2 * room, sizeof *left);
  if (!left) return error_set(err, STATUS_RUN, "out of memory: %zu words", room);
  count_words(p, left);
  count_words(t, left + room);
  Status status = STATUS_OK;
  for (size_t i = 0; i < t->count && status == STATUS_OK; i++)
    status = sentence_hits(&t->sentence[i], p, left, left + room, &hits, err);
  *score = f_measure(hits, p->words, t->words);
  free(left);
  return status;
}

/* ---- metrics ---- */

typedef Status Compare(const Summary *prediction, const Summary *target, double *score, Error *err);

static Status score_rouge(const char *prediction, const char *target, bool by_line,
                          Compare *compare, double *score, Error *err) {
  Lexicon lexicon = {0};
  Summary p = {0}, t = {0};
  *score = 0;
  Status status = summary_of(&p, prediction, by_line, &lexicon, err);
  if (status == STATUS_OK) status = summary_of(&t, target, by_line, &lexicon, err);
  if (status == STATUS_OK) status = compare(&p, &t, score, err);
  summary_free(&p);
  summary_free(&t);
  lexicon_free(&lexicon);
  return status;
}

Status metric_rouge_1(const char *prediction, const char *target, double *score, Error *err) {
  return score_rouge(prediction, target, false, unigram_f1, score, err);
}

Status metric_rouge_2(const char *prediction, const char *target, double *score, Error *err) {
  return score_rouge(prediction, target, false, bigram_f1, score, err);
}

Status metric_rouge_l(const char *prediction, const char *target, double *score, Error *err) {
  return score_rouge(prediction, target, false, sequence_f1, score, err);
}

Status metric_rouge_lsum(const char *prediction, const char *target, double *score, Error *err) {
  return score_rouge(prediction, target, true, summary_f1, score, err);
}
