/* Scores and texts: against transformers (tests/oracle/make_predict_golden.py), and together
 * against one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "tests/asked.h"
#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static void score_all(const Asked *g, const PredictSettings *settings, Score *score) {
  Predictor *p = asked_predictor(g, settings);
  Error err = {0};
  expect_ok("scores", predict_scores(p, &ASKED_PLAIN, g->item, g->items, score, &err), &err);
  predictor_close(p);
}

static void free_scores(const Asked *g, Score *score) {
  for (int64_t i = 0; i < g->items; i++) score_free(&score[i]);
}

static void text_all(const Asked *g, const PredictSettings *settings, char **text) {
  Predictor *p = asked_predictor(g, settings);
  Error err = {0};
  expect_ok("texts", predict_texts(p, &ASKED_PLAIN, g->item, g->items, text, &err), &err);
  predictor_close(p);
}

static void free_texts(const Asked *g, char **text) {
  for (int64_t i = 0; i < g->items; i++) free(text[i]);
}

/* ---- transformers ---- */

static void scores_agree_with_transformers(void **state) {
  const Asked *g = *state;
  Score score[ASKED_MOST];
  score_all(g, &ASKED_DEFAULTS, score);
  Comparison c = compare_begin(PARITY_F32, "scores");
  for (int64_t i = 0; i < g->items; i++) {
    const json_t *row = json_array_get(json_object_get(g->expected, "scores"), (size_t)i);
    assert_int_equal(score[i].choices, g->item[i].choices);
    int best = 0;
    double highest = -INFINITY;
    for (int k = 0; k < score[i].choices; k++) {
      const json_t *want = json_array_get(json_object_get(row, "choices"), (size_t)k);
      double loglik = json_real_value(json_object_get(want, "loglik"));
      double tokens = (double)json_integer_value(json_object_get(want, "tokens"));
      compare_value(&c, "loglik", score[i].loglik[k], loglik);
      compare_value(&c, "score", score[i].score[k], loglik / (tokens + 1e-6));
      if (loglik / (tokens + 1e-6) > highest) {
        highest = loglik / (tokens + 1e-6);
        best = k;
      }
    }
    assert_int_equal(score[i].prediction, best);
  }
  compare_end(&c);
  free_scores(g, score);
}

static void texts_agree_with_transformers(void **state) {
  const Asked *g = *state;
  const json_t *texts = json_object_get(g->expected, "texts"), *row;
  size_t r, i;
  json_t *want;
  assert_true(json_array_size(texts) > 1);
  json_array_foreach(texts, r, row) {
    PredictSettings s = ASKED_DEFAULTS;
    s.beams = (int)json_integer_value(json_object_get(row, "beams"));
    s.length_penalty = json_real_value(json_object_get(row, "length_penalty"));
    s.max_output = json_integer_value(json_object_get(row, "max_output"));
    char *text[ASKED_MOST];
    text_all(g, &s, text);
    assert_int_equal(json_array_size(json_object_get(row, "texts")), g->items);
    json_array_foreach(json_object_get(row, "texts"), i, want) {
      if (strcmp(text[i], json_string_value(want)) != 0) {
        fail_msg("%d beams, penalty %g, at most %d tokens: item %zu: '%s', want '%s'", s.beams,
                 s.length_penalty, (int)s.max_output, i, text[i], json_string_value(want));
      }
    }
    free_texts(g, text);
  }
}

/* ---- who is asked together ---- */

static void expect_same_scores(const Asked *g, const char *what, const Score *a, const Score *b) {
  for (int64_t i = 0; i < g->items; i++) {
    assert_int_equal(a[i].choices, b[i].choices);
    for (int k = 0; k < a[i].choices; k++) {
      double apart = fabs(a[i].loglik[k] - b[i].loglik[k]);
      if (!(apart <= ASKED_NEIGHBOUR * fabs(a[i].loglik[k]))) {
        fail_msg("%s: item %d, choice %d: %.9g and %.9g", what, (int)i, k, a[i].loglik[k],
                 b[i].loglik[k]);
      }
    }
  }
}

/* An item with every choice twice. */
static void double_choices(Item *item, char **choice, int *alike) {
  int n = item->choices;
  for (int k = 0; k < 2 * n; k++) {
    choice[k] = item->choice[k % n];
    alike[k] = k % n;
  }
  item->choice = choice;
  item->alike = alike;
  item->choices = 2 * n;
}

