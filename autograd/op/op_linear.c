#include <assert.h>

#include "autograd/op/ops.h"

/* What backward needs: the adapter that takes part in the products, and what it saved. */
typedef struct LinearSaved {
  const AdapterKind *kind; /* NULL: there is none */
  void *self;
} LinearSaved;

static void linear_backward(Context *c, Node *node);
static const Op linear_op = {"linear", linear_backward};

/* The adapter of a linear; NULL where it has none. */
static const Adapter *adapter_at(const LinearOperands *l) {
  return l->adapter && l->adapter->kind ? l->adapter : NULL;
}

/* What W multiplies. */
static Tensor *linear_input(Context *c, Tensor *x, const LinearOperands *l) {
  const Adapter *a = adapter_at(l);
  return a && a->kind->input ? a->kind->input(c, a, x) : x;
}

/* What comes of the product y. */
static Tensor *linear_output(Context *c, Tensor *x, const LinearOperands *l, Tensor *y) {
  const Adapter *a = adapter_at(l);
  return a && a->kind->output ? a->kind->output(c, a, x, y) : y;
}

/* Records one linear and what its adapter saves; the kind is NULL without one. */
static LinearSaved save_linear(Context *c, Tensor *x, const LinearOperands *l, Tensor *y) {
  const Adapter *a = adapter_at(l);
  if (a && !a->kind->forward) a = NULL;
  Tensor *in[NODE_INPUTS] = {x, l->w, l->bias};
  if (a) a->kind->tensors(a, in + 3);
  Node *node = tape_record(c, &linear_op, y, in, 3 + ADAPTER_TENSORS);
  if (!a) return (LinearSaved){0};
  LinearSaved saved = {a->kind, a->kind->save(c, a, x)};
  LinearSaved *kept = node ? context_alloc(c, sizeof *kept) : NULL;
  if (kept) *kept = saved;
  if (node) node->saved = kept;
  return saved;
}

/* x W^T behind the bias, and behind it what the adapter adds. */
static Product linear_product(Context *c, Tensor *x, const LinearOperands *l,
                              const LinearSaved *saved, Tensor *y) {
  Product product = {
      .term = {{tensor_mat(x), matmul_turned(c, l->w)}}, .terms = 1, .out = tensor_mat(y)};
  assert(!l->bias || (l->bias->rows == 1 && l->bias->cols == l->w->rows));
  if (l->bias) product.start = tensor_floats(c, l->bias);
  if (saved->kind) saved->kind->forward(c, saved->self, &product);
  return product;
}

void op_linear_all(Context *c, Tensor *x, const LinearOperands *linear, int n, Tensor **y) {
  Product product[LINEAR_MAX];
  LinearSaved saved[LINEAR_MAX];
  Tensor *u[LINEAR_MAX] = {0};
  assert(n <= LINEAR_MAX);
  for (int i = 0; i < n; i++)
    y[i] = context_failed(c) ? NULL : tensor_new(c, x->rows, linear[i].w->rows);
  ArenaMark mark = arena_mark(c->arena);
  for (int i = 0; i < n && !context_failed(c); i++) u[i] = linear_input(c, x, &linear[i]);
  for (int i = 0; i < n && !context_failed(c); i++)
    saved[i] = save_linear(c, u[i], &linear[i], y[i]);
  if (c->tape) mark = arena_mark(c->arena);
  for (int i = 0; i < n && !context_failed(c); i++) {
    assert(x->cols == linear[i].w->cols);
    product[i] = linear_product(c, u[i], &linear[i], &saved[i], y[i]);
  }
  if (!context_failed(c)) matmul_all(c, product, n);
  arena_release(c->arena, mark);
  for (int i = 0; i < n && !context_failed(c); i++) y[i] = linear_output(c, x, &linear[i], y[i]);
  for (int i = 0; i < n && context_failed(c); i++) y[i] = NULL;
}

Tensor *op_linear(Context *c, Tensor *x, Tensor *w, const Adapter *adapter) {
  Tensor *y;
  op_linear_all(c, x, &(LinearOperands){w, adapter, NULL}, 1, &y);
  return y;
}

static void bias_backward(Context *c, Tensor *bias, Mat dy) {
  float *db = grad_open_zeroed(c, bias);
  for (int64_t t = 0; db && t < dy.rows; t++) c->kernels->add(db, dy.data + t * dy.ld, dy.cols);
}

static void linear_backward(Context *c, Node *node) {
  Tensor *x = node->in[0], *w = node->in[1];
  const LinearSaved *saved = node->saved;
  Mat dy = mat(node->out->grad, node->out->rows, node->out->cols);
  float beta, *dx = grad_open(c, x, &beta);
  ArenaMark mark = arena_mark(c->arena);
  Product product = {.term = {{dy, matmul_straight(c, w)}},
                     .terms = 1,
                     .add = beta != 0,
                     .out = mat(dx, x->rows, x->cols)};
  if (saved) saved->kind->backward(c, saved->self, x, dy, dx ? &product : NULL);
  if (dx && !context_failed(c)) matmul_all(c, &product, 1);
  bias_backward(c, node->in[2], dy);
  float *dw = grad_open(c, w, &beta);
  if (dw) matmul_tn(c, dy, tensor_mat(x), beta != 0, mat(dw, w->rows, w->cols));
  arena_release(c->arena, mark);
}
