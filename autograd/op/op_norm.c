#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ROWS_PER_TASK = 64 };

typedef struct Norm {
  const Kernels *kernels;
  int64_t rows, cols;
  const float *x, *w; /* [rows, cols], [1, cols] */
  float eps;
  float *y;    /* [rows, cols] */
  float *rstd; /* [rows] 1 / sqrt(mean(x_t^2) + eps); NULL when nothing is recorded */
} Norm;

static int64_t norm_tasks(int64_t rows) {
  return (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
}

static int64_t task_end(int64_t task, int64_t rows) {
  int64_t end = (task + 1) * ROWS_PER_TASK;
  return end < rows ? end : rows;
}

static void norm_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Norm *n = arg;
  const float *w = n->w;
  for (int64_t t = task * ROWS_PER_TASK; t < task_end(task, n->rows); t++) {
    const float *x = n->x + t * n->cols;
    float *y = n->y + t * n->cols;
    float rstd = 1 / sqrtf(n->kernels->dot(x, x, n->cols) / (float)n->cols + n->eps);
    if (n->rstd) n->rstd[t] = rstd;
    n->kernels->norm(y, x, w, rstd, n->cols);
  }
}

static void rms_norm_backward(Context *c, Node *node);
static const Op rms_norm_op = {"rms_norm", rms_norm_backward};

Tensor *op_rms_norm(Context *c, Tensor *x, Tensor *w, float eps) {
  if (context_failed(c)) return NULL;
  assert(w->rows == 1 && w->cols == x->cols);
  Tensor *y = tensor_new(c, x->rows, x->cols);
  Node *node = tape_record(c, &rms_norm_op, y, (Tensor *[]){x, w}, 2);
  if (node) node->saved = context_alloc(c, (size_t)x->rows * sizeof(float));
  ArenaMark mark = arena_mark(c->arena);
  const float *weight = tensor_floats(c, w);
  if (context_failed(c)) return NULL;
  Norm n = {c->kernels, x->rows, x->cols, x->data, weight, eps, y->data, node ? node->saved : NULL};
  parallel_for(c->threads, norm_tasks(n.rows), norm_rows, &n);
  arena_release(c->arena, mark);
  return y;
}

/* With u_t = x_t rstd_t and g_t = dy_t w:
 *   dx_t = rstd_t (g_t - u_t mean(g_t u_t))    dw = sum_t dy_t u_t */
typedef struct NormBackward {
  const Kernels *kernels;
  int64_t rows, cols;
  const float *x, *w, *rstd, *dy;
  float *dx; /* or NULL */
  float beta;
  float *dw; /* [tasks, cols] each task's share, or NULL */
} NormBackward;

static void norm_row_dx(const NormBackward *n, int64_t t) {
  int64_t cols = n->cols;
  const float *x = n->x + t * cols, *dy = n->dy + t * cols, *w = n->w;
  float *dx = n->dx + t * cols;
  float rstd = n->rstd[t];
  float mean = n->kernels->dot3(dy, w, x, cols) * rstd * rstd / (float)cols;
  n->kernels->norm_dx(dx, n->beta, dy, w, x, rstd, mean, cols);
}

static void norm_rows_backward(void *arg, int64_t task, int worker) {
  (void)worker;
  const NormBackward *n = arg;
  float *dw = n->dw ? n->dw + task * n->cols : NULL;
  if (dw) memset(dw, 0, (size_t)n->cols * sizeof *dw);
  for (int64_t t = task * ROWS_PER_TASK; t < task_end(task, n->rows); t++) {
    if (n->dx) norm_row_dx(n, t);
    if (!dw) continue;
    const float *x = n->x + t * n->cols, *dy = n->dy + t * n->cols;
    n->kernels->norm_dw(dw, dy, x, n->rstd[t], n->cols);
  }
}

static void rms_norm_backward(Context *c, Node *node) {
  Tensor *x = node->in[0], *w = node->in[1];
  NormBackward n = {c->kernels,  x->rows,         x->cols, x->data, NULL,
                    node->saved, node->out->grad, NULL,    0,       NULL};
  n.dx = grad_open(c, x, &n.beta);
  float *dw = grad_open_zeroed(c, w);
  ArenaMark mark = arena_mark(c->arena);
  int64_t tasks = norm_tasks(n.rows);
  n.w = tensor_floats(c, w);
  if (dw) n.dw = context_alloc(c, (size_t)(tasks * n.cols) * sizeof *n.dw);
  if (!context_failed(c)) {
    parallel_for(c->threads, tasks, norm_rows_backward, &n);
    for (int64_t i = 0; dw && i < tasks; i++) {
      c->kernels->add(dw, n.dw + i * n.cols, n.cols);
    }
  }
  arena_release(c->arena, mark);
}
