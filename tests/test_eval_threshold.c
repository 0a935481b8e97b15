/* The threshold of GLIDER's rule, chosen by what items score on either side of it: by hand, and
 * against asking every item again. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/eval/eval_threshold.h"
#include "tests/scratch.h"

enum { ITEMS = 5, MANY = 60, TASKS = 3 };

static MetricSums right(int yes) {
  return (MetricSums){{1, yes}};
}

static ThresholdCurve curve_of(const ThresholdTask *task, int tasks) {
  ThresholdCurve curve;
  Error err = {0};
  expect_ok("curve", threshold_curve(&curve, task, tasks, &err), &err);
  return curve;
}

/* Items of .5 and more are right with much weight, the others with little; two share a cosine. */
static void the_best_is_between_the_sides(void **state) {
  (void)state;
  static const double COSINE[ITEMS] = {0.9, 0.1, 0.5, 0.2, 0.5};
  MetricSums below[ITEMS], above[ITEMS];
  for (int i = 0; i < ITEMS; i++) {
    above[i] = right(COSINE[i] >= 0.5);
    below[i] = right(COSINE[i] < 0.5);
  }
  const ThresholdTask task = {METRIC_ACCURACY, ITEMS, COSINE, below, above};
  ThresholdCurve c = curve_of(&task, 1);
  static const double WANT[] = {60, 80, 100, 60, 40}; /* above none, .1, .2, .5, all of them */
  assert_int_equal(c.points, 5);
  for (int i = 0; i < 5; i++) assert_true(fabs(c.point[i].score - WANT[i]) < 1e-9);
  assert_int_equal(c.best, 2);
  assert_true(c.point[0].threshold <= -1 && c.point[4].threshold >= 1);
  assert_true(c.point[2].threshold > 0.2 && c.point[2].threshold < 0.5);
  threshold_curve_free(&c);
}

/* Where nothing is better, it is the widest gap: here that below all cosines. */
static void equals_have_the_widest_gap(void **state) {
  (void)state;
  static const double COSINE[] = {0.3, 0.4};
  const MetricSums same[] = {right(1), right(0)};
  const ThresholdTask task = {METRIC_EXACT_MATCH, 2, COSINE, same, same};
  ThresholdCurve c = curve_of(&task, 1);
  assert_int_equal(c.points, 3);
  assert_int_equal(c.best, 0);
  for (int i = 0; i < 3; i++) assert_true(fabs(c.point[i].score - 50) < 1e-9);
  threshold_curve_free(&c);
}

/* Cosines a rounding apart, and one a rounding above 1, leave thresholds that a setting may have. */
static void thresholds_are_settings(void **state) {
  (void)state;
  const double cosine[] = {0.25, nextafter(0.25, 1), 1, nextafter(1, 2), -1};
  MetricSums sums[5];
  for (int i = 0; i < 5; i++) sums[i] = right(i % 2);
  const ThresholdTask task = {METRIC_ACCURACY, 5, cosine, sums, sums};
  ThresholdCurve c = curve_of(&task, 1);
  for (int64_t i = 0; i < c.points; i++)
    assert_true(c.point[i].threshold >= -1 && c.point[i].threshold <= 1);
  threshold_curve_free(&c);
}

/* Of tasks with other metrics, one by sums of a corpus: the mean of what each task scores when every
 * item is taken from its side. */
static double asked_again(const ThresholdTask *task, double p) {
  double mean = 0;
  for (int t = 0; t < TASKS; t++) {
    MetricSums all = {0};
    for (int64_t i = 0; i < task[t].count; i++) {
      const MetricSums *one = task[t].cosine[i] > p ? &task[t].above[i] : &task[t].below[i];
      for (int j = 0; j < METRIC_SUMS; j++) all.sum[j] += one->sum[j];
    }
    mean += metric_score(task[t].metric, &all) / TASKS;
  }
  return mean;
}

static void every_candidate_is_asked_again(void **state) {
  (void)state;
  static const Metric METRIC[TASKS] = {METRIC_ACCURACY, METRIC_BLEU, METRIC_ROUGE_L};
  static const char *const ANSWER[] = {"the old man and the sea", "the old man", "a sea of men"};
  static double cosine[TASKS][MANY];
  static MetricSums below[TASKS][MANY], above[TASKS][MANY];
  ThresholdTask task[TASKS];
  Error err = {0};
  for (int t = 0; t < TASKS; t++) {
    for (int i = 0; i < MANY; i++) {
      uint64_t lot = rng_key(7, (uint64_t)t, (uint64_t)i, 0);
      cosine[t][i] = (double)(lot % 41) / 40;
      const char *low = ANSWER[lot / 41 % 3], *high = ANSWER[lot / 123 % 3], *want = ANSWER[0];
      expect_ok("low", metric_add(METRIC[t], &below[t][i], low, &want, 1, &err), &err);
      expect_ok("high", metric_add(METRIC[t], &above[t][i], high, &want, 1, &err), &err);
    }
    task[t] = (ThresholdTask){METRIC[t], MANY - t, cosine[t], below[t], above[t]};
  }
  ThresholdCurve c = curve_of(task, TASKS);
  assert_true(c.points > 30 && c.points <= 42);
  for (int64_t i = 0; i < c.points; i++) {
    assert_true(fabs(c.point[i].score - asked_again(task, c.point[i].threshold)) < 1e-9);
    assert_true(c.point[i].score <= c.point[c.best].score + 1e-9);
    assert_true(i == 0 || c.point[i].threshold > c.point[i - 1].threshold);
  }
  threshold_curve_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_is_between_the_sides),
      cmocka_unit_test(equals_have_the_widest_gap),
      cmocka_unit_test(thresholds_are_settings),
      cmocka_unit_test(every_candidate_is_asked_again),
  };
  return cmocka_run_group_tests_name("the threshold of validation items", tests, NULL, NULL);
}
