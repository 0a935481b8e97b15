#include <assert.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"
#include "autograd/op/ops.h"
#include "autograd/op/rescale.h"

enum { ROWS_PER_TASK = 64 };

typedef struct Rescaling {
  const Tensor *u;
  const float *l; /* [d] */
  const float *s; /* [T], or NULL: 1 */
  float *y;       /* [T, d] */
  float *change;  /* [threads, d] */
} Rescaling;

static void rescale_rows(void *arg, int64_t task, int worker) {
  const Rescaling *r = arg;
  int64_t d = r->u->cols, end = min64((task + 1) * ROWS_PER_TASK, r->u->rows);
  float *change = r->change + worker * d;
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++) {
    const float *u = r->u->data + t * d;
    memset(change, 0, (size_t)d * sizeof *change);
    rescale_add(change, r->s ? r->s[t] : 1, r->l, d);
    rescale_apply(r->y + t * d, u, change, u, d);
  }
}

static void rescale_backward(Context *c, Node *node);
static const Op rescale_op = {"rescale", rescale_backward};

Tensor *op_rescale(Context *c, Tensor *u, Tensor *l, Tensor *x, const SigmoidGate *gate) {
  if (context_failed(c)) return NULL;
  assert(l->rows == 1 && l->cols == u->cols && x->rows == u->rows);
  Tensor *y = tensor_new(c, u->rows, u->cols);
  Node *node = tape_record(c, &rescale_op, y, (Tensor *[]){u, l, x, gate->vector}, 4);
  ArenaMark mark = arena_mark(c->arena);
  float *s = gate_sigmoid(c, x, gate);
  if (node) {
    node->saved = s;
    mark = arena_mark(c->arena);
  }
  float *change = context_alloc(c, (size_t)(c->threads * u->cols) * sizeof *change);
  if (context_failed(c)) return NULL;
  Rescaling r = {u, l->data, s, y->data, change};
  parallel_for(c->threads, ceil_div(u->rows, ROWS_PER_TASK), rescale_rows, &r);
  arena_release(c->arena, mark);
  return y;
}

typedef struct RescaleBackward {
  const Kernels *kernels;
  const Tensor *u;
  const float *l, *s, *dy;
  float *du; /* [T, d], or NULL */
  float beta;
  float *p;      /* [T, d] dy u */
  float *e;      /* [T] s (1 - s) <p, l - 1>, or NULL without a gate */
  float *change; /* [threads, d] */
} RescaleBackward;

static void rescale_row_backward(const RescaleBackward *r, int64_t t, float *change) {
  int64_t d = r->u->cols;
  float s = r->s ? r->s[t] : 1;
  const float *dy = r->dy + t * d;
  float *p = r->p + t * d;
  r->kernels->add_product(p, 0, dy, r->u->data + t * d, d);
  memset(change, 0, (size_t)d * sizeof *change);
  rescale_add(change, 1, r->l, d);
  if (r->e) r->e[t] = s * (1 - s) * r->kernels->dot(p, change, d);
  if (!r->du) return;
  float *du = r->du + t * d;
  r->kernels->scale(change, s, change, d);
  r->kernels->add_product(du, r->beta, dy, change, d);
  r->kernels->add(du, dy, d);
}

static void rescale_rows_backward(void *arg, int64_t task, int worker) {
  const RescaleBackward *r = arg;
  int64_t end = min64((task + 1) * ROWS_PER_TASK, r->u->rows);
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++)
    rescale_row_backward(r, t, r->change + worker * r->u->cols);
}

/* dl = s^T p with s = 1 where there is no gate. */
static void rescale_dl(Context *c, Tensor *l, float *s, Mat p) {
  float beta, *dl = grad_open(c, l, &beta);
  if (!dl) return;
  float *weight = s ? s : context_alloc(c, (size_t)p.rows * sizeof *weight);
  for (int64_t t = 0; !s && weight && t < p.rows; t++) weight[t] = 1;
  if (weight) matmul_tn(c, mat(weight, p.rows, 1), p, beta != 0, mat(dl, 1, p.cols));
}

/* Of the logit x . v: dv = e^T x, dx += e v. */
static void rescale_dgate(Context *c, Tensor *x, Tensor *v, Mat e) {
  float beta, *dv = grad_open(c, v, &beta);
  if (dv) matmul_tn(c, e, tensor_mat(x), beta != 0, mat(dv, 1, x->cols));
  float *dx = grad_open(c, x, &beta);
  if (dx) matmul_nn(c, e, tensor_mat(v), beta != 0, mat(dx, x->rows, x->cols));
}

static void rescale_backward(Context *c, Node *node) {
  Tensor *u = node->in[0], *l = node->in[1], *x = node->in[2], *v = node->in[3];
  RescaleBackward r = {
      .kernels = c->kernels, .u = u, .l = l->data, .s = node->saved, .dy = node->out->grad};
  r.du = grad_open(c, u, &r.beta);
  ArenaMark mark = arena_mark(c->arena);
  r.p = context_alloc(c, (size_t)tensor_count(u) * sizeof *r.p);
  r.change = context_alloc(c, (size_t)(c->threads * u->cols) * sizeof *r.change);
  if (v) r.e = context_alloc(c, (size_t)u->rows * sizeof *r.e);
  if (!context_failed(c)) {
    parallel_for(c->threads, ceil_div(u->rows, ROWS_PER_TASK), rescale_rows_backward, &r);
    rescale_dl(c, l, node->saved, mat(r.p, u->rows, u->cols));
    if (v) rescale_dgate(c, x, v, mat(r.e, u->rows, 1));
  }
  arena_release(c->arena, mark);
}
