/* Values of the operations against their formulas in double; large shapes on many threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "autograd/product/blas.h"
#include "tests/operands.h"
#include "tests/testing.h"

static void norm_is_its_formula(void **state) {
  (void)state;
  Operands o = {0};
  Tensor *x = operands_new(&o, 67, 129), *w = operands_frozen(&o, DTYPE_BF16, 1, 129);
  const float *weight = operands_widened(&o, w)->data;
  float *want = calloc((size_t)tensor_count(x), sizeof *want);
  assert_non_null(want);
  for (int64_t t = 0; t < x->rows; t++) {
    double square = 0;
    for (int64_t j = 0; j < x->cols; j++) square += pow((double)x->data[t * x->cols + j], 2);
    for (int64_t j = 0; j < x->cols; j++) {
      want[t * x->cols + j] = (float)((double)weight[j] * (double)x->data[t * x->cols + j] /
                                      sqrt(square / (double)x->cols + 0.01));
    }
  }
  Runner r;
  runner_open(&r, 2, false);
  Tensor *y = op_rms_norm(&r.c, x, w, 0.01f);
  Comparison c = compare_begin(1e-6, "rms_norm and its formula");
  compare(&c, "y", y->data, want, tensor_count(x));
  compare_end(&c);
  runner_close(&r);
  free(want);
  operands_free(&o);
}

static double gelu(double x) {
  return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static void gelu_is_its_formula(void **state) {
  (void)state;
  enum { N = 4001 };
  static float want[N], want_gated[N];
  Operands o = {0};
  Tensor *x = operands_new(&o, 1, N), *b = operands_new(&o, 1, N);
  for (int i = 0; i < N; i++) {
    x->data[i] = (float)(i - 2000) / 200;
    want[i] = (float)gelu((double)x->data[i]);
    want_gated[i] = (float)(gelu((double)x->data[i]) * (double)b->data[i]);
  }
  Runner r;
  runner_open(&r, 1, false);
  Tensor *y = op_act(&r.c, ACT_GELU_TANH, x), *gated = op_gated_act(&r.c, ACT_GELU_TANH, x, b);
  Comparison c = compare_begin(1e-6, "gelu and its formula");
  compare(&c, "act", y->data, want, N);
  compare(&c, "gated_act", gated->data, want_gated, N);
  compare_end(&c);
  runner_close(&r);
  operands_free(&o);
}

static void relu_is_exact_and_keeps_nan(void **state) {
  (void)state;
  float x[] = {-1, -0.0f, 0, 2, -INFINITY, INFINITY, NAN}, b[] = {3, 3, 3, 3, 3, 3, 3};
  Tensor at = tensor_view(x, DTYPE_F32, 1, 7), bt = tensor_view(b, DTYPE_F32, 1, 7);
  Runner r;
  runner_open(&r, 1, false);
  const float *y = op_act(&r.c, ACT_RELU, &at)->data;
  assert_true(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 2 && y[4] == 0 && isinf(y[5]));
  assert_true(isnan(y[6]));
  y = op_gated_act(&r.c, ACT_RELU, &at, &bt)->data;
  assert_true(y[0] == 0 && y[3] == 6 && isnan(y[6]));
  runner_close(&r);
}

static void embedding_copies_rows_of_any_type(void **state) {
  (void)state;
  static const Dtype dtypes[] = {DTYPE_F32, DTYPE_BF16, DTYPE_F16};
  static const int32_t ids[] = {4, 0, 4, 2};
  for (int i = 0; i < 3; i++) {
    Operands o = {0};
    Tensor *table = operands_frozen(&o, dtypes[i], 5, 3), *wide = operands_widened(&o, table);
    Runner r;
    runner_open(&r, 1, false);
    const float *y = op_embedding(&r.c, table, ids, 4)->data;
    for (int t = 0; t < 4; t++) {
      assert_memory_equal(y + 3 * t, wide->data + 3 * ids[t], 3 * sizeof *y);
    }
    runner_close(&r);
    operands_free(&o);
  }
}

/* -log softmax(scale W h)[target] */
static double reference_nll(const Tensor *h, const Tensor *w, double scale, int64_t t,
                            int32_t target) {
  double sum = 0, chosen = 0;
  for (int64_t v = 0; v < w->rows; v++) {
    double z = 0;
    for (int64_t j = 0; j < w->cols; j++) {
      z += scale * (double)h->data[t * h->cols + j] * (double)w->data[v * w->cols + j];
    }
    sum += exp(z);
    if (v == target) chosen = z;
  }
  return log(sum) - chosen;
}

/* 600 rows are three blocks of this vocabulary. */
static void cross_entropy_is_its_formula(void **state) {
  (void)state;
  enum { TOKENS = 600 };
  static int32_t targets[TOKENS];
  static float nll[TOKENS], want[TOKENS];
  Operands o = {0};
  Tensor *h = operands_new(&o, TOKENS, 8), *w = operands_frozen(&o, DTYPE_BF16, 200, 8);
  Tensor *wide = operands_widened(&o, w);
  double sum = 0;
  for (int t = 0; t < TOKENS; t++) {
    targets[t] = t * 7919 % 200;
    double term = reference_nll(h, wide, 1.5, t, targets[t]);
    want[t] = (float)term;
    sum += term;
  }
  Runner r;
  runner_open(&r, 2, false);
  Tensor *loss = op_cross_entropy(&r.c, h, w, 1.5f, targets, 0.25f, nll);
  Comparison c = compare_begin(1e-6, "cross_entropy and its formula");
  compare(&c, "nll", nll, want, TOKENS);
  compare_value(&c, "loss", (double)loss->data[0], 0.25 * sum);
  compare_end(&c);
  runner_close(&r);
  operands_free(&o);
}

