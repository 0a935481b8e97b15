#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ROWS_PER_TASK = 64 };

/* What is kept of a row. */
typedef struct Moments {
  float mean, rstd; /* rstd: 1 / sqrt(mean((x - mean)^2) + eps) */
} Moments;

typedef struct LayerNorm {
  const Kernels *kernels;
  int64_t rows, cols;
  const float *x, *w, *b; /* [rows, cols], [1, cols] */
  float eps;
  float *y;         /* [rows, cols] */
  Moments *moments; /* [rows]; NULL when nothing is recorded */
} LayerNorm;

static int64_t tasks_of(int64_t rows) {
  return ceil_div(rows, ROWS_PER_TASK);
}

static int64_t task_end(int64_t task, int64_t rows) {
  return min64((task + 1) * ROWS_PER_TASK, rows);
}

static Moments moments_of(const Kernels *k, const float *x, int64_t n, float eps) {
  float mean = (float)(k->sum(x, n) / (double)n);
  double variance = k->square_sum(x, mean, n) / (double)n;
  return (Moments){mean, (float)(1 / sqrt(variance + (double)eps))};
}

static void normalise_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const LayerNorm *n = arg;
  for (int64_t t = task * ROWS_PER_TASK; t < task_end(task, n->rows); t++) {
    const float *x = n->x + t * n->cols;
    Moments m = moments_of(n->kernels, x, n->cols, n->eps);
    n->kernels->layer_norm(n->y + t * n->cols, x, n->w, n->b, m.mean, m.rstd, n->cols);
    if (n->moments) n->moments[t] = m;
  }
}

static void layer_norm_backward(Context *c, Node *node);
static const Op layer_norm_op = {"layer_norm", layer_norm_backward};

Tensor *op_layer_norm(Context *c, Tensor *x, Tensor *w, Tensor *b, float eps) {
  if (context_failed(c)) return NULL;
  assert(w->rows == 1 && b->rows == 1 && w->cols == x->cols && b->cols == x->cols);
  Tensor *y = tensor_new(c, x->rows, x->cols);
  Node *node = tape_record(c, &layer_norm_op, y, (Tensor *[]){x, w, b}, 3);
  if (node) node->saved = context_alloc(c, (size_t)x->rows * sizeof(Moments));
  ArenaMark mark = arena_mark(c->arena);
  const float *weight = context_failed(c) ? NULL : tensor_floats(c, w);
  const float *bias = context_failed(c) ? NULL : tensor_floats(c, b);
  if (context_failed(c)) return NULL;
  LayerNorm n = {
      c->kernels, x->rows, x->cols, x->data, weight, bias, eps, y->data, node ? node->saved : NULL};
  parallel_for(c->threads, tasks_of(n.rows), normalise_rows, &n);
  arena_release(c->arena, mark);
  return y;
}

/* With u_t = (x_t - mean_t) rstd_t and g_t = dy_t w:
 *   dx_t = rstd_t (g_t - mean(g_t) - u_t mean(g_t u_t))
 *   dw = sum_t dy_t u_t    db = sum_t dy_t */
typedef struct LayerNormBackward {
  const Kernels *kernels;
  int64_t rows, cols;
  const float *x, *w, *dy;
  const Moments *moments;
  float *dx; /* or NULL */
  float beta;
  float *dw, *db;          /* [tasks, cols] each task's share, or NULL */
  float *scratch;          /* [threads, cols] u of a row */
  const float *one, *zero; /* [cols] */
} LayerNormBackward;

static void row_backward(const LayerNormBackward *n, int64_t t, float *u, float *dw, float *db) {
  const Kernels *k = n->kernels;
  int64_t cols = n->cols;
  const float *x = n->x + t * cols, *dy = n->dy + t * cols;
  Moments m = n->moments[t];
  k->layer_norm(u, x, n->one, n->zero, m.mean, m.rstd, cols);
  if (n->dx) {
    float mean_g = k->dot(dy, n->w, cols) / (float)cols;
    float mean_gu = k->dot3(dy, n->w, u, cols) / (float)cols;
    k->layer_norm_dx(n->dx + t * cols, n->beta, dy, n->w, x, m.mean, m.rstd, mean_g, mean_gu, cols);
  }
  if (dw) k->add_product(dw, 1, dy, u, cols);
  if (db) k->add(db, dy, cols);
}

static void rows_backward(void *arg, int64_t task, int worker) {
  const LayerNormBackward *n = arg;
  float *dw = n->dw ? n->dw + task * n->cols : NULL, *db = n->db ? n->db + task * n->cols : NULL;
  if (dw) memset(dw, 0, (size_t)n->cols * sizeof *dw);
  if (db) memset(db, 0, (size_t)n->cols * sizeof *db);
  for (int64_t t = task * ROWS_PER_TASK; t < task_end(task, n->rows); t++)
    row_backward(n, t, n->scratch + worker * n->cols, dw, db);
}

/* Room for the shares of all tasks of what wants a gradient. */
static float *shares(Context *c, const LayerNormBackward *n, const float *grad) {
  if (!grad || context_failed(c)) return NULL;
  return context_alloc(c, (size_t)(tasks_of(n->rows) * n->cols) * sizeof *grad);
}

static const float *filled(Context *c, int64_t n, float value) {
  float *row = context_failed(c) ? NULL : context_alloc(c, (size_t)n * sizeof *row);
  for (int64_t i = 0; row && i < n; i++) row[i] = value;
  return row;
}

static void add_shares(Context *c, const LayerNormBackward *n, float *grad, const float *share) {
  for (int64_t i = 0; grad && i < tasks_of(n->rows); i++)
    c->kernels->add(grad, share + i * n->cols, n->cols);
}

static void layer_norm_backward(Context *c, Node *node) {
  Tensor *x = node->in[0], *w = node->in[1];
  LayerNormBackward n = {.kernels = c->kernels,
                         .rows = x->rows,
                         .cols = x->cols,
                         .x = x->data,
                         .dy = node->out->grad,
                         .moments = node->saved};
  n.dx = grad_open(c, x, &n.beta);
  float *dw = grad_open_zeroed(c, w), *db = grad_open_zeroed(c, node->in[2]);
  ArenaMark mark = arena_mark(c->arena);
  n.w = context_failed(c) ? NULL : tensor_floats(c, w);
  n.dw = shares(c, &n, dw);
  n.db = shares(c, &n, db);
  n.one = filled(c, n.cols, 1);
  n.zero = filled(c, n.cols, 0);
  size_t scratch = (size_t)(c->threads * n.cols) * sizeof *n.scratch;
  n.scratch = context_failed(c) ? NULL : context_alloc(c, scratch);
  if (!context_failed(c)) {
    parallel_for(c->threads, tasks_of(n.rows), rows_backward, &n);
    add_shares(c, &n, dw, n.dw);
    add_shares(c, &n, db, n.db);
  }
  arena_release(c->arena, mark);
}
