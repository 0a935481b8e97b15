/* Every allocation may fail, as in test_no_memory: a model answers, answers are measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "infer/metric/metric.h"
#include "infer/predict/predict.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"

enum { ITEMS = 3, CHOICES = 2 };

/* The model of tests/golden/predict and what it is asked. */
typedef struct World {
  Base base;
  Item item[ITEMS];
  int beams;
} World;

static int world_open(void **state) {
  static char *const choice[CHOICES] = {(char *)"three silver keys", (char *)"carries"};
  static const char *const input[ITEMS] = {"who repairs the clock?", "the river", "what? how?"};
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  T5 *model;
  Tokenizer *tokenizer;
  assert_non_null(w);
  char *dir = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  expect_ok(dir, t5_open(&model, dir, &err), &err);
  expect_ok(pieces, tokenizer_open(&tokenizer, pieces, &err), &err);
  w->base = tiny_base(model, tokenizer);
  for (int i = 0; i < ITEMS; i++) {
    w->item[i] = (Item){.id = (char *)"i",
                        .input = (char *)(uintptr_t)input[i],
                        .choice = (char **)(uintptr_t)choice,
                        .choices = CHOICES,
                        .label = -1};
  }
  free(dir);
  free(pieces);
  *state = w;
  return 0;
}

static int world_close(void **state) {
  World *w = *state;
  tokenizer_close(w->base.tokenizer);
  t5_close(w->base.model);
  free(w);
  return 0;
}

static Status open_predictor(Predictor **p, const World *w, Error *err) {
  PredictSettings settings = {.threads = 1,
                              .max_input = 64,
                              .max_target = 64,
                              .max_output = 4,
                              .batch_tokens = 40,
                              .beams = w->beams,
                              .length_penalty = 1};
  return predictor_open(p, &w->base, NULL, NULL, &settings, err);
}

static Status score_items(void *arg, Error *err) {
  World *w = arg;
  Predictor *p;
  Score score[ITEMS];
  TRY(open_predictor(&p, w, err));
  Status status = predict_scores(p, &(Asking){NULL, NULL}, w->item, ITEMS, score, err);
  for (int i = 0; i < ITEMS && status == STATUS_OK; i++) score_free(&score[i]);
  predictor_close(p);
  return status;
}

static Status generate_texts(void *arg, Error *err) {
  World *w = arg;
  Predictor *p;
  char *text[ITEMS];
  TRY(open_predictor(&p, w, err));
  Status status = predict_texts(p, &(Asking){NULL, NULL}, w->item, ITEMS, text, err);
  for (int i = 0; i < ITEMS && status == STATUS_OK; i++) free(text[i]);
  predictor_close(p);
  return status;
}

static void items_are_answered(void **state) {
  World *w = *state;
  w->beams = 1;
  fail_each_allocation("scores", score_items, w, 10, 0);
  fail_each_allocation("greedy", generate_texts, w, 10, 0);
  w->beams = 2;
  fail_each_allocation("beams", generate_texts, w, 10, 0);
}

static Status measure_answer(void *arg, Error *err) {
  static const char *const target[] = {"The clock, and 3 keys.\nA river.", "a clock"};
  MetricSums sums[2] = {{{0}}, {{0}}};
  Interval interval;
  Metric metric = *(Metric *)arg;
  TRY(metric_add(metric, &sums[0], "the Clock & the keys\nrivers", target, 2, err));
  TRY(metric_add(metric, &sums[1], "a clock", target, 2, err));
  return metric_interval(metric, sums, 2, 10, 1, &interval, err);
}

static void answers_are_measured(void **state) {
  (void)state;
  for (Metric m = 0; m < METRICS; m++)
    fail_each_allocation(metric_name(m), measure_answer, &m, 1, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_are_answered),
      cmocka_unit_test(answers_are_measured),
  };
  return cmocka_run_group_tests(tests, world_open, world_close);
}