/* Losses are differences of logits: they must not be rounded like them (an ulp of 1000 is 6e-5). */
static void cross_entropy_keeps_losses_among_large_logits(void **state) {
  (void)state;
  float h[] = {1, 1}, w[] = {1000, 990}, nll[2];
  static const int32_t targets[] = {0, 1};
  Tensor ht = tensor_view(h, DTYPE_F32, 2, 1), wt = tensor_view(w, DTYPE_F32, 2, 1);
  Runner r;
  runner_open(&r, 1, false);
  op_cross_entropy(&r.c, &ht, &wt, 1, targets, 1, nll);
  assert_true(fabs((double)nll[0] - log1p(exp(-10))) < 1e-6);
  assert_true(fabs((double)nll[1] - (10 + log1p(exp(-10)))) < 1e-6);
  runner_close(&r);
}

/* A block of a transformer, at a size where every operation has several tasks. */
enum { TOKENS = 700, WIDTH = 96, HEADS = 3, VOCABULARY = 100, BUCKETS = 8 };

typedef struct Model {
  Operands o;
  Tensor *table, *norm, *q, *k, *v, *bias, *up, *gate;
  int32_t ids[TOKENS];
} Model;

static void model_init(Model *m) {
  *m = (Model){0};
  m->table = operands_new(&m->o, VOCABULARY, WIDTH);
  m->norm = operands_new(&m->o, 1, WIDTH);
  m->q = operands_new(&m->o, WIDTH, WIDTH);
  m->k = operands_new(&m->o, WIDTH, WIDTH);
  m->v = operands_new(&m->o, WIDTH, WIDTH);
  m->bias = operands_new(&m->o, BUCKETS, HEADS);
  m->up = operands_new(&m->o, WIDTH, WIDTH);
  m->gate = operands_new(&m->o, WIDTH, WIDTH);
  for (int i = 0; i < TOKENS; i++) m->ids[i] = i * i % VOCABULARY;
  for (int i = 0; i < m->o.count; i++) m->o.tensor[i].needs_grad = true;
}

static Tensor *model_loss(Context *c, Model *m) {
  static const int64_t offset[] = {0, 200, 201, 201, 500, TOKENS};
  AttentionSpec spec = {.heads = HEADS,
                        .q = {5, offset},
                        .k = {5, offset},
                        .causal = true,
                        .buckets = BUCKETS,
                        .max_distance = 40};
  Tensor *x = op_embedding(c, m->table, m->ids, TOKENS), *n = op_rms_norm(c, x, m->norm, 1e-6f);
  Tensor *q = op_linear(c, n, m->q, NULL), *k = op_linear(c, n, m->k, NULL);
  Tensor *v = op_linear(c, n, m->v, NULL);
  x = op_add(c, x, op_attention(c, q, k, v, m->bias, &spec));
  Tensor *g = op_act(c, ACT_RELU, op_linear(c, x, m->gate, NULL));
  x = op_gated_act(c, ACT_GELU_TANH, g, op_linear(c, x, m->up, NULL));
  return op_cross_entropy(c, x, m->table, 0.01f, m->ids, 1.0f / TOKENS, NULL);
}

/* The loss and then all gradients, in a new array of *count floats. */
static float *model_gradients(Model *m, int threads, size_t *count) {
  Runner r;
  runner_open(&r, threads, true);
  Tensor *loss = model_loss(&r.c, m);
  tape_seed(&r.c, loss, 1);
  tape_backward(&r.c, 0);
  *count = 1;
  for (int i = 0; i < m->o.count; i++) *count += (size_t)tensor_count(&m->o.tensor[i]);
  float *all = calloc(*count, sizeof *all), *to = all;
  assert_non_null(all);
  *to++ = loss->data[0];
  for (int i = 0; i < m->o.count; i++) {
    Tensor *t = &m->o.tensor[i];
    memcpy(to, t->grad, (size_t)tensor_count(t) * sizeof *to);
    to += tensor_count(t);
    t->grad = NULL; /* the tape's */
  }
  runner_close(&r);
  return all;
}

static void every_number_of_threads_gives_the_same_bits(void **state) {
  (void)state;
  static const int threads[] = {2, 3};
  Model m;
  model_init(&m);
  size_t count, same;
  float *one = model_gradients(&m, 1, &count);
  assert_true(isfinite(one[0]) && one[0] > 0);
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    float *many = model_gradients(&m, threads[i], &same);
    assert_true(same == count);
    assert_memory_equal(many, one, count * sizeof *one);
    free(many);
  }
  free(one);
  operands_free(&m.o);
}

int main(void) {
  blas_init();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(norm_is_its_formula),
      cmocka_unit_test(gelu_is_its_formula),
      cmocka_unit_test(relu_is_exact_and_keeps_nan),
      cmocka_unit_test(embedding_copies_rows_of_any_type),
      cmocka_unit_test(cross_entropy_is_its_formula),
      cmocka_unit_test(cross_entropy_keeps_losses_among_large_logits),
      cmocka_unit_test(every_number_of_threads_gives_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
