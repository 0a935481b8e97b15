/* Products, on every table of kernels that this processor can run, against the chain that
 * autograd/kernel/kernels.h promises, made here with fmaf of libm one number at a time: equal to
 * the bit. So a row depends on itself alone, whatever the number of rows, columns and threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/matmul.h"
#include "tests/operands.h"

typedef struct Shape {
  int64_t m, n, k;
} Shape;

/* Rows for every way to multiply, and on both sides of where one gives way to another; columns and
 * depths that fill no strip, square, tile or piece. */
static const Shape SHAPES[] = {
    {1, 1, 1},     {1, 700, 100},  {2, 97, 1000},  {3, 5, 2},      {4, 130, 65},   {5, 63, 300},
    {7, 65, 33},   {8, 300, 64},   {10, 200, 96},  {11, 200, 96},  {13, 200, 513}, {15, 300, 257},
    {16, 96, 700}, {17, 131, 513}, {32, 640, 128}, {33, 640, 128}, {40, 33, 1030}, {64, 128, 64},
    {9, 17, 2049}, {50, 40, 2600}, {250, 70, 7},   {1100, 70, 19}, {6, 64, 32},    {3, 40, 0}};
enum { SHAPES_COUNT = sizeof SHAPES / sizeof *SHAPES };

static float chain_step(const Kernels *k, float a, float b, float sum) {
  volatile float product = a * b; /* rounded before it is added */
  return k->fused ? fmaf(a, b, sum) : product + sum;
}

/* sum + the chain of k products; b is `step` apart. */
static float chain(const Kernels *k, const float *a, const float *b, int64_t step, int64_t n,
                   float sum) {
  for (int64_t i = 0; i < n; i++) sum = chain_step(k, a[i], b[i * step], sum);
  return sum;
}

static void check_product(const Kernels *k, const Shape *s, bool nt, Dtype dtype, bool add) {
  Operands o = {0};
  Runner r;
  runner_open(&r, 2, false);
  r.c.kernels = k;
  Tensor *a = operands_new(&o, s->m, s->k), *y = operands_new(&o, s->m, s->n);
  Tensor *w = operands_frozen(&o, dtype, nt ? s->n : s->k, nt ? s->k : s->n);
  Tensor *plain = operands_widened(&o, w), *old = operands_widened(&o, y);
  if (!add) y->data[0] = NAN; /* not read */
  (nt ? matmul_nt_weight : matmul_nn_weight)(&r.c, mat(a->data, s->m, s->k), w, add,
                                             mat(y->data, s->m, s->n));
  for (int64_t i = 0; i < s->m * s->n; i++) {
    int64_t j = i % s->n;
    float want = chain(k, a->data + i / s->n * s->k, plain->data + (nt ? j * s->k : j),
                       nt ? 1 : s->n, s->k, add ? old->data[i] : 0);
    if (memcmp(&y->data[i], &want, sizeof want) != 0)
      fail_msg("%s, %s, %s: [%d, %d] of %d x %d x %d: got %.9g, want %.9g", k->name,
               dtype_name(dtype), nt ? "nt" : "nn", (int)(i / s->n), (int)j, (int)s->m, (int)s->n,
               (int)s->k, (double)y->data[i], (double)want);
  }
  runner_close(&r);
  operands_free(&o);
}

/* Chains that begin with a row, with a second term behind them or not. */
static void check_begun(const Kernels *k, const Shape *s, int terms) {
  enum { R = 5 };
  Operands o = {0};
  Runner r;
  runner_open(&r, 2, false);
  r.c.kernels = k;
  Tensor *a = operands_new(&o, s->m, s->k), *w = operands_new(&o, s->n, s->k);
  Tensor *u = operands_new(&o, s->m, R), *b = operands_new(&o, s->n, R);
  Tensor *start = operands_new(&o, 1, s->n), *y = operands_new(&o, s->m, s->n);
  y->data[0] = NAN; /* not read */
  Product product = {
      .term = {{mat(a->data, s->m, s->k), matmul_factor(mat(w->data, s->n, s->k), true)},
               {mat(u->data, s->m, R), matmul_factor(mat(b->data, s->n, R), true)}},
      .terms = terms,
      .start = start->data,
      .out = mat(y->data, s->m, s->n)};
  matmul_all(&r.c, &product, 1);
  for (int64_t i = 0; i < s->m * s->n; i++) {
    int64_t row = i / s->n, col = i % s->n;
    float want = chain(k, a->data + row * s->k, w->data + col * s->k, 1, s->k, start->data[col]);
    if (terms > 1) want = chain(k, u->data + row * R, b->data + col * R, 1, R, want);
    if (memcmp(&y->data[i], &want, sizeof want) != 0)
      fail_msg("%s, begun: [%d, %d] of %d x %d x %d: got %.9g, want %.9g", k->name, (int)row,
               (int)col, (int)s->m, (int)s->n, (int)s->k, (double)y->data[i], (double)want);
  }
  runner_close(&r);
  operands_free(&o);
}

