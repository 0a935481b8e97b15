/* The row functions of every table of kernels that this processor can run: exp and sigmoid against
 * libm in double over all of float, sums and the rest against plain loops in double, and all tables
 * that fuse multiply and add against one another, to the bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "autograd/kernel/kernels.h"

enum { BLOCK = 4096 };

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

/* Every `stride`-th bit pattern. */
static void worst_errors(const Kernels *k, uint64_t stride, double *worst_exp,
                         double *worst_sigmoid) {
  static float x[BLOCK], e[BLOCK], s[BLOCK];
  *worst_exp = *worst_sigmoid = 0;
  uint64_t bits = 0;
  while (bits >> 32 == 0) {
    for (int i = 0; i < BLOCK; i++, bits += stride) {
      uint32_t pattern = (uint32_t)bits;
      memcpy(&x[i], &pattern, sizeof pattern);
    }
    k->exp(e, 1, x, 0, BLOCK);
    k->sigmoid(s, x, BLOCK);
    for (int i = 0; i < BLOCK; i++) {
      *worst_exp = fmax(*worst_exp, ulps(e[i], exp((double)x[i])));
      *worst_sigmoid = fmax(*worst_sigmoid, ulps(s[i], 1 / (1 + exp(-(double)x[i]))));
    }
  }
}

static void errors_are_within_the_stated_ulps(const Kernels *k) {
  double worst_exp, worst_sigmoid;
  worst_errors(k, 2039, &worst_exp, &worst_sigmoid);
  assert_true(worst_exp <= 1.5);
  assert_true(worst_sigmoid <= 2.5);
}

static float exp_of(const Kernels *k, float x) {
  float y;
  k->exp(&y, 1, &x, 0, 1);
  return y;
}

static float sigmoid_of(const Kernels *k, float x) {
  float y;
  k->sigmoid(&y, &x, 1);
  return y;
}

static void ends_are_exact(const Kernels *k) {
  assert_true(exp_of(k, 0) == 1);
  assert_true(exp_of(k, -INFINITY) == 0);
  assert_true(exp_of(k, INFINITY) == INFINITY);
  assert_true(exp_of(k, 88.7f) < INFINITY);
  assert_true(exp_of(k, 89) == INFINITY);
  assert_true(exp_of(k, -103) == 0x1p-149f); /* the smallest float */
  assert_true(exp_of(k, -1e30f) == 0);
  assert_true(isnan(exp_of(k, NAN)));
  assert_true(isnan(exp_of(k, -NAN)));
  assert_true(sigmoid_of(k, 0) == 0.5f);
  assert_true(sigmoid_of(k, -INFINITY) == 0);
  assert_true(sigmoid_of(k, INFINITY) == 1);
  assert_true(isnan(sigmoid_of(k, NAN)));
}

/* Three rows of numbers around 0. */
typedef struct RowsOf {
  float a[BLOCK], b[BLOCK], c[BLOCK];
} RowsOf;

static const RowsOf *make_rows(void) {
  static RowsOf r;
  Rng rng = {rng_key(1, 2, 3, 4), 0};
  for (int i = 0; i < BLOCK; i++) {
    r.a[i] = rng_normal(&rng);
    r.b[i] = rng_normal(&rng);
    r.c[i] = rng_normal(&rng);
  }
  return &r;
}

static const int64_t LENGTHS[] = {1, 2, 15, 16, 17, 63, 64, 65, 511, 512, 513, 4000};
enum { LENGTHS_COUNT = sizeof LENGTHS / sizeof *LENGTHS };

