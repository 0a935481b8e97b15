/* The text metrics against the packages that define them: tests/golden/metrics.json is made by
 * tests/oracle/metrics.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/metric/metric.h"
#include "tests/testing.h"

/* Percent; doubles of the same formula in another order of operations. */
static const double SCORE_TOLERANCE = 1e-9;

static void assert_near(double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("got %.12g, want %.12g", got, want);
}

enum { TARGETS_MAX = 4 };

typedef struct Case {
  const char *prediction, *target[TARGETS_MAX];
  int targets;
} Case;

static Case case_of(json_t *json) {
  Case c = {.prediction = json_string_value(json_object_get(json, "prediction"))};
  json_t *targets = json_object_get(json, "targets");
  c.targets = (int)json_array_size(targets);
  assert_in_range(c.targets, 1, TARGETS_MAX);
  for (int i = 0; i < c.targets; i++)
    c.target[i] = json_string_value(json_array_get(targets, (size_t)i));
  return c;
}

static MetricSums sums_of(Metric m, const Case *c) {
  MetricSums sums = {{0}};
  Error err = {0};
  if (metric_add(m, &sums, c->prediction, c->target, c->targets, &err) != STATUS_OK)
    fail_msg("%s", err.text);
  return sums;
}

static void test_cases_agree_with_the_packages(void **state) {
  (void)state;
  json_t *golden = golden_json("metrics.json"), *json, *want;
  size_t i;
  const char *name;
  int compared = 0;
  json_array_foreach(json_object_get(golden, "cases"), i, json) {
    Case c = case_of(json);
    json_object_foreach(json_object_get(json, "scores"), name, want) {
      int m = metric_find(name);
      assert_true(m >= 0);
      MetricSums sums = sums_of((Metric)m, &c);
      double got = metric_score((Metric)m, &sums);
      if (!(fabs(got - json_number_value(want)) <= SCORE_TOLERANCE))
        fail_msg("case %zu, %s of \"%s\": got %.12g, want %.12g", i, name, c.prediction, got,
                 json_number_value(want));
      compared++;
    }
  }
  assert_true(compared > 500);
  json_decref(golden);
}

static void test_bleu_of_a_corpus_is_of_its_sums(void **state) {
  (void)state;
  json_t *golden = golden_json("metrics.json"), *json;
  MetricSums sums = {{0}};
  size_t i;
  json_array_foreach(json_object_get(golden, "cases"), i, json) {
    Case c = case_of(json);
    MetricSums one = sums_of(METRIC_BLEU, &c);
    for (int s = 0; s < METRIC_SUMS; s++) sums.sum[s] += one.sum[s];
  }
  json_t *want = json_object_get(json_object_get(golden, "corpus"), "bleu");
  assert_near(metric_score(METRIC_BLEU, &sums), json_number_value(want), SCORE_TOLERANCE);
  json_decref(golden);
}

static double score_of(Metric m, const char *prediction, const char *first, const char *second) {
  Case c = {prediction, {first, second}, second ? 2 : 1};
  MetricSums sums = sums_of(m, &c);
  return metric_score(m, &sums);
}

static void test_exact_match_looks_at_the_first_target_multi_at_all(void **state) {
  (void)state;
  assert_near(score_of(METRIC_EXACT_MATCH, "b", "a", "b"), 0, 0);
  assert_near(score_of(METRIC_EXACT_MATCH_MULTI, "b", "a", "b"), 100, 0);
  assert_near(score_of(METRIC_EXACT_MATCH, "a ", "a", NULL), 0, 0);
  assert_near(score_of(METRIC_ACCURACY, "(A)", "(A)", NULL), 100, 0);
}

static void test_a_bad_byte_is_a_character_like_any_other(void **state) {
  (void)state;
  assert_near(score_of(METRIC_ROUGE_1, "x \xff y", "x y", NULL), 100, 0);
  assert_near(score_of(METRIC_SQUAD_F1, "\xe2\x82", "\xe2", NULL), 0, 0);
}

/* Of a mean of n independent scores that are 100 with probability p, the 95 % interval is near
 * p +- 1.96 sqrt(p (1 - p) / n). */
static void test_interval_is_that_of_a_mean(void **state) {
  (void)state;
  enum { ITEMS = 400, RIGHT = 100 };
  MetricSums item[ITEMS] = {{{0}}};
  for (int i = 0; i < ITEMS; i++) item[i].sum[0] = 1, item[i].sum[1] = i < RIGHT;
  Interval a, b;
  Error err = {0};
  assert_int_equal(metric_interval(METRIC_ACCURACY, item, ITEMS, 4000, 1, &a, &err), STATUS_OK);
  double half = 100 * 1.96 * sqrt(0.25 * 0.75 / ITEMS);
  assert_near(a.low, 25 - half, 0.6);
  assert_near(a.high, 25 + half, 0.6);
  assert_int_equal(metric_interval(METRIC_ACCURACY, item, ITEMS, 4000, 1, &b, &err), STATUS_OK);
  assert_memory_equal(&a, &b, sizeof a);
}

static void test_names(void **state) {
  (void)state;
  for (int m = 0; m < METRICS; m++) assert_int_equal(metric_find(metric_name((Metric)m)), m);
  assert_int_equal(metric_find("f1"), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases_agree_with_the_packages),
      cmocka_unit_test(test_bleu_of_a_corpus_is_of_its_sums),
      cmocka_unit_test(test_exact_match_looks_at_the_first_target_multi_at_all),
      cmocka_unit_test(test_a_bad_byte_is_a_character_like_any_other),
      cmocka_unit_test(test_interval_is_that_of_a_mean),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
