#include <assert.h>

#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ELEMENTS_PER_TASK = 1 << 16 };

typedef struct Sum {
  const Kernels *kernels;
  const float *a, *b;
  float *y;
  int64_t count;
} Sum;

static void add_chunk(void *arg, int64_t task, int worker) {
  (void)worker;
  const Sum *s = arg;
  int64_t end = (task + 1) * ELEMENTS_PER_TASK;
  if (end > s->count) end = s->count;
  int64_t at = task * ELEMENTS_PER_TASK;
  s->kernels->sum_of(s->y + at, s->a + at, s->b + at, end - at);
}

static void add_backward(Context *c, Node *node);
static const Op add_op = {"add", add_backward};

Tensor *op_add(Context *c, Tensor *a, Tensor *b) {
  if (context_failed(c)) return NULL;
  assert(a->rows == b->rows && a->cols == b->cols);
  Tensor *y = tensor_new(c, a->rows, a->cols);
  if (!y) return NULL;
  Sum sum = {c->kernels, a->data, b->data, y->data, tensor_count(y)};
  parallel_for(c->threads, (sum.count + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK, add_chunk,
               &sum);
  tape_record(c, &add_op, y, (Tensor *[]){a, b}, 2);
  return context_failed(c) ? NULL : y;
}

static void add_backward(Context *c, Node *node) {
  grad_add(c, node->in[1], node->out->grad);
  grad_move(c, node->in[0], node->out);
}