static void test_products_begin_with_a_row(void **state) {
  (void)state;
  for (int i = 0; kernels_list(i); i++) {
    if (!kernels_runnable(kernels_list(i))) continue;
    for (int n = 0; n < SHAPES_COUNT; n++)
      for (int terms = 1; terms <= 2; terms++) check_begun(kernels_list(i), &SHAPES[n], terms);
  }
}

static void test_products_are_the_chain(void **state) {
  (void)state;
  for (int i = 0; kernels_list(i); i++) {
    if (!kernels_runnable(kernels_list(i))) continue;
    for (int s = 0; s < SHAPES_COUNT; s++) {
      for (int dtype = DTYPE_F32; dtype <= DTYPE_BF16; dtype++) {
        check_product(kernels_list(i), &SHAPES[s], true, (Dtype)dtype, s % 2);
        check_product(kernels_list(i), &SHAPES[s], false, (Dtype)dtype, s % 2);
      }
    }
  }
}

/* Of the sums of rounded operands, which the processor adds in pairs: n f32 additions. */
static double bf16_tolerance(int64_t n) {
  return 2e-6 + 5e-8 * (double)n;
}

static double rounded(float x) {
  uint16_t half;
  float back;
  dtype_narrow(&half, &x, DTYPE_BF16, 1);
  dtype_widen(&back, &half, DTYPE_BF16, 1);
  return (double)back;
}

static void multiply_bf16(const Kernels *k, int threads, bool nt, Mat a, const Tensor *w, Mat out) {
  Runner r;
  runner_open(&r, threads, false);
  r.c.kernels = k;
  r.c.precision = PRECISION_BF16;
  (nt ? matmul_nt_weight : matmul_nn_weight)(&r.c, a, w, false, out);
  runner_close(&r);
}

static void check_bf16(const Kernels *k, const Shape *s, bool nt, Dtype dtype) {
  Operands o = {0};
  Tensor *a = operands_new(&o, s->m, s->k), *y = operands_new(&o, s->m, s->n);
  Tensor *w = operands_frozen(&o, dtype, nt ? s->n : s->k, nt ? s->k : s->n);
  Tensor *plain = operands_widened(&o, w), *one = operands_new(&o, 1, s->n);
  multiply_bf16(k, 2, nt, mat(a->data, s->m, s->k), w, mat(y->data, s->m, s->n));
  for (int64_t i = 0; i < s->m * s->n; i++) {
    double sum = 0, got = (double)y->data[i];
    for (int64_t p = 0; p < s->k; p++)
      sum += rounded(a->data[i / s->n * s->k + p]) *
             rounded(plain->data[nt ? i % s->n * s->k + p : p * s->n + i % s->n]);
    if (!(fabs(got - sum) <= bf16_tolerance(s->k)))
      fail_msg("%s %s: [%d] of %d x %d x %d: got %.9g, want %.9g", dtype_name(dtype),
               nt ? "nt" : "nn", (int)i, (int)s->m, (int)s->n, (int)s->k, got, sum);
  }
  multiply_bf16(k, 1, nt, mat(a->data + (s->m - 1) * s->k, 1, s->k), w, mat(one->data, 1, s->n));
  assert_memory_equal(one->data, y->data + (s->m - 1) * s->n, sizeof(float) * (size_t)s->n);
  operands_free(&o);
}

static void test_bf16_products_are_those_of_rounded_operands(void **state) {
  (void)state;
  bool any = false;
  for (int i = 0; kernels_list(i); i++) {
    const Kernels *k = kernels_list(i);
    if (!k->tile_bf16 || !kernels_runnable(k)) continue;
    any = true;
    for (int s = 0; s < SHAPES_COUNT; s++) {
      for (int nt = 0; nt < 2; nt++) {
        check_bf16(k, &SHAPES[s], nt, DTYPE_F32);
        check_bf16(k, &SHAPES[s], nt, DTYPE_BF16);
      }
    }
  }
  if (!any) skip();
}

/* f16 has no such products, and a weight that learns keeps its small changes. */
static void test_bf16_leaves_other_weights_alone(void **state) {
  (void)state;
  enum { M = 9, N = 20, K = 40 };
  for (int learns = 0; learns < 2; learns++) {
    Operands o = {0};
    Runner r;
    runner_open(&r, 1, false);
    Tensor *a = operands_new(&o, M, K);
    Tensor *w = learns ? operands_new(&o, N, K) : operands_frozen(&o, DTYPE_F16, N, K);
    Tensor *y = operands_new(&o, M, N), *z = operands_new(&o, M, N);
    w->needs_grad = learns;
    matmul_nt_weight(&r.c, mat(a->data, M, K), w, false, mat(y->data, M, N));
    r.c.precision = PRECISION_BF16;
    matmul_nt_weight(&r.c, mat(a->data, M, K), w, false, mat(z->data, M, N));
    assert_memory_equal(y->data, z->data, sizeof(float) * M * N);
    w->needs_grad = false;
    runner_close(&r);
    operands_free(&o);
  }
}