static void sums_agree_with_plain_loops(const Kernels *k) {
  const RowsOf *r = make_rows();
  static float out[BLOCK];
  for (int l = 0; l < LENGTHS_COUNT; l++) {
    int64_t n = LENGTHS[l];
    double max = -INFINITY, sum = 0, exps = 0, dot = 0, dot3 = 0, squares = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
      double a = (double)r->a[i], b = (double)r->b[i], c = (double)r->c[i];
      max = fmax(max, a);
      sum += a;
      exps += exp(a - 1.25);
      dot += a * b;
      dot3 += a * b * c;
      squares += (a - 0.5) * (a - 0.5);
      size += 1 + fabs(a) + fabs(a * b) + fabs(a * b * c);
    }
    assert_true((double)k->max(r->a, n) == max);
    assert_true(fabs(k->sum(r->a, n) - sum) <= 1e-6 * size);
    assert_true(fabs(k->exp_sum(out, r->a, 1.25f, n) - exps) <= 1e-6 * exps);
    assert_true(k->exp_sum(NULL, r->a, 1.25f, n) == k->exp_sum(out, r->a, 1.25f, n));
    for (int64_t i = 0; i < n; i++) assert_true(out[i] == exp_of(k, r->a[i] - 1.25f));
    assert_true(fabs((double)k->dot(r->a, r->b, n) - dot) <= 1e-6 * size);
    assert_true(fabs((double)k->dot3(r->a, r->b, r->c, n) - dot3) <= 1e-6 * size);
    assert_true(fabs(k->square_sum(r->a, 0.5f, n) - squares) <= 1e-6 * squares);
  }
}

static void sums_keep_nan_and_infinity(const Kernels *k) {
  float x[40], out[40];
  for (int i = 0; i < 40; i++) x[i] = -INFINITY;
  x[20] = 2;
  assert_true(k->max(x, 40) == 2);
  assert_true(k->exp_sum(out, x, 2, 40) == 1);
  assert_false(k->finite(x, 40));
  x[33] = NAN;
  assert_true(isnan(k->exp_sum(out, x, 2, 40)));
  for (int i = 0; i < 40; i++) x[i] = (float)i;
  assert_true(k->finite(x, 40));
  x[39] = NAN;
  assert_false(k->finite(x, 40));
}

/* Everything that writes a row, one after another; `out` [count of them, n]. */
enum { PLAIN = 12, WRITERS = PLAIN + 2 * ACTS };
static void write_all(const Kernels *k, const RowsOf *r, int64_t n, float *out) {
  const float *a = r->a, *b = r->b, *c = r->c;
  for (int i = 0; i < WRITERS; i++) memcpy(out + i * n, c, (size_t)n * sizeof *out);
  k->sum_of(out, a, b, n);
  k->add(out + n, a, n);
  k->scale(out + 2 * n, 0.3f, a, n);
  k->softmax_slope(out + 3 * n, a, 0.3f, n);
  k->norm(out + 4 * n, a, b, 0.3f, n);
  k->norm_dx(out + 5 * n, 0, a, b, c, 0.3f, 0.7f, n);
  k->norm_dx(out + 6 * n, 1, a, b, c, 0.3f, 0.7f, n);
  k->norm_dw(out + 7 * n, a, b, 0.3f, n);
  k->add_product(out + 8 * n, 0, a, b, n);
  k->add_product(out + 9 * n, 1, a, b, n);
  k->exp(out + 10 * n, 0.3f, a, 0.7f, n);
  k->sigmoid(out + 11 * n, a, n);
  for (int how = 0; how < ACTS; how++) {
    k->act((Act)how, out + (PLAIN + how) * n, a, b, n);
    k->act_slope((Act)how, out + (PLAIN + ACTS + how) * n, a, b, n);
  }
}

/* The formulas of ops.h. */
static double act_of(Act how, double x) {
  switch (how) {
    case ACT_RELU:
      return x < 0 ? 0 : x;
    case ACT_GELU_TANH:
      return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case ACT_GELU_ERF:
      return 0.5 * x * (1 + erf(x / sqrt(2)));
    case ACT_SILU:
      return x / (1 + exp(-x));
    case ACT_SIGMOID:
      return 1 / (1 + exp(-x));
    default:
      return tanh(x);
  }
}

static double act_slope_of(Act how, double x) {
  const double h = 1e-5;
  if (how == ACT_RELU) return x > 0;
  return (act_of(how, x + h) - act_of(how, x - h)) / (2 * h);
}

