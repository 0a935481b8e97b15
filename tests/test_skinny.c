/* Products with few rows against sums in double, for every dtype of the weight. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/matmul.h"
#include "autograd/skinny.h"
#include "tests/operands.h"

/* f32 sums of k <= 1000 products of size <= 1.3, in another order. */
static const double SUM_TOLERANCE = 2e-4;

typedef struct Shape {
  int64_t m, n, k;
} Shape;

/* Rows below and beyond a group of lanes, columns and depths that fill no block. */
static const Shape SHAPES[] = {{1, 700, 100}, {2, 97, 1000},  {15, 300, 257},
                               {16, 96, 700}, {17, 131, 513}, {32, 640, 128}};
enum { SHAPES_COUNT = sizeof SHAPES / sizeof *SHAPES };

static void check_product(const Shape *s, Dtype dtype, float beta) {
  Operands o = {0};
  Runner r;
  runner_open(&r, 2, false);
  Tensor *x = operands_new(&o, s->m, s->k), *w = operands_frozen(&o, dtype, s->n, s->k);
  Tensor *plain = operands_widened(&o, w), *y = operands_new(&o, s->m, s->n);
  Tensor *old = operands_widened(&o, y);
  if (beta == 0) y->data[0] = NAN; /* not read */
  matmul_nt_weight(&r.c, 0.5F, mat(x->data, s->m, s->k), w, beta, mat(y->data, s->m, s->n));
  for (int64_t i = 0; i < s->m * s->n; i++) {
    const float *a = x->data + i / s->n * s->k, *b = plain->data + i % s->n * s->k;
    double sum = 0;
    for (int64_t k = 0; k < s->k; k++) sum += (double)a[k] * (double)b[k];
    double want = 0.5 * sum + (double)beta * (double)old->data[i], got = (double)y->data[i];
    if (!(fabs(got - want) <= SUM_TOLERANCE))
      fail_msg("[%d] of %d x %d x %d in %s: got %.9g, want %.9g", (int)i, (int)s->m, (int)s->n,
               (int)s->k, dtype_name(dtype), got, want);
  }
  runner_close(&r);
  operands_free(&o);
}

static void test_products(void **state) {
  (void)state;
  for (int i = 0; i < SHAPES_COUNT; i++) {
    for (int dtype = DTYPE_F32; dtype <= DTYPE_BF16; dtype++) {
      check_product(&SHAPES[i], (Dtype)dtype, 0);
      check_product(&SHAPES[i], (Dtype)dtype, 2);
    }
  }
}

static void test_a_row_depends_on_itself_alone(void **state) {
  (void)state;
  enum { M = 20, N = 700, K = 300 };
  Operands o = {0};
  Runner r;
  runner_open(&r, 1, false);
  Tensor *x = operands_new(&o, M, K), *w = operands_frozen(&o, DTYPE_BF16, N, K);
  Tensor *y = operands_new(&o, M, N), *one = operands_new(&o, 1, N);
  matmul_nt_weight(&r.c, 1, mat(x->data, M, K), w, 0, mat(y->data, M, N));
  r.c.threads = 2;
  matmul_nt_weight(&r.c, 1, mat(x->data + (M - 1) * K, 1, K), w, 0, mat(one->data, 1, N));
  assert_memory_equal(one->data, y->data + (M - 1) * N, sizeof(float) * N);
  runner_close(&r);
  operands_free(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_products),
      cmocka_unit_test(test_a_row_depends_on_itself_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
