/* Scores and texts: against transformers (tests/oracle/make_predict_golden.py), together against
 * one by one, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "infer/predict/predict.h"
#include "infer/route/routing_stats.h"
#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"

enum { ITEMS_MOST = 64 };

/* Between forwards of other sizes, relative to a log-likelihood; some ten times what was seen. */
static const double NEIGHBOUR = 1e-5;

static const Asking PLAIN = {NULL, NULL};

static const PredictSettings DEFAULTS = {.threads = 1,
                                         .max_input = 512,
                                         .max_target = 512,
                                         .max_output = 24,
                                         .max_tokens = 4096,
                                         .beams = 1,
                                         .length_penalty = 1};

/* The golden model, its tokenizer and the items it was asked. */
typedef struct Golden {
  json_t *expected;
  T5 *model;
  Tokenizer *tokenizer;
  Item item[ITEMS_MOST];
  int64_t items;
} Golden;

static char *copy(const char *text) {
  char *made = strdup(text);
  assert_non_null(made);
  return made;
}

static void read_item(Item *item, const json_t *row, size_t i) {
  const json_t *choices = json_object_get(row, "choices");
  char id[24];
  snprintf(id, sizeof id, "%zu", i);
  *item = (Item){.id = copy(id),
                 .input = copy(json_string_value(json_object_get(row, "input"))),
                 .choice = calloc(json_array_size(choices), sizeof(char *)),
                 .choices = (int)json_array_size(choices),
                 .label = -1};
  assert_non_null(item->choice);
  for (int k = 0; k < item->choices; k++) {
    const json_t *choice = json_object_get(json_array_get(choices, (size_t)k), "choice");
    item->choice[k] = copy(json_string_value(choice));
  }
}

static int golden_open(void **state) {
  Golden *g = calloc(1, sizeof *g);
  assert_non_null(g);
  Error err = {0};
  char *base = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  g->expected = golden_json("predict/expected.json");
  expect_ok(base, t5_open(&g->model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&g->tokenizer, pieces, &err), &err);
  const json_t *rows = json_object_get(g->expected, "scores");
  g->items = (int64_t)json_array_size(rows);
  assert_in_range(g->items, 1, ITEMS_MOST);
  for (size_t i = 0; i < (size_t)g->items; i++) read_item(&g->item[i], json_array_get(rows, i), i);
  free(base);
  free(pieces);
  *state = g;
  return 0;
}

static int golden_close(void **state) {
  Golden *g = *state;
  for (int64_t i = 0; i < g->items; i++) item_free(&g->item[i]);
  tokenizer_close(g->tokenizer);
  t5_close(g->model);
  json_decref(g->expected);
  free(g);
  return 0;
}

static Predictor *predictor(const Golden *g, const PredictSettings *settings) {
  Predictor *p;
  Error err = {0};
  expect_ok(
      "predictor",
      predictor_open(&p, (Base[]){tiny_base(g->model, g->tokenizer)}, NULL, NULL, settings, &err),
      &err);
  return p;
}

static void score_all(const Golden *g, const PredictSettings *settings, Score *score) {
  Predictor *p = predictor(g, settings);
  Error err = {0};
  expect_ok("scores", predict_scores(p, &PLAIN, g->item, g->items, score, &err), &err);
  predictor_close(p);
}

static void free_scores(const Golden *g, Score *score) {
  for (int64_t i = 0; i < g->items; i++) score_free(&score[i]);
}

static void text_all(const Golden *g, const PredictSettings *settings, char **text) {
  Predictor *p = predictor(g, settings);
  Error err = {0};
  expect_ok("texts", predict_texts(p, &PLAIN, g->item, g->items, text, &err), &err);
  predictor_close(p);
}

static void free_texts(const Golden *g, char **text) {
  for (int64_t i = 0; i < g->items; i++) free(text[i]);
}

/* ---- transformers ---- */

