/* Spearman's correlation, worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "infer/suggest/rank_correlation.h"
#include "tests/scratch.h"

static double correlation(const double *a, const double *b, int n) {
  Error err = {0};
  double rank = -2;
  expect_ok("correlation", rank_correlation(a, b, n, &rank, &err), &err);
  return rank;
}

/* Without ties it is 1 - 6 sum d^2 / (n (n^2 - 1)), d the differences of ranks. */
static void ranks_without_ties(void **state) {
  (void)state;
  const double up[] = {-3, 0.5, 2, 90}, down[] = {4, 3, 2, -1e9}, mixed[] = {0.2, 0.1, 0.4, 0.3};
  assert_true(fabs(correlation(up, up, 4) - 1) < 1e-15);
  assert_true(fabs(correlation(up, down, 4) + 1) < 1e-15);
  /* ranks 2 1 4 3 against 1 2 3 4: sum d^2 = 4; 1 - 24 / 60 */
  assert_true(fabs(correlation(up, mixed, 4) - 0.6) < 1e-15);
}

/* Equal values share the mean of their ranks: of 5 6 7 8 7 they are 1, 2, 3.5, 5, 3.5. Deviations
 * from 3 are -2 -1 0 1 2 and -2 -1 .5 2 .5: 8 / sqrt(10 * 9.5). */
static void ranks_with_ties(void **state) {
  (void)state;
  const double a[] = {1, 2, 3, 4, 5}, b[] = {5, 6, 7, 8, 7};
  assert_true(fabs(correlation(a, b, 5) - 8 / sqrt(95)) < 1e-15);
}

static void nothing_to_rank(void **state) {
  (void)state;
  const double a[] = {1, 2, 3}, same[] = {7, 7, 7};
  assert_true(isnan(correlation(a, same, 3)));
  assert_true(isnan(correlation(a, a, 1)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_without_ties),
      cmocka_unit_test(ranks_with_ties),
      cmocka_unit_test(nothing_to_rank),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