/* Rows of a are read, and rows of the result added to, where they lie. */
static void check_places(const Kernels *k) {
  enum { ROWS = 30, N = 40, K = 20, PLACES = 8 };
  static const int64_t from[PLACES] = {3, 3, 17, 0, 29, 8, 11, 12};
  static const int64_t to[PLACES] = {5, 9, 1, 0, 29, 28, 2, 7};
  Operands o = {0};
  Tensor *a = operands_new(&o, ROWS, K), *w = operands_new(&o, N, K);
  Tensor *y = operands_new(&o, ROWS, N), *old = operands_widened(&o, y);
  float *scratch = malloc((size_t)block_scratch(k) * sizeof *scratch);
  Factor b = matmul_factor(mat(w->data, N, K), true);
  for (int64_t count = 0; count <= PLACES; count++) {
    memcpy(y->data, old->data, sizeof(float) * ROWS * N);
    BlockRows rows = {count, a->data, K, y->data, N, from, to, NULL};
    block_multiply(k, &rows, &b, N, K, true, scratch);
    for (int64_t row = 0; row < ROWS; row++) {
      int64_t place = 0;
      while (place < count && to[place] != row) place++;
      for (int64_t j = 0; j < N; j++) {
        float want = old->data[row * N + j];
        if (place < count) want = chain(k, a->data + from[place] * K, w->data + j * K, 1, K, want);
        assert_memory_equal(&y->data[row * N + j], &want, sizeof want);
      }
    }
  }
  free(scratch);
  operands_free(&o);
}

static void test_rows_are_read_and_written_where_they_lie(void **state) {
  (void)state;
  for (int i = 0; kernels_list(i); i++)
    if (kernels_runnable(kernels_list(i))) check_places(kernels_list(i));
}

/* Several products in one go, some of two terms, are each itself. */
static void test_products_in_one_go(void **state) {
  (void)state;
  enum { M = 20, K = 70, R = 5, COUNT = 4 };
  static const int64_t N[COUNT] = {150, 70, 1, 33};
  for (int64_t m = 1; m <= M; m += 19) {
    Operands o = {0};
    Runner r;
    runner_open(&r, 2, false);
    Tensor *x = operands_new(&o, m, K), *u = operands_new(&o, m, R);
    Product product[COUNT];
    Tensor *w[COUNT], *b[COUNT], *y[COUNT];
    for (int i = 0; i < COUNT; i++) {
      w[i] = operands_new(&o, N[i], K);
      b[i] = operands_new(&o, N[i], R);
      y[i] = operands_new(&o, m, N[i]);
      product[i] =
          (Product){.term = {{mat(x->data, m, K), matmul_factor(mat(w[i]->data, N[i], K), true)},
                             {mat(u->data, m, R), matmul_factor(mat(b[i]->data, N[i], R), true)}},
                    .terms = 1 + i % 2,
                    .out = mat(y[i]->data, m, N[i])};
    }
    matmul_all(&r.c, product, COUNT);
    for (int i = 0; i < COUNT; i++) {
      for (int64_t e = 0; e < m * N[i]; e++) {
        const float *row = x->data + e / N[i] * K, *more = u->data + e / N[i] * R;
        float want = chain(r.c.kernels, row, w[i]->data + e % N[i] * K, 1, K, 0);
        if (i % 2) want = chain(r.c.kernels, more, b[i]->data + e % N[i] * R, 1, R, want);
        assert_memory_equal(&y[i]->data[e], &want, sizeof want);
      }
    }
    runner_close(&r);
    operands_free(&o);
  }
}

/* SKEIN_KERNEL names a table that runs here, or the tests above would be of another one. */
static void test_the_kernels_asked_for_are_used(void **state) {
  (void)state;
  Error err = {0};
  if (kernels_check(&err) != STATUS_OK) fail_msg("%s", err.text);
  const char *asked = getenv("SKEIN_KERNEL");
  if (asked && *asked) assert_string_equal(kernels_default()->name, asked);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_kernels_asked_for_are_used),
      cmocka_unit_test(test_products_are_the_chain),
      cmocka_unit_test(test_products_begin_with_a_row),
      cmocka_unit_test(test_bf16_products_are_those_of_rounded_operands),
      cmocka_unit_test(test_bf16_leaves_other_weights_alone),
      cmocka_unit_test(test_rows_are_read_and_written_where_they_lie),
      cmocka_unit_test(test_products_in_one_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
