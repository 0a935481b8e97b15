/* Scores and texts: what is cut, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "infer/route/routing_stats.h"
#include "tests/asked.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* What stands beyond the limit is not read, and EOS stays. */
static void long_texts_are_cut(void **state) {
  const Asked *g = *state;
  PredictSettings s = ASKED_DEFAULTS;
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
  Predictor *p = asked_predictor(g, &s);
  expect_ok("scores", predict_scores(p, &ASKED_PLAIN, items, 2, score, &err), &err);
  assert_true(score[0].loglik[0] == score[0].loglik[1]);
  assert_int_equal(score[0].prediction, 0); /* the first of equals */
  assert_true(fabs(score[0].loglik[0] - score[1].loglik[0]) <=
              ASKED_NEIGHBOUR * fabs(score[0].loglik[0]));
  assert_true(score[0].score[0] == score[0].loglik[0] / (4 + 1e-6));
  score_free(&score[0]);
  score_free(&score[1]);
  predictor_close(p);
}

static void items_without_choices_are_refused(void **state) {
  const Asked *g = *state;
  Item items[] = {g->item[0], {.id = (char *)"q7", .input = (char *)"who?"}};
  Predictor *p = asked_predictor(g, &ASKED_DEFAULTS);
  Score score[2];
  Error err = {0};
  expect_error("no choices", predict_scores(p, &ASKED_PLAIN, items, 2, score, &err), &err,
               STATUS_INPUT, "item q7: has no choices");
  assert_null(score[0].score);
  predictor_close(p);
}

static void settings_are_checked(void **state) {
  const Asked *g = *state;
  RoutingStats *stats;
  Error made = {0};
  expect_ok("stats", routing_stats_new(&stats, &g->model->modules, 2, &made), &made);
  RouteWatcher watcher = routing_stats_watcher(stats);
  PredictSettings none = ASKED_DEFAULTS, many = ASKED_DEFAULTS, few = ASKED_DEFAULTS,
                  two = ASKED_DEFAULTS;
  none.beams = 0;
  many.beams = 161; /* of a vocabulary of 320 */
  few.max_output = 0;
  two.beams = 2;
  const struct {
    const PredictSettings *settings;
    const RouteWatcher *watcher;
    const char *words;
  } cases[] = {{&none, NULL, "beams: got 0"},
               {&many, NULL, "beams: got 161, want at most 160"},
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
  const Asked *g = *state;
  T5Config config = g->model->config;
  config.vocab_size = 319;
  T5 *small, *sick;
  Predictor *p;
  Error err = {0}, refused = {0};
  expect_ok("small", t5_random(&small, &config, 1, false, &err), &err);
  Status got = base_check_vocabulary(small, g->tokenizer, &refused);
  expect_error("vocabulary", got, &refused, STATUS_MISMATCH, "vocabulary of 320 ids|319 rows");
  t5_close(small);
  config.vocab_size = 320;
  expect_ok("sick", t5_random(&sick, &config, 1, false, &err), &err);
  sick->decoder.final_norm.data[3] = NAN;
  for (int beams = 1; beams <= 2; beams++) {
    PredictSettings s = ASKED_DEFAULTS;
    s.beams = beams;
    Error scores = {0}, texts = {0};
    Score score[2];
    char *text[2];
    expect_ok("open",
              predictor_open(&p, (Base[]){tiny_base(sick, g->tokenizer)}, NULL, NULL, &s, &err),
              &err);
    expect_error("scores", predict_scores(p, &ASKED_PLAIN, g->item, 2, score, &scores), &scores,
                 STATUS_RUN, "item 0: the log-likelihood of choice 0 is not finite");
    assert_null(score[0].score);
    expect_error("texts", predict_texts(p, &ASKED_PLAIN, g->item, 2, text, &texts), &texts,
                 STATUS_RUN, "item 0: a logit is not finite");
    assert_null(text[0]);
    predictor_close(p);
  }
  t5_close(sick);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_texts_are_cut),
      cmocka_unit_test(items_without_choices_are_refused),
      cmocka_unit_test(settings_are_checked),
      cmocka_unit_test(bad_models_are_refused),
  };
  blas_init();
  return cmocka_run_group_tests(tests, asked_open, asked_close);
}
