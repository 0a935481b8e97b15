/* The gradients of every operation of op_list.h; those of losses are in gradcheck_losses.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "autograd/product/blas.h"
#include "tests/gradchecks.h"
#include "tests/operands.h"

/* Linear */

typedef struct LinearCase {
  Tensor *x, *w;
  Adapter adapter; /* kind NULL: none */
} LinearCase;

static Tensor *linear_forward(Context *c, void *arg) {
  LinearCase *l = arg;
  return op_linear(c, l->x, l->w, &l->adapter);
}

static void check_linear(int64_t tokens, int64_t d_in, int64_t d_out, int64_t rank, bool gated,
                         Dtype dtype) {
  Operands o = {0};
  LinearCase l = {.x = operands_new(&o, tokens, d_in)};
  l.w =
      dtype == DTYPE_F32 ? operands_new(&o, d_out, d_in) : operands_frozen(&o, dtype, d_out, d_in);
  Gradcheck check = {"linear", linear_forward, &l, 2, {l.x, l.w}, {"x", "w", "a", "b", "gate"}};
  if (rank > 0) {
    LowRank delta = {operands_new(&o, rank, d_in), operands_new(&o, d_out, rank), 0.75f};
    l.adapter = adapter_of(delta);
    check.operand[check.operands++] = delta.a;
    check.operand[check.operands++] = delta.b;
  }
  if (gated) {
    l.adapter.gate.vector = operands_new(&o, 1, d_in);
    check.operand[check.operands++] = l.adapter.gate.vector;
  }
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_linear(void **state) {
  (void)state;
  check_linear(5, 4, 3, 0, false, DTYPE_F32);
  check_linear(5, 4, 3, 2, false, DTYPE_F32);
  check_linear(4, 6, 5, 3, true, DTYPE_F32);
  check_linear(1, 1, 1, 1, true, DTYPE_F32);
  check_linear(0, 3, 2, 1, true, DTYPE_F32);
  check_linear(3, 4, 5, 2, true, DTYPE_BF16);
  check_linear(3, 4, 5, 2, true, DTYPE_F16);
  check_linear(260, 1, 2, 1, true, DTYPE_F32); /* two tasks */
  gradcheck_biased_linear();
}

/* Rescaled inputs and outputs, alone and around a linear */

typedef struct RescaleCase {
  Tensor *u, *l, *x;
  SigmoidGate gate;
} RescaleCase;

static Tensor *rescale_forward(Context *c, void *arg) {
  RescaleCase *r = arg;
  return op_rescale(c, r->u, r->l, r->x, &r->gate);
}

static void check_rescale(int64_t tokens, int64_t d, int64_t d_in, bool gated) {
  Operands o = {0};
  RescaleCase r = {
      operands_new(&o, tokens, d), operands_new(&o, 1, d), operands_new(&o, tokens, d_in), {0}};
  Gradcheck check = {"rescale", rescale_forward, &r, 2, {r.u, r.l, r.x}, {"u", "l", "x", "gate"}};
  if (gated) {
    r.gate.vector = check.operand[3] = operands_new(&o, 1, d_in);
    check.operands = 4;
  }
  check_operands(&check);
  operands_free(&o);
}

static void check_rescaled_linear(int64_t tokens, int64_t d_in, int64_t d_out, bool input,
                                  bool gated) {
  Operands o = {0};
  LinearCase l = {.x = operands_new(&o, tokens, d_in), .w = operands_new(&o, d_out, d_in)};
  l.adapter = adapter_rescaling(operands_new(&o, 1, input ? d_in : d_out), input);
  Gradcheck check = {
      "linear", linear_forward, &l, 3, {l.x, l.w, l.adapter.rescale}, {"x", "w", "l", "gate"}};
  if (gated) {
    l.adapter.gate.vector = check.operand[3] = operands_new(&o, 1, d_in);
    check.operands = 4;
  }
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_rescale(void **state) {
  (void)state;
  check_rescale(5, 4, 3, false);
  check_rescale(4, 6, 5, true);
  check_rescale(0, 3, 2, true);
  check_rescale(1, 1, 1, true);
  check_rescale(70, 2, 1, true); /* two tasks */
  for (int way = 0; way < 4; way++) check_rescaled_linear(4, 5, 3, way % 2, way / 2);
}

/* Norm */

static Tensor *rms_norm_forward(Context *c, void *arg) {
  Tensor **in = arg;
  return op_rms_norm(c, in[0], in[1], 1e-2f);
}

static void check_norm(int64_t tokens, int64_t d, Dtype dtype) {
  Operands o = {0};
  Tensor *x = operands_new(&o, tokens, d);
  Tensor *w = dtype == DTYPE_F32 ? operands_new(&o, 1, d) : operands_frozen(&o, dtype, 1, d);
  Tensor *in[] = {x, w};
  Gradcheck check = {"rms_norm", rms_norm_forward, in, 2, {x, w}, {"x", "w"}};
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_rms_norm(void **state) {
  (void)state;
  check_norm(3, 5, DTYPE_F32);
  check_norm(1, 1, DTYPE_F32);
  check_norm(0, 4, DTYPE_F32);
  check_norm(2, 37, DTYPE_BF16);
  check_norm(130, 3, DTYPE_F32); /* three tasks */
}

/* Elementwise */

static Tensor *add_forward(Context *c, void *arg) {
  Tensor **in = arg;
  return op_add(c, in[0], in[1]);
}

void gradcheck_add(void **state) {
  (void)state;
  Operands o = {0};
  Tensor *in[] = {operands_new(&o, 4, 5), operands_new(&o, 4, 5)};
  Gradcheck check = {"add", add_forward, in, 2, {in[0], in[1]}, {"a", "b"}};
  check_operands(&check);
  operands_free(&o);
}

typedef struct ActCase {
  Act act;
  Tensor *a, *b;
} ActCase;

static Tensor *act_forward(Context *c, void *arg) {
  ActCase *a = arg;
  return op_act(c, a->act, a->a);
}

static Tensor *gated_act_forward(Context *c, void *arg) {
  ActCase *a = arg;
  return op_gated_act(c, a->act, a->a, a->b);
}

static void check_act(Act act, float spread, bool gated, int64_t rows, int64_t cols) {
  Operands o = {0};
  ActCase a = {act, operands_new(&o, rows, cols), operands_new(&o, rows, cols)};
  for (int64_t i = 0; i < rows * cols; i++) a.a->data[i] *= spread;
  Gradcheck check = {"act", act_forward, &a, 1, {a.a, a.b}, {"a", "b"}};
  if (gated) {
    check.op = "gated_act";
    check.forward = gated_act_forward;
    check.operands = 2;
  }
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_act(void **state) {
  (void)state;
  for (int act = 0; act < ACTS; act++) check_act((Act)act, act == ACT_RELU ? 1 : 4, false, 10, 10);
  check_act(ACT_GELU_TANH, 1, false, 0, 7);
}

void gradcheck_gated_act(void **state) {
  (void)state;
  for (int act = 0; act < ACTS; act++) check_act((Act)act, 1, true, 5, 7);
  check_act(ACT_GELU_TANH, 3, true, 5, 7);
  check_act(ACT_GELU_TANH, 1, true, 1, 1030); /* two spans */
}

/* Embedding */

typedef struct EmbeddingCase {
  Tensor *table;
  const int32_t *ids;
  int64_t n;
} EmbeddingCase;

static Tensor *embedding_forward(Context *c, void *arg) {
  EmbeddingCase *e = arg;
  return op_embedding(c, e->table, e->ids, e->n);
}

void gradcheck_embedding(void **state) {
  (void)state;
  int32_t ids[150];
  for (int i = 0; i < 150; i++) ids[i] = i * i % 7; /* 0, 1, 2 and 4, often */
  static const int64_t counts[] = {0, 1, 6, 150};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    Operands o = {0};
    EmbeddingCase e = {operands_new(&o, 7, i == 2 ? 3 : 70), ids, counts[i]};
    Gradcheck check = {"embedding", embedding_forward, &e, 1, {e.table}, {"table"}};
    check_operands(&check);
    operands_free(&o);
  }
}

/* Attention */

typedef struct AttentionCase {
  Tensor *q, *k, *v, *bias;
  AttentionSpec spec;
} AttentionCase;

static Tensor *attention_forward(Context *c, void *arg) {
  AttentionCase *a = arg;
  return op_attention(c, a->q, a->k, a->v, a->bias, &a->spec);
}

enum { SEQUENCES = 4 };

typedef struct Shape {
  int64_t q[SEQUENCES], k[SEQUENCES]; /* lengths */
  int heads;
  int64_t dk;
  bool causal, bias;
  int buckets, max_distance;
} Shape;

static Ragged offsets(int64_t *offset, const int64_t *length) {
  offset[0] = 0;
  for (int s = 0; s < SEQUENCES; s++) offset[s + 1] = offset[s] + length[s];
  return (Ragged){SEQUENCES, offset};
}

static void check_attention(const Shape *s) {
  Operands o = {0};
  int64_t q[SEQUENCES + 1], k[SEQUENCES + 1], width = s->heads * s->dk;
  AttentionCase a = {.spec = {.heads = s->heads, .causal = s->causal}};
  a.spec.q = offsets(q, s->q);
  a.spec.k = offsets(k, s->k);
  a.spec.buckets = s->buckets;
  a.spec.max_distance = s->max_distance;
  a.spec.bidirectional = !s->causal;
  a.q = operands_new(&o, q[SEQUENCES], width);
  a.k = operands_new(&o, k[SEQUENCES], width);
  a.v = operands_new(&o, k[SEQUENCES], width);
  if (s->bias) a.bias = operands_new(&o, s->buckets, s->heads);
  Gradcheck check = {"attention",     attention_forward,       &a,
                     s->bias ? 4 : 3, {a.q, a.k, a.v, a.bias}, {"q", "k", "v", "bias"}};
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_attention(void **state) {
  (void)state;
  static const Shape shapes[] = {
      /* self, both directions: ragged, an empty sequence, buckets shared by distances */
      {{3, 0, 5, 1}, {3, 0, 5, 1}, 2, 3, false, true, 8, 4},
      {{3, 0, 5, 1}, {3, 0, 5, 1}, 2, 3, false, false, 0, 0},
      {{0, 0, 0, 0}, {0, 0, 0, 0}, 2, 3, false, true, 8, 4},
      /* self, causal */
      {{4, 1, 0, 6}, {4, 1, 0, 6}, 2, 2, true, true, 4, 4},
      {{4, 1, 0, 6}, {4, 1, 0, 6}, 3, 1, true, false, 0, 0},
      /* cross: no keys for a query, no query for keys */
      {{2, 0, 3, 1}, {4, 3, 0, 2}, 2, 3, false, false, 0, 0},
      /* cached decoding: the last queries of longer sequences; and more queries than keys */
      {{1, 2, 0, 3}, {5, 4, 2, 3}, 2, 2, true, true, 4, 4},
      {{4, 0, 0, 1}, {2, 0, 0, 1}, 1, 2, true, true, 4, 4},
      /* more than a tile of queries */
      {{66, 2, 0, 0}, {66, 2, 0, 0}, 2, 1, false, true, 32, 128},
      {{66, 0, 3, 0}, {66, 0, 3, 0}, 1, 1, true, true, 32, 40},
      /* more than a tile of keys */
      {{2, 0, 0, 1}, {515, 0, 0, 3}, 1, 1, false, false, 0, 0},
      {{5, 0, 0, 1}, {514, 0, 0, 3}, 1, 1, true, true, 8, 600},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_attention(&shapes[i]);
}

/* Recompute */

typedef struct RecomputeCase {
  Tensor *x, *w, *v;
} RecomputeCase;

static Tensor *inner_body(Context *c, void *arg) {
  RecomputeCase *r = arg;
  return op_act(c, ACT_GELU_TANH, op_linear(c, r->x, r->w, NULL));
}

/* A body with a recomputed part inside and operands used twice. */
static Tensor *outer_body(Context *c, void *arg) {
  RecomputeCase *r = arg;
  Tensor *y = op_recompute(c, inner_body, arg, (Tensor *[]){r->x, r->w}, 2);
  return op_add(c, op_linear(c, y, r->v, NULL), r->x);
}

static Tensor *recompute_forward(Context *c, void *arg) {
  RecomputeCase *r = arg;
  return op_recompute(c, outer_body, arg, (Tensor *[]){r->x, r->w, r->v}, 3);
}

void gradcheck_recompute(void **state) {
  (void)state;
  Operands o = {0};
  RecomputeCase r = {operands_new(&o, 4, 3), operands_new(&o, 3, 3), operands_new(&o, 3, 3)};
  Gradcheck check = {"recompute", recompute_forward, &r, 3, {r.x, r.w, r.v}, {"x", "w", "v"}};
  check_operands(&check);
  operands_free(&o);
}

int main(void) {
  blas_init();
  const struct CMUnitTest tests[] = {
#define OP(name) cmocka_unit_test(gradcheck_##name),
#include "autograd/op/op_list.h"
#undef OP
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