static void scores_agree_with_transformers(void **state) {
  const Golden *g = *state;
  Score score[ITEMS_MOST];
  score_all(g, &DEFAULTS, score);
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
  const Golden *g = *state;
  const json_t *texts = json_object_get(g->expected, "texts"), *row;
  size_t r, i;
  json_t *want;
  assert_true(json_array_size(texts) > 1);
  json_array_foreach(texts, r, row) {
    PredictSettings s = DEFAULTS;
    s.beams = (int)json_integer_value(json_object_get(row, "beams"));
    s.length_penalty = json_real_value(json_object_get(row, "length_penalty"));
    s.max_output = json_integer_value(json_object_get(row, "max_output"));
    char *text[ITEMS_MOST];
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

static void expect_same_scores(const Golden *g, const char *what, const Score *a, const Score *b) {
  for (int64_t i = 0; i < g->items; i++) {
    assert_int_equal(a[i].choices, b[i].choices);
    for (int k = 0; k < a[i].choices; k++) {
      double apart = fabs(a[i].loglik[k] - b[i].loglik[k]);
      if (!(apart <= NEIGHBOUR * fabs(a[i].loglik[k]))) {
        fail_msg("%s: item %d, choice %d: %.9g and %.9g", what, (int)i, k, a[i].loglik[k],
                 b[i].loglik[k]);
      }
    }
  }
}

static void scores_do_not_depend_on_the_batch(void **state) {
  const Golden *g = *state;
  static const int64_t sizes[] = {1, 100, 1000};
  Score all[ITEMS_MOST], other[ITEMS_MOST];
  score_all(g, &DEFAULTS, all);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    PredictSettings s = DEFAULTS;
    s.max_tokens = sizes[i];
    score_all(g, &s, other);
    expect_same_scores(g, "batch", all, other);
    free_scores(g, other);
  }
  free_scores(g, all);
}

static void choices_do_not_see_each_other(void **state) {
  const Golden *g = *state;
  Score all[ITEMS_MOST], one[ITEMS_MOST] = {0};
  Predictor *p = predictor(g, &DEFAULTS);
  Error err = {0};
  score_all(g, &DEFAULTS, all);
  for (int64_t i = 0; i < g->items; i++) {
    one[i] = (Score){.choices = all[i].choices, .loglik = calloc(8, sizeof(double))};
    assert_non_null(one[i].loglik);
    for (int k = 0; k < all[i].choices; k++) {
      Item alone = g->item[i];
      Score score;
      alone.choice += k;
      alone.choices = 1;
      expect_ok("one choice", predict_scores(p, &PLAIN, &alone, 1, &score, &err), &err);
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
  const Golden *g = *state;
  static const int64_t sizes[] = {1, 150, 100000};
  for (int beams = 1; beams <= 3; beams += 2) {
    PredictSettings s = DEFAULTS;
    s.beams = beams;
    char *all[ITEMS_MOST], *other[ITEMS_MOST];
    text_all(g, &s, all);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      s.max_tokens = sizes[k];
      text_all(g, &s, other);
      for (int64_t i = 0; i < g->items; i++) assert_string_equal(all[i], other[i]);
      free_texts(g, other);
    }
    free_texts(g, all);
  }
}

static void threads_change_no_bit(void **state) {
  const Golden *g = *state;
  PredictSettings s = DEFAULTS;
  s.threads = 3;
  s.beams = 2;
  Score one[ITEMS_MOST], three[ITEMS_MOST];
  score_all(g, &DEFAULTS, one);
  score_all(g, &s, three);
  for (int64_t i = 0; i < g->items; i++) {
    size_t bytes = (size_t)one[i].choices * sizeof *one[i].loglik;
    assert_memory_equal(one[i].loglik, three[i].loglik, bytes);
    assert_memory_equal(one[i].score, three[i].score, bytes);
  }
  free_scores(g, one);
  free_scores(g, three);
}

/* ---- limits and refusals ---- */

/* What stands beyond the limit is not read, and EOS stays. */
static void long_texts_are_cut(void **state) {
  const Golden *g = *state;
  PredictSettings s = DEFAULTS;
  s.max_input = 6;
  s.max_target = 4;
  char *choices[] = {(char *)"zzzq", (char *)"zzzyyy"};
  Item items[] = {{.id = (char *)"a", .input = (char *)"xxxxxxx", .choice = choices, .choices = 2},
                  {.id = (char *)"b", .input = (char *)"xxxxxyy", .choice = choices, .choices = 2}};
  int32_t *ids;
  int64_t n;
  Error err = {0};
  expect_ok("encode", tokenizer_encode(g->tokenizer, "xxxxxyy", 7, &ids, &n, &err), &err);
  assert_true(n > 6); /* letters are pieces */
  free(ids);
  Score score[2];
  Predictor *p = predictor(g, &s);
  expect_ok("scores", predict_scores(p, &PLAIN, items, 2, score, &err), &err);
  assert_true(score[0].loglik[0] == score[0].loglik[1]);
  assert_int_equal(score[0].prediction, 0); /* the first of equals */
  assert_true(fabs(score[0].loglik[0] - score[1].loglik[0]) <=
              NEIGHBOUR * fabs(score[0].loglik[0]));
  assert_true(score[0].score[0] == score[0].loglik[0] / (4 + 1e-6));
  score_free(&score[0]);
  score_free(&score[1]);
  predictor_close(p);
}

static void items_without_choices_are_refused(void **state) {
  const Golden *g = *state;
  Item items[] = {g->item[0], {.id = (char *)"q7", .input = (char *)"who?"}};
  Predictor *p = predictor(g, &DEFAULTS);
  Score score[2];
  Error err = {0};
  expect_error("no choices", predict_scores(p, &PLAIN, items, 2, score, &err), &err, STATUS_INPUT,
               "item q7: has no choices");
  assert_null(score[0].score);
  predictor_close(p);
}

static void settings_are_checked(void **state) {
  const Golden *g = *state;
  RoutingStats *stats;
  Error made = {0};
  expect_ok("stats", routing_stats_new(&stats, &g->model->modules, 2, &made), &made);
  RouteWatcher watcher = routing_stats_watcher(stats);
  PredictSettings none = DEFAULTS, many = DEFAULTS, few = DEFAULTS, two = DEFAULTS;
  none.beams = 0;
  many.beams = 161; /* of a vocabulary of 320 */
  few.max_output = 0;
  two.beams = 2;
  const struct {
    const PredictSettings *settings;
    const RouteWatcher *watcher;
    const char *words;
  } cases[] = {{&none, NULL, "beams: got 0"},
               {&many, NULL, "beams: got 161, want at most half"},
               {&few, NULL, "at least 1"},
               {&two, &watcher, "routing statistics|1 beam"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Predictor *p;
    Error err = {0};
    expect_error(cases[i].words,
                 predictor_open(&p, (Base[]){tiny_base(g->model, g->tokenizer)}, NULL,
                                cases[i].watcher, cases[i].settings, &err),
                 &err, STATUS_USAGE, cases[i].words);
    assert_null(p);
  }
  routing_stats_free(stats);
}

/* The tokenizer of a larger model, and weights that overflow: no score and no text of either. */
static void bad_models_are_refused(void **state) {
  const Golden *g = *state;
  T5Config config = g->model->config;
  config.vocab_size = 319;
  T5 *small, *sick;
  Predictor *p;
  Error err = {0}, refused = {0};
  expect_ok("small", t5_random(&small, &config, 1, false, &err), &err);
  Status got = base_check_vocabulary(small, g->tokenizer, "spiece.model", &refused);
  expect_error("vocabulary", got, &refused, STATUS_MISMATCH, "vocabulary of 320 ids|319 rows");
  t5_close(small);
  config.vocab_size = 320;
  expect_ok("sick", t5_random(&sick, &config, 1, false, &err), &err);
  sick->decoder.final_norm.data[3] = NAN;
  for (int beams = 1; beams <= 2; beams++) {
    PredictSettings s = DEFAULTS;
    s.beams = beams;
    Error scores = {0}, texts = {0};
    Score score[2];
    char *text[2];
    expect_ok("open",
              predictor_open(&p, (Base[]){tiny_base(sick, g->tokenizer)}, NULL, NULL, &s, &err),
              &err);
    expect_error("scores", predict_scores(p, &PLAIN, g->item, 2, score, &scores), &scores,
                 STATUS_RUN, "item 0: the log-likelihood of choice 0 is not finite");
    assert_null(score[0].score);
    expect_error("texts", predict_texts(p, &PLAIN, g->item, 2, text, &texts), &texts, STATUS_RUN,
                 "item 0: a logit is not finite");
    assert_null(text[0]);
    predictor_close(p);
  }
  t5_close(sick);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scores_agree_with_transformers),
      cmocka_unit_test(texts_agree_with_transformers),
      cmocka_unit_test(scores_do_not_depend_on_the_batch),
      cmocka_unit_test(choices_do_not_see_each_other),
      cmocka_unit_test(texts_do_not_depend_on_the_batch),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(long_texts_are_cut),
      cmocka_unit_test(items_without_choices_are_refused),
      cmocka_unit_test(settings_are_checked),
      cmocka_unit_test(bad_models_are_refused),
  };
  blas_init();
  return cmocka_run_group_tests(tests, golden_open, golden_close);
}
