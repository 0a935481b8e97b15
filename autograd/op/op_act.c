#include <assert.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"
#include "autograd/op/ops.h"

/* Backward walks its elements in spans that stay in the first cache between passes. */
enum { ELEMENTS_PER_TASK = 1 << 15, SPAN = 1024 };

/* y = act(a) * b; b NULL stands for 1. */
typedef struct Gated {
  const Kernels *kernels;
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

static void gated_chunk(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gated *g = arg;
  int64_t end = min64((task + 1) * ELEMENTS_PER_TASK, g->count);
  int64_t at = task * ELEMENTS_PER_TASK;
  g->kernels->act(g->act, g->y + at, g->a + at, g->b ? g->b + at : NULL, end - at);
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
  Gated g = {
      .kernels = c->kernels, .act = act, .count = tensor_count(a), .a = a->data, .y = y->data};
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

static void gated_chunk_backward(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gated *g = arg;
  const Kernels *k = g->kernels;
  int64_t end = min64((task + 1) * ELEMENTS_PER_TASK, g->count);
  for (int64_t at = task * ELEMENTS_PER_TASK; at < end; at += SPAN) {
    int64_t n = min64(SPAN, end - at);
    float factor[SPAN];
    if (g->da) {
      k->act_slope(g->act, factor, g->a + at, g->b ? g->b + at : NULL, n);
      k->add_product(g->da + at, g->beta_a, g->dy + at, factor, n);
    }
    if (g->db) {
      k->act(g->act, factor, g->a + at, NULL, n);
      k->add_product(g->db + at, g->beta_b, g->dy + at, factor, n);
    }
  }
}

static void gated_backward(Context *c, Node *node) {
  Tensor *a = node->in[0], *b = node->in[1];
  const Act *act = node->saved;
  Gated g = {.kernels = c->kernels,
             .act = *act,
             .count = tensor_count(a),
             .a = a->data,
             .dy = node->out->grad};
  g.b = b ? b->data : NULL;
  g.da = grad_open(c, a, &g.beta_a);
  g.db = grad_open(c, b, &g.beta_b);
  if (!context_failed(c)) gated_parallel(c, gated_chunk_backward, &g);
}
