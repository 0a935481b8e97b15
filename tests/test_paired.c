/* Comparisons of two systems on the same items against scipy: tests/golden/paired.json is made by
 * tests/oracle/paired.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/metric/paired.h"
#include "tests/testing.h"

enum { PARTS_MOST = 4, ITEMS_MOST = 256, SAMPLES = 5000 };

static void assert_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: got %.12g, want %.12g", what, got, want);
}

/* Two systems on a few tasks. */
typedef struct Case {
  MetricSums a[PARTS_MOST][ITEMS_MOST], b[PARTS_MOST][ITEMS_MOST];
  PairedPart part[PARTS_MOST];
  int parts;
} Case;

static void read_scores(MetricSums *item, const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++)
    item[i] = (MetricSums){{1, json_number_value(json_array_get(list, i))}};
}

static void read_case(Case *c, const json_t *json) {
  const json_t *parts = json_object_get(json, "parts");
  c->parts = (int)json_array_size(parts);
  assert_in_range(c->parts, 1, PARTS_MOST);
  for (int k = 0; k < c->parts; k++) {
    const json_t *part = json_array_get(parts, (size_t)k), *a = json_object_get(part, "a");
    assert_in_range(json_array_size(a), 1, ITEMS_MOST);
    read_scores(c->a[k], a);
    read_scores(c->b[k], json_object_get(part, "b"));
    c->part[k] = (PairedPart){METRIC_SQUAD_F1, c->a[k], c->b[k], (int64_t)json_array_size(a)};
  }
}

static double number(const json_t *json, const char *key) {
  return json_number_value(json_object_get(json, key));
}

/* Of random swaps a share p has the standard error sqrt(p (1 - p) / n). */
static double p_tolerance(double p, bool exact) {
  return exact ? 1e-12 : 4 * sqrt(p * (1 - p) / SAMPLES) + 2.0 / SAMPLES;
}

static void test_agrees_with_scipy(void **state) {
  (void)state;
  json_t *golden = golden_json("paired.json"), *json;
  Case *c = malloc(sizeof *c);
  Error err = {0};
  size_t i;
  assert_non_null(c);
  json_array_foreach(golden, i, json) {
    Paired got;
    read_case(c, json);
    assert_int_equal(paired_test(c->part, c->parts, SAMPLES, 1, &got, &err), STATUS_OK);
    const json_t *ends = json_object_get(json, "interval");
    assert_near("difference", got.difference, number(json, "difference"), 1e-9);
    assert_near("p", got.p, number(json, "p"), p_tolerance(number(json, "p"), c->part[0].n < 20));
    assert_near("low", got.interval.low, json_number_value(json_array_get(ends, 0)),
                number(json, "spread"));
    assert_near("high", got.interval.high, json_number_value(json_array_get(ends, 1)),
                number(json, "spread"));
  }
  assert_true(i > 7);
  free(c);
  json_decref(golden);
}

static void test_the_seed_says_all(void **state) {
  (void)state;
  json_t *golden = golden_json("paired.json");
  Case *c = malloc(sizeof *c);
  Paired first, again, other;
  Error err = {0};
  assert_non_null(c);
  read_case(c, json_array_get(golden, 5));
  assert_int_equal(paired_test(c->part, c->parts, 500, 3, &first, &err), STATUS_OK);
  assert_int_equal(paired_test(c->part, c->parts, 500, 3, &again, &err), STATUS_OK);
  assert_int_equal(paired_test(c->part, c->parts, 500, 4, &other, &err), STATUS_OK);
  assert_memory_equal(&first, &again, sizeof first);
  assert_true(first.p != other.p || first.interval.low != other.interval.low);
  free(c);
  json_decref(golden);
}

/* Exchanged systems: the same p, the difference with the other sign. */
static void test_is_symmetric(void **state) {
  (void)state;
  json_t *golden = golden_json("paired.json");
  Case *c = malloc(sizeof *c);
  double p, turned;
  Error err = {0};
  assert_non_null(c);
  read_case(c, json_array_get(golden, 3));
  assert_int_equal(paired_p(c->part, c->parts, SAMPLES, 1, &p, &err), STATUS_OK);
  const double difference = paired_difference(c->part, c->parts);
  for (int k = 0; k < c->parts; k++) c->part[k].a = c->b[k], c->part[k].b = c->a[k];
  assert_int_equal(paired_p(c->part, c->parts, SAMPLES, 1, &turned, &err), STATUS_OK);
  assert_near("p", turned, p, 0);
  assert_near("difference", paired_difference(c->part, c->parts), -difference, 1e-12);
  free(c);
  json_decref(golden);
}

