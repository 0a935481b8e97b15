/* exp and sigmoid against libm in double over all of float; the reductions against plain sums. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/vmath.h"

enum { LANES = 4096 };

/* |got - want| in units in the last place of a float near `want`. */
static double ulps(float got, double want) {
  if (isinf((float)want) || isnan((float)want)) {
    return got == (float)want || (isnan(got) && isnan(want)) ? 0 : INFINITY;
  }
  int exponent;
  frexp(want, &exponent);
  if (exponent < -125) exponent = -125; /* denormals share one spacing */
  return fabs((double)got - want) / ldexp(1, exponent - 24);
}

/* Every `stride`-th bit pattern, in vectors as the operations use them. */
static void worst_errors(uint64_t stride, double *worst_exp, double *worst_sigmoid) {
  static float x[LANES], e[LANES], s[LANES];
  *worst_exp = *worst_sigmoid = 0;
  uint64_t bits = 0;
  while (bits >> 32 == 0) {
    for (int i = 0; i < LANES; i++, bits += stride) {
      uint32_t pattern = (uint32_t)bits;
      memcpy(&x[i], &pattern, sizeof pattern);
    }
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
      e[i] = vmath_exp(x[i]);
      s[i] = vmath_sigmoid(x[i]);
    }
    for (int i = 0; i < LANES; i++) {
      *worst_exp = fmax(*worst_exp, ulps(e[i], exp((double)x[i])));
      *worst_sigmoid = fmax(*worst_sigmoid, ulps(s[i], 1 / (1 + exp(-(double)x[i]))));
    }
  }
}

static void errors_are_within_the_stated_ulps(void **state) {
  (void)state;
  double worst_exp, worst_sigmoid;
  worst_errors(1021, &worst_exp, &worst_sigmoid);
  assert_true(worst_exp <= 1.5);
  assert_true(worst_sigmoid <= 2.5);
}

static void ends_are_exact(void **state) {
  (void)state;
  assert_true(vmath_exp(0) == 1);
  assert_true(vmath_exp(-INFINITY) == 0);
  assert_true(vmath_exp(INFINITY) == INFINITY);
  assert_true(vmath_exp(88.7f) < INFINITY);
  assert_true(vmath_exp(89) == INFINITY);
  assert_true(vmath_exp(-103) == 0x1p-149f); /* the smallest float */
  assert_true(vmath_exp(-1e30f) == 0);
  assert_true(isnan(vmath_exp(NAN)));
  assert_true(isnan(vmath_exp(-NAN)));
  assert_true(vmath_sigmoid(0) == 0.5f);
  assert_true(vmath_sigmoid(-INFINITY) == 0);
  assert_true(vmath_sigmoid(INFINITY) == 1);
  assert_true(isnan(vmath_sigmoid(NAN)));
}

static void reductions_agree_with_plain_loops(void **state) {
  (void)state;
  static const int64_t lengths[] = {1, 2, 15, 16, 17, 511, 512, 513, 4000};
  static float x[LANES], out[LANES];
  for (int i = 0; i < LANES; i++) x[i] = 3 * sinf((float)(i * i));
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
    int64_t n = lengths[k];
    float max = -INFINITY;
    double sum = 0, dot = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
      max = fmaxf(max, x[i]);
      sum += exp((double)x[i] - 1.25);
      dot += (double)x[i] * (double)x[LANES - 1 - i];
      size += fabs((double)x[i] * (double)x[LANES - 1 - i]);
    }
    float reversed[LANES];
    for (int64_t i = 0; i < n; i++) reversed[i] = x[LANES - 1 - i];
    assert_true(vmath_max(x, n) == max);
    assert_true(fabs(vmath_exp_sum(out, x, 1.25f, n) - sum) <= 1e-6 * sum);
    for (int64_t i = 0; i < n; i++) assert_true(out[i] == vmath_exp(x[i] - 1.25f));
    assert_true(fabs((double)vmath_dot(x, reversed, n) - dot) <= 1e-6 * size);
  }
}

static void reductions_keep_nan_and_infinity(void **state) {
  (void)state;
  float x[40], out[40];
  for (int i = 0; i < 40; i++) x[i] = -INFINITY;
  x[20] = 2;
  assert_true(vmath_max(x, 40) == 2);
  assert_true(vmath_exp_sum(out, x, 2, 40) == 1);
  x[33] = NAN;
  assert_true(isnan(vmath_exp_sum(out, x, 2, 40)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_within_the_stated_ulps),
      cmocka_unit_test(ends_are_exact),
      cmocka_unit_test(reductions_agree_with_plain_loops),
      cmocka_unit_test(reductions_keep_nan_and_infinity),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
