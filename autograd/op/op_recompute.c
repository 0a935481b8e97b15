#include <assert.h>
#include <string.h>

#include "autograd/op/ops.h"

typedef struct RecomputeSaved {
  RecomputeBody body;
  void *arg;
} RecomputeSaved;

static void recompute_backward(Context *c, Node *node);
static const Op recompute_op = {"recompute", recompute_backward};

Tensor *op_recompute(Context *c, RecomputeBody body, void *arg, Tensor *const *inputs, int n) {
  if (context_failed(c)) return NULL;
  Tensor *y = tensor_new(c, inputs[0]->rows, inputs[0]->cols);
  RecomputeSaved *saved = context_alloc(c, sizeof *saved);
  if (!saved) return NULL;
  *saved = (RecomputeSaved){body, arg};

  ArenaMark mark = arena_mark(c->arena);
  Context plain = *c;
  plain.tape = NULL;
  Tensor *result = body(&plain, arg);
  if (!result) return NULL;
  assert(result->rows == y->rows && result->cols == y->cols);
  memcpy(y->data, result->data, (size_t)tensor_count(y) * sizeof *y->data);
  arena_release(c->arena, mark);

  /* The body may hold parameters of its own, so it is recorded whatever its inputs need. */
  Node *node = c->tape ? tape_push(c, &recompute_op, y, inputs, n) : NULL;
  if (node) node->saved = saved;
  return context_failed(c) ? NULL : y;
}

static void recompute_backward(Context *c, Node *node) {
  const RecomputeSaved *saved = node->saved;
  ArenaMark memory = arena_mark(c->arena);
  int64_t mark = tape_mark(c->tape);
  Tensor *result = saved->body(c, saved->arg);
  if (result && result->needs_grad) {
    grad_move(c, result, node->out);
    tape_backward(c, mark);
  }
  arena_release(c->arena, memory);
}