/* Choices that are alike are computed once: nothing else changes by them. */
static void alike_choices_have_one_score(void **state) {
  enum { CHOICES = 64 };
  const Asked *g = *state;
  Asked twice = *g;
  Score once[ASKED_MOST], score[ASKED_MOST];
  char *choice[ASKED_MOST][CHOICES];
  int alike[ASKED_MOST][CHOICES];
  for (int64_t i = 0; i < g->items; i++) {
    assert_true(2 * g->item[i].choices <= CHOICES);
    double_choices(&twice.item[i], choice[i], alike[i]);
  }
  score_all(g, &ASKED_DEFAULTS, once);
  score_all(&twice, &ASKED_DEFAULTS, score);
  for (int64_t i = 0; i < g->items; i++) {
    size_t n = (size_t)once[i].choices, size = n * sizeof(double);
    assert_int_equal(score[i].choices, 2 * n);
    assert_int_equal(score[i].prediction, once[i].prediction);
    assert_memory_equal(score[i].loglik, once[i].loglik, size);
    assert_memory_equal(score[i].loglik + n, once[i].loglik, size);
    assert_memory_equal(score[i].score + n, once[i].score, size);
  }
  free_scores(g, once);
  free_scores(g, score);
}

static void scores_do_not_depend_on_the_batch(void **state) {
  const Asked *g = *state;
  static const int64_t sizes[] = {1, 100, 1000};
  Score all[ASKED_MOST], other[ASKED_MOST];
  score_all(g, &ASKED_DEFAULTS, all);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    PredictSettings s = ASKED_DEFAULTS;
    s.batch_tokens = sizes[i];
    score_all(g, &s, other);
    expect_same_scores(g, "batch", all, other);
    free_scores(g, other);
  }
  free_scores(g, all);
}

static void choices_do_not_see_each_other(void **state) {
  const Asked *g = *state;
  Score all[ASKED_MOST], one[ASKED_MOST] = {0};
  Predictor *p = asked_predictor(g, &ASKED_DEFAULTS);
  Error err = {0};
  score_all(g, &ASKED_DEFAULTS, all);
  for (int64_t i = 0; i < g->items; i++) {
    one[i] = (Score){.choices = all[i].choices, .loglik = calloc(8, sizeof(double))};
    assert_non_null(one[i].loglik);
    for (int k = 0; k < all[i].choices; k++) {
      Item alone = g->item[i];
      Score score;
      alone.choice += k;
      alone.choices = 1;
      expect_ok("one choice", predict_scores(p, &ASKED_PLAIN, &alone, 1, &score, &err), &err);
      one[i].loglik[k] = score.loglik[0];
      assert_int_equal(score.prediction, 0);
      score_free(&score);
    }
  }
  expect_same_scores(g, "choice", all, one);
  predictor_close(p);
  free_scores(g, all);
  free_scores(g, one);
}

static void texts_do_not_depend_on_the_batch(void **state) {
  const Asked *g = *state;
  static const int64_t sizes[] = {1, 150, 100000};
  for (int beams = 1; beams <= 3; beams += 2) {
    PredictSettings s = ASKED_DEFAULTS;
    s.beams = beams;
    char *all[ASKED_MOST], *other[ASKED_MOST];
    text_all(g, &s, all);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      s.batch_tokens = sizes[k];
      text_all(g, &s, other);
      for (int64_t i = 0; i < g->items; i++) assert_string_equal(all[i], other[i]);
      free_texts(g, other);
    }
    free_texts(g, all);
  }
}

static void threads_change_no_bit(void **state) {
  const Asked *g = *state;
  PredictSettings s = ASKED_DEFAULTS;
  s.threads = 3;
  s.beams = 2;
  Score one[ASKED_MOST], three[ASKED_MOST];
  score_all(g, &ASKED_DEFAULTS, one);
  score_all(g, &s, three);
  for (int64_t i = 0; i < g->items; i++) {
    size_t bytes = (size_t)one[i].choices * sizeof *one[i].loglik;
    assert_memory_equal(one[i].loglik, three[i].loglik, bytes);
    assert_memory_equal(one[i].score, three[i].score, bytes);
  }
  free_scores(g, one);
  free_scores(g, three);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scores_agree_with_transformers),
      cmocka_unit_test(texts_agree_with_transformers),
      cmocka_unit_test(alike_choices_have_one_score),
      cmocka_unit_test(scores_do_not_depend_on_the_batch),
      cmocka_unit_test(choices_do_not_see_each_other),
      cmocka_unit_test(texts_do_not_depend_on_the_batch),
      cmocka_unit_test(threads_change_no_bit),
  };
  blas_init();
  return cmocka_run_group_tests(tests, asked_open, asked_close);
}