/* What writer `i` makes of an element, in double. */
static double written(int i, double a, double b, double c) {
  const double f = (double)0.3f, g = (double)0.7f;
  switch (i) {
    case 0:
      return a + b;
    case 1:
      return c + a;
    case 2:
      return f * a;
    case 3:
      return a * (c - f);
    case 4:
      return b * (a * f);
    case 5:
      return f * (a * b - c * g);
    case 6:
      return c + f * (a * b - c * g);
    case 7:
      return c + a * b * f;
    case 8:
      return a * b;
    case 9:
      return c + a * b;
    case 10:
      return f * exp(a - g);
    default:
      return 1 / (1 + exp(-a));
  }
}

static double written_by(int i, double a, double b, double c) {
  if (i < PLAIN) return written(i, a, b, c);
  i -= PLAIN;
  return i < ACTS ? act_of((Act)i, a) * b : act_slope_of((Act)(i - ACTS), a) * b;
}

static void rows_agree_with_plain_loops(const Kernels *k) {
  const RowsOf *r = make_rows();
  static float out[WRITERS * BLOCK];
  for (int l = 0; l < LENGTHS_COUNT; l++) {
    int64_t n = LENGTHS[l];
    write_all(k, r, n, out);
    for (int64_t i = 0; i < WRITERS * n; i++) {
      int64_t j = i % n;
      double a = (double)r->a[j], b = (double)r->b[j], c = (double)r->c[j];
      double want = written_by((int)(i / n), a, b, c);
      if (!(fabs((double)out[i] - want) <= 2e-6 * (1 + fabs(a) + fabs(b) + fabs(c) + fabs(want))))
        fail_msg("%s: writer %d [%d of %d]: got %.9g, want %.9g", k->name, (int)(i / n), (int)j,
                 (int)n, (double)out[i], want);
    }
  }
}

/* Every sum and every row of one table beside those of another. */
static void check_equal(const Kernels *k, const Kernels *other, int64_t n) {
  const RowsOf *r = make_rows();
  static float one[WRITERS * BLOCK], two[WRITERS * BLOCK];
  write_all(k, r, n, one);
  write_all(other, r, n, two);
  assert_memory_equal(one, two, (size_t)(WRITERS * n) * sizeof *one);
  assert_true(k->sum(r->a, n) == other->sum(r->a, n));
  assert_true(k->square_sum(r->a, 0.5f, n) == other->square_sum(r->a, 0.5f, n));
  assert_true(k->dot(r->a, r->b, n) == other->dot(r->a, r->b, n));
  assert_true(k->dot3(r->a, r->b, r->c, n) == other->dot3(r->a, r->b, r->c, n));
  assert_true(k->exp_sum(NULL, r->a, 1, n) == other->exp_sum(NULL, r->a, 1, n));
}

static void tables_that_fuse_are_equal(const Kernels *k) {
  for (int i = 0; k->fused && kernels_list(i); i++) {
    const Kernels *other = kernels_list(i);
    if (!other->fused || !kernels_runnable(other)) continue;
    for (int l = 0; l < LENGTHS_COUNT; l++) check_equal(k, other, LENGTHS[l]);
  }
}

/* The whole range of gelu, its tails included: P(x) = gelu(x) / x. */
static void the_normal_distribution_is_right(const Kernels *k) {
  static float x[BLOCK], y[BLOCK];
  for (int i = 0; i < BLOCK; i++) x[i] = (float)(i - BLOCK / 2) / 128 + 0.001f;
  k->act(ACT_GELU_ERF, y, x, NULL, BLOCK);
  for (int i = 0; i < BLOCK; i++) {
    double want = 0.5 * erfc(-(double)x[i] / sqrt(2)), got = (double)y[i] / (double)x[i];
    assert_true(fabs(got - want) <= 2e-7);
    if (want > 1e-8) assert_true(fabs(got - want) <= 1.5e-6 * want);
  }
}

static void test_all(void **state) {
  (void)state;
  for (int i = 0; kernels_list(i); i++) {
    const Kernels *k = kernels_list(i);
    if (!kernels_runnable(k)) continue;
    errors_are_within_the_stated_ulps(k);
    ends_are_exact(k);
    sums_agree_with_plain_loops(k);
    sums_keep_nan_and_infinity(k);
    rows_agree_with_plain_loops(k);
    the_normal_distribution_is_right(k);
    tables_that_fuse_are_equal(k);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
