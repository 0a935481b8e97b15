#include <assert.h>

#include "autograd/extremum.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "autograd/vmath.h"

/* A task walks its elements in spans that stay in the first cache between passes; a pass is one
 * plain loop, which the compiler turns into vector code. */
enum { ELEMENTS_PER_TASK = 1 << 15, SPAN = 1024 };

/* y = act(a) * b; b NULL stands for 1. */
typedef struct Gated {
  Act act;
  int64_t count;
  const float *a, *b;
  float *y;
  /* backward only; da and db NULL where not wanted */
  const float *dy;
  float *da, *db;
  float beta_a, beta_b;
} Gated;

static void gated_parallel(Context *c, ParallelTask task, Gated *g) {
  parallel_for(c->threads, (g->count + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK, task, g);
}

static const float TWICE_ROOT = 1.5957691216057308f; /* 2 sqrt(2/pi) */
static const float CUBIC = 0.044715f;

/* 0.5 (1 + tanh(u)) = sigmoid(2u), so with p = 2 sqrt(2/pi) (x + 0.044715 x^3), s = sigmoid(p):
 *   gelu(x) = x s    gelu'(x) = s + x s (1 - s) p' */
static inline float gelu_gate(float x) {
  return vmath_sigmoid(TWICE_ROOT * x * (1 + CUBIC * x * x));
}

/* y = act(x); relu keeps NaN. */
static void act_values(Act act, const float *x, float *y, int64_t n) {
  if (act == ACT_RELU) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * gelu_gate(x[i]);
  }
}

static void gated_chunk(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gated *g = arg;
  int64_t end = min64((task + 1) * ELEMENTS_PER_TASK, g->count);
  for (int64_t at = task * ELEMENTS_PER_TASK; at < end; at += SPAN) {
    int64_t n = min64(SPAN, end - at);
    float *y = g->y + at;
    act_values(g->act, g->a + at, y, n);
    if (!g->b) continue;
    const float *b = g->b + at;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] *= b[i];
  }
}

static void gated_backward(Context *c, Node *node);
static const Op act_op = {"act", gated_backward};
static const Op gated_act_op = {"gated_act", gated_backward};

static Tensor *gated_forward(Context *c, const Op *op, Act act, Tensor *a, Tensor *b) {
  if (context_failed(c)) return NULL;
  Tensor *y = tensor_new(c, a->rows, a->cols);
  Node *node = tape_record(c, op, y, (Tensor *[]){a, b}, 2);
  Act *saved = node ? context_alloc(c, sizeof *saved) : NULL;
  if (context_failed(c)) return NULL;
  if (node) {
    *saved = act;
    node->saved = saved;
  }
  Gated g = {.act = act, .count = tensor_count(a), .a = a->data, .y = y->data};
  g.b = b ? b->data : NULL;
  gated_parallel(c, gated_chunk, &g);
  return y;
}

Tensor *op_act(Context *c, Act act, Tensor *x) {
  return gated_forward(c, &act_op, act, x, NULL);
}

Tensor *op_gated_act(Context *c, Act act, Tensor *a, Tensor *b) {
  assert(context_failed(c) || (a->rows == b->rows && a->cols == b->cols));
  return gated_forward(c, &gated_act_op, act, a, b);
}

/* y = act'(x); the slope of relu at 0 is 0, as in PyTorch. */
static void act_slopes(Act act, const float *x, float *y, int64_t n) {
  if (act == ACT_RELU) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = x[i] > 0 ? 1 : 0;
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      float s = gelu_gate(x[i]);
      y[i] = s + x[i] * s * (1 - s) * TWICE_ROOT * (1 + 3 * CUBIC * x[i] * x[i]);
    }
  }
}

/* grad = beta * grad + dy * factor, where a beta of 0 ignores what grad holds. */
static void add_share(float *grad, float beta, const float *dy, const float *factor, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) grad[i] = (beta == 0 ? 0 : grad[i]) + dy[i] * factor[i];
}

static void gated_chunk_backward(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gated *g = arg;
  int64_t end = min64((task + 1) * ELEMENTS_PER_TASK, g->count);
  for (int64_t at = task * ELEMENTS_PER_TASK; at < end; at += SPAN) {
    int64_t n = min64(SPAN, end - at);
    float factor[SPAN];
    if (g->da) {
      act_slopes(g->act, g->a + at, factor, n);
      for (int64_t i = 0; g->b && i < n; i++) factor[i] *= g->b[at + i];
      add_share(g->da + at, g->beta_a, g->dy + at, factor, n);
    }
    if (g->db) {
      act_values(g->act, g->a + at, factor, n);
      add_share(g->db + at, g->beta_b, g->dy + at, factor, n);
    }
  }
}

static void gated_backward(Context *c, Node *node) {
  Tensor *a = node->in[0], *b = node->in[1];
  const Act *act = node->saved;
  Gated g = {.act = *act, .count = tensor_count(a), .a = a->data, .dy = node->out->grad};
  g.b = b ? b->data : NULL;
  g.da = grad_open(c, a, &g.beta_a);
  g.db = grad_open(c, b, &g.beta_b);
  if (!context_failed(c)) gated_parallel(c, gated_chunk_backward, &g);
}
