/* Products by panels against sums in double, in bf16 of the rounded operands; what bf16 leaves
 * alone; a model's loss and gradients in bf16 beside those in f32. Skipped on processors without.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/matmul_panel.h"
#include "tests/operands.h"
#include "tests/testing.h"
#include "tests/tiny.h"

/* Of f32 sums of n products of size <= 1.3 in another order: n 2^-24 at the very most, and in
 * practice far less. */
static double sum_tolerance(int64_t n) {
  return 2e-6 + 5e-8 * (double)n;
}
/* Of the whole gradient: a rounding of 2^-9 in each operand of some tens of products in a row. */
static const double MODEL_TOLERANCE = 0.03;

typedef struct Shape {
  int64_t m, n, k;
} Shape;

static const Shape SHAPES[] = {{1, 1, 1},     {6, 64, 32},   {7, 65, 33},   {13, 200, 96},
                               {5, 63, 300},  {1100, 70, 7}, {64, 128, 64}, {3, 5, 2},
                               {9, 17, 2049}, {50, 40, 2600}};
enum { SHAPES_COUNT = sizeof SHAPES / sizeof *SHAPES };

static double operand(PanelKernel kernel, float x) {
  if (kernel != PANEL_AVX512_BF16) return (double)x;
  uint16_t half;
  float back;
  dtype_narrow(&half, &x, DTYPE_BF16, 1);
  dtype_widen(&back, &half, DTYPE_BF16, 1);
  return (double)back;
}

static void multiply(Runner *r, bool nt, Tensor *a, const Tensor *w, Tensor *y) {
  Mat x = mat(a->data, a->rows, a->cols), out = mat(y->data, y->rows, y->cols);
  (nt ? matmul_nt_weight : matmul_nn_weight)(&r->c, 0.5F, x, w, 2, out);
}

static void check_product(const Shape *s, PanelKernel kernel, bool nt, Dtype dtype) {
  Operands o = {0};
  Runner r;
  runner_open(&r, 2, false);
  Tensor *a = operands_new(&o, s->m, s->k), *y = operands_new(&o, s->m, s->n);
  Tensor *w = operands_frozen(&o, dtype, nt ? s->n : s->k, nt ? s->k : s->n);
  Tensor *plain = operands_widened(&o, w);
  float *old = malloc((size_t)(s->m * s->n) * sizeof *old);
  memcpy(old, y->data, (size_t)(s->m * s->n) * sizeof *old);
  PanelSource source = {w->store, dtype, w->cols};
  matmul_panel(&r.c, &(PanelProduct){kernel, nt, 0.5F, 2, mat(a->data, s->m, s->k), source,
                                     mat(y->data, s->m, s->n)});
  for (int64_t i = 0; i < s->m; i++) {
    for (int64_t j = 0; j < s->n; j++) {
      double sum = 0;
      for (int64_t k = 0; k < s->k; k++) {
        float b = plain->data[nt ? j * s->k + k : k * s->n + j];
        sum += operand(kernel, a->data[i * s->k + k]) * operand(kernel, b);
      }
      double want = 0.5 * sum + 2 * (double)old[i * s->n + j];
      double got = (double)y->data[i * s->n + j];
      if (!(fabs(got - want) <= sum_tolerance(s->k)))
        fail_msg("%s %s [%d, %d] of k %d: got %.9g, want %.9g", dtype_name(dtype), nt ? "nt" : "nn",
                 (int)i, (int)j, (int)s->k, got, want);
    }
  }
  free(old);
  runner_close(&r);
  operands_free(&o);
}

static void check_products(PanelKernel kernel, const Dtype *dtypes, int n) {
  for (int i = 0; i < SHAPES_COUNT; i++) {
    for (int j = 0; j < n; j++) {
      check_product(&SHAPES[i], kernel, true, dtypes[j]);
      check_product(&SHAPES[i], kernel, false, dtypes[j]);
    }
  }
}

