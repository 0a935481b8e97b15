#include "infer/predict/generation_rules.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

void generation_rules_free(GenerationRules *r) {
  for (int64_t i = 0; i < r->bad_words; i++) free(r->bad_word[i].id);
  free(r->bad_word);
  free(r->forced_first.id);
  free(r->forced_last.id);
  free(r->suppressed.id);
  free(r->not_first.id);
  free(r->eos.id);
  *r = (GenerationRules){0};
}

bool generation_rules_any(const GenerationRules *r) {
  return r->repetition_penalty > 0 || r->no_repeat > 0 || r->bad_words > 0 || r->min_output > 0 ||
         r->forced_first.count > 0 || r->forced_last.count > 0 || r->suppressed.count > 0 ||
         r->not_first.count > 0;
}

static bool list_has(const IdList *list, int32_t token) {
  for (int64_t i = 0; i < list->count; i++) {
    if (list->id[i] == token) return true;
  }
  return false;
}

bool generation_ends(const GenerationRules *r, int32_t eos, int32_t token) {
  return r->eos.count > 0 ? list_has(&r->eos, token) : token == eos;
}

/* Token `at` of those that are there, of which the start is the first. */
static int32_t token_at(const Written *w, int64_t at) {
  return at == 0 ? w->start : w->token[at - 1];
}

static int64_t length_of(const Written *w) {
  return w->count + 1;
}

static bool stands_before(const Written *w, int64_t at) {
  for (int64_t i = 0; i < at; i++) {
    if (token_at(w, i) == token_at(w, at)) return true;
  }
  return false;
}

static void penalize(double penalty, const Written *w, float *score) {
  float p = (float)penalty;
  for (int64_t i = 0; i < length_of(w); i++) {
    float *s = &score[token_at(w, i)];
    if (!stands_before(w, i)) *s = *s < 0 ? *s * p : *s / p;
  }
}

/* The n tokens that begin at `a` and at `b` are the same. */
static bool same_tokens(const Written *w, int64_t a, int64_t b, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (token_at(w, a + i) != token_at(w, b + i)) return false;
  }
  return true;
}

/* Bans what would make an n-gram of one that is there already: where the last n - 1 tokens stand
 * earlier, the token behind them. */
static void ban_repeats(int64_t n, const Written *w, float *score) {
  int64_t length = length_of(w), last = length - (n - 1);
  for (int64_t at = 0; at < last; at++) {
    if (same_tokens(w, at, last, n - 1)) score[token_at(w, at + n - 1)] = -INFINITY;
  }
}

/* Bans the last token of a sequence whose others are the last that are there. A sequence that is an
 * EOS alone is none. */
static void ban_word(const GenerationRules *r, const IdList *word, int32_t eos, const Written *w,
                     float *score) {
  int64_t before = word->count - 1, length = length_of(w);
  if (before == 0 && generation_ends(r, eos, word->id[0])) return;
  if (before > length) return;
  for (int64_t i = 0; i < before; i++) {
    if (token_at(w, length - before + i) != word->id[i]) return;
  }
  score[word->id[before]] = -INFINITY;
}

static void ban(const IdList *list, float *score) {
  for (int64_t i = 0; i < list->count; i++) score[list->id[i]] = -INFINITY;
}

static void force(const IdList *list, float *score, int64_t vocab) {
  for (int64_t i = 0; i < vocab; i++) score[i] = -INFINITY;
  for (int64_t i = 0; i < list->count; i++) score[list->id[i]] = 0;
}

static void ban_eos(const GenerationRules *r, int32_t eos, float *score) {
  if (r->eos.count > 0) {
    ban(&r->eos, score);
  } else {
    score[eos] = -INFINITY;
  }
}

void generation_rules_apply(const GenerationRules *r, const Written *w, int32_t eos, float *score,
                            int64_t vocab) {
  assert(w->count < w->most && eos < vocab);
  if (r->repetition_penalty > 0) penalize(r->repetition_penalty, w, score);
  if (r->no_repeat > 0) ban_repeats(r->no_repeat, w, score);
  for (int64_t i = 0; i < r->bad_words; i++) ban_word(r, &r->bad_word[i], eos, w, score);
  if (w->count < r->min_output) ban_eos(r, eos, score);
  if (r->forced_first.count > 0 && w->count == 0) force(&r->forced_first, score, vocab);
  if (r->forced_last.count > 0 && w->count == w->most - 1) force(&r->forced_last, score, vocab);
  ban(&r->suppressed, score);
  if (w->count == (r->forced_first.count > 0)) ban(&r->not_first, score);
}