/* A corpus score is made of sums: every way to swap four items is tried by hand. */
static void test_bleu_is_swapped_as_sums(void **state) {
  (void)state;
  enum { N = 4 };
  static const char *const A[N] = {"the small robot sings a song", "a river runs to the sea",
                                   "her orchestra plays all night long", "keys are in the box"};
  static const char *const B[N] = {"the robot sings a song", "a river ran to a sea",
                                   "her orchestra plays all night", "keys were in a big box"};
  static const char *const TARGET[N] = {"the small robot sings a song", "a river runs to a sea",
                                        "the orchestra plays all night long", "keys are in a box"};
  MetricSums a[N] = {{{0}}}, b[N] = {{{0}}};
  Error err = {0};
  for (int i = 0; i < N; i++) {
    assert_int_equal(metric_add(METRIC_BLEU, &a[i], A[i], &TARGET[i], 1, &err), STATUS_OK);
    assert_int_equal(metric_add(METRIC_BLEU, &b[i], B[i], &TARGET[i], 1, &err), STATUS_OK);
  }
  const PairedPart part = {METRIC_BLEU, a, b, N};
  const double observed = fabs(paired_difference(&part, 1));
  int hits = 0;
  for (unsigned mask = 0; mask < 1U << N; mask++) {
    MetricSums x[N], y[N];
    for (int i = 0; i < N; i++)
      x[i] = mask >> i & 1 ? b[i] : a[i], y[i] = mask >> i & 1 ? a[i] : b[i];
    const PairedPart swapped = {METRIC_BLEU, x, y, N};
    hits += fabs(paired_difference(&swapped, 1)) >= observed - 1e-9;
  }
  double p;
  assert_true(observed > 1);
  assert_int_equal(paired_p(&part, 1, SAMPLES, 1, &p, &err), STATUS_OK);
  assert_near("p", p, hits / 16.0, 0);
}

/* Three tasks of +10, +20 and +30: of the eight signs, all alike are as large: p = 2 / 8. */
static void test_tasks_are_observations(void **state) {
  (void)state;
  static const double UP[] = {10, 20, 30};
  Paired got;
  Error err = {0};
  assert_int_equal(paired_tasks(UP, 3, SAMPLES, 1, &got, &err), STATUS_OK);
  assert_near("difference", got.difference, 20, 1e-9);
  assert_near("p", got.p, 0.25, 0);
  assert_near("low", got.interval.low, 10, 1e-9);   /* one of 27 resamples is 10 thrice */
  assert_near("high", got.interval.high, 30, 1e-9); /* and one is 30 thrice: 3.7 % each */
}

static void test_winners(void **state) {
  (void)state;
  const MetricSums none = {{1, 0}}, half = {{1, 0.5}};
  assert_int_equal(paired_winner(METRIC_ROUGE_L, &half, &none), 1);
  assert_int_equal(paired_winner(METRIC_ROUGE_L, &none, &half), -1);
  assert_int_equal(paired_winner(METRIC_ROUGE_L, &half, &half), 0);
}

/* By hand: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1 is no less than the one before it. */
static void test_holm(void **state) {
  (void)state;
  static const double WANT[] = {0.03, 0.06, 0.06, 0.02};
  double p[] = {0.01, 0.04, 0.03, 0.005}, large[] = {0.9, 0.8};
  Error err = {0};
  assert_int_equal(holm_correct(p, 4, &err), STATUS_OK);
  for (int i = 0; i < 4; i++) assert_near("p", p[i], WANT[i], 1e-15);
  assert_int_equal(holm_correct(large, 2, &err), STATUS_OK);
  assert_near("at most 1", large[0], 1, 0);
  assert_near("at most 1", large[1], 1, 0);
  assert_int_equal(holm_correct(large, 0, &err), STATUS_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_agrees_with_scipy),
      cmocka_unit_test(test_the_seed_says_all),
      cmocka_unit_test(test_is_symmetric),
      cmocka_unit_test(test_bleu_is_swapped_as_sums),
      cmocka_unit_test(test_tasks_are_observations),
      cmocka_unit_test(test_winners),
      cmocka_unit_test(test_holm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