static void test_products_in_f32(void **state) {
  (void)state;
  const Dtype dtypes[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  check_products(PANEL_PORTABLE, dtypes, 3);
  check_products(panel_kernel(), dtypes, 3);
}

static void test_products_in_bf16_are_those_of_rounded_operands(void **state) {
  (void)state;
  if (!panel_has_bf16()) skip();
  check_products(PANEL_AVX512_BF16, (Dtype[]){DTYPE_F32, DTYPE_BF16}, 2);
}

static void check_rows(PanelKernel kernel) {
  enum { M = 1100, N = 130, K = 177 };
  Operands o = {0};
  Runner r;
  runner_open(&r, 1, false);
  Tensor *a = operands_new(&o, M, K), *w = operands_frozen(&o, DTYPE_BF16, N, K);
  Tensor *y = operands_new(&o, M, N), *one = operands_new(&o, 1, N), *two = operands_new(&o, M, N);
  PanelProduct p = {
      kernel, true, 1, 0, mat(a->data, M, K), {w->store, DTYPE_BF16, K}, mat(y->data, M, N)};
  matmul_panel(&r.c, &p);
  p.out.data = two->data;
  r.c.threads = 2;
  matmul_panel(&r.c, &p);
  assert_memory_equal(y->data, two->data, sizeof(float) * M * N);
  p.a = mat(a->data + (M - 1) * K, 1, K);
  p.out = mat(one->data, 1, N);
  matmul_panel(&r.c, &p);
  assert_memory_equal(one->data, y->data + (M - 1) * N, sizeof(float) * N);
  runner_close(&r);
  operands_free(&o);
}

static void test_a_row_depends_on_itself_alone(void **state) {
  (void)state;
  check_rows(PANEL_PORTABLE);
  check_rows(panel_kernel());
  if (panel_has_bf16()) check_rows(PANEL_AVX512_BF16);
}

/* Rows of a are read, and rows of the result added to, where they lie. */
static void check_places(PanelKernel kernel) {
  enum { ROWS = 30, N = 40, K = 20 };
  static const int64_t from[] = {3, 3, 17, 0, 29, 8, 11, 12}, to[] = {5, 9, 1, 0, 29, 28, 2, 7};
  enum { PLACES = sizeof to / sizeof *to };
  Operands o = {0};
  Tensor *a = operands_new(&o, ROWS, K), *w = operands_new(&o, N, K),
         *y = operands_new(&o, ROWS, N);
  Tensor *old = operands_widened(&o, y);
  _Alignas(64) float panel[K * PANEL_COLS];
  for (int64_t count = 1; count <= PLACES; count++) {
    memcpy(y->data, old->data, sizeof(float) * ROWS * N);
    panel_pack_nt(kernel, panel, NULL, (PanelSource){w->data, DTYPE_F32, K}, N, K);
    panel_multiply(kernel, &(PanelRows){a->data, K, y->data, N, from, to}, count, K, panel, N, 3,
                   1);
    for (int64_t row = 0; row < ROWS; row++) {
      int64_t place = 0;
      while (place < count && to[place] != row) place++;
      for (int64_t j = 0; j < N; j++) {
        double want = (double)old->data[row * N + j];
        for (int64_t k = 0; k < K && place < count; k++)
          want += 3 * (double)a->data[from[place] * K + k] * (double)w->data[j * K + k];
        assert_float_equal(y->data[row * N + j], want, 1e-5);
      }
    }
  }
  operands_free(&o);
}

static void test_rows_are_read_and_written_where_they_lie(void **state) {
  (void)state;
  check_places(PANEL_PORTABLE);
  check_places(panel_kernel());
}

/* f16 has no such products, and a weight that learns keeps its small changes. */
static void test_other_weights_are_left_alone(void **state) {
  (void)state;
  if (!panel_has_bf16()) skip();
  enum { M = 9, N = 20, K = 40 };
  for (int learns = 0; learns < 2; learns++) {
    Operands o = {0};
    Runner r;
    runner_open(&r, 1, false);
    Tensor *a = operands_new(&o, M, K);
    Tensor *w = learns ? operands_new(&o, N, K) : operands_frozen(&o, DTYPE_F16, N, K);
    Tensor *y = operands_new(&o, M, N), *z = operands_new(&o, M, N);
    w->needs_grad = learns;
    memcpy(z->data, y->data, sizeof(float) * M * N);
    multiply(&r, true, a, w, y);
    r.c.precision = PRECISION_BF16;
    multiply(&r, true, a, w, z);
    assert_memory_equal(y->data, z->data, sizeof(float) * M * N);
    w->needs_grad = false;
    runner_close(&r);
    operands_free(&o);
  }
}

/* The gate gradients of one batch, laid end to end. */
static float *gate_gradients(T5 *model, Gate *gate, const AdapterSet *set, const TinyBatch *batch,
                             Precision precision, int64_t *count, float *loss) {
  Bench b;
  bench_open(&b, true, 1);
  b.c.precision = precision;
  T5Run run = {model, set, false};
  Tensor *out = t5_loss(&b.c, &run, batch->input, tiny_input(batch), batch->decoder, batch->target,
                        tiny_target(batch), 1, NULL);
  assert_non_null(out);
  *loss = out->data[0];
  tape_seed(&b.c, out, 1);
  tape_backward(&b.c, 0);
  *count = 0;
  for (int i = 0; i < gate->count; i++) *count += gate->vector[i].cols;
  float *all = malloc((size_t)*count * sizeof *all), *at = all;
  for (int i = 0; i < gate->count; i++) {
    Tensor *v = &gate->vector[i];
    if (!v->rows) continue;
    memcpy(at, v->grad, (size_t)v->cols * sizeof *at);
    memset(v->grad, 0, (size_t)v->cols * sizeof *at);
    at += v->cols;
  }
  bench_close(&b);
  return all;
}

static void test_a_model_is_near_itself_in_f32(void **state) {
  (void)state;
  if (!panel_has_bf16()) skip();
  T5 *model = tiny_model(true, false);
  Lora *lora = tiny_lora(model, "all-linear", 4, 3);
  Gate *gate = tiny_gate(lora, model, 5);
  AdapterSet set;
  Error err = {0};
  assert_int_equal(gate_adapters(gate, lora, &set, &err), STATUS_OK);
  TinyBatch batch = tiny_batch(&model->config, 7);
  int64_t n;
  float plain, fast;
  float *want = gate_gradients(model, gate, &set, &batch, PRECISION_F32, &n, &plain);
  float *got = gate_gradients(model, gate, &set, &batch, PRECISION_BF16, &n, &fast);
  Agreement a = agreement(got, want, n);
  if (!(a.whole > 0 && a.whole <= MODEL_TOLERANCE)) fail_msg("gradients differ by %g", a.whole);
  if (!(fabsf(fast - plain) <= 1e-2F * plain))
    fail_msg("losses %g and %g", (double)fast, (double)plain);
  free(want);
  free(got);
  free(set.slot);
  gate_close(gate);
  lora_close(lora);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_products_in_f32),
      cmocka_unit_test(test_products_in_bf16_are_those_of_rounded_operands),
      cmocka_unit_test(test_a_row_depends_on_itself_alone),
      cmocka_unit_test(test_rows_are_read_and_written_where_they_lie),
      cmocka_unit_test(test_other_weights_are_left_alone),
      cmocka_unit_test(test_a_model_is_near_itself_in_f32),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
