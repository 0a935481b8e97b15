#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ELEMENTS_PER_TASK = 1 << 16 };

typedef struct Scaling {
  const Kernels *kernels;
  const float *x;
  float *y;
  float s;
  int64_t count;
} Scaling;

static void scale_chunk(void *arg, int64_t task, int worker) {
  (void)worker;
  const Scaling *s = arg;
  int64_t at = task * ELEMENTS_PER_TASK, end = min64(at + ELEMENTS_PER_TASK, s->count);
  s->kernels->scale(s->y + at, s->s, s->x + at, end - at);
}

static void scale_backward(Context *c, Node *node);
static const Op scale_op = {"scale", scale_backward};

Tensor *op_scale(Context *c, Tensor *x, float s) {
  if (context_failed(c)) return NULL;
  Tensor *y = tensor_new(c, x->rows, x->cols);
  Node *node = tape_record(c, &scale_op, y, &x, 1);
  float *saved = node ? context_alloc(c, sizeof *saved) : NULL;
  if (context_failed(c)) return NULL;
  if (node) {
    *saved = s;
    node->saved = saved;
  }
  Scaling scaling = {c->kernels, x->data, y->data, s, tensor_count(x)};
  parallel_for(c->threads, ceil_div(scaling.count, ELEMENTS_PER_TASK), scale_chunk, &scaling);
  return y;
}

/* dx = s dy, in the place of dy, which nothing reads any more. */
static void scale_backward(Context *c, Node *node) {
  float *dy = node->out->grad;
  c->kernels->scale(dy, *(const float *)node->saved, dy, tensor_count(node->out));
  grad_move(c, node->in[0], node->out);
}
