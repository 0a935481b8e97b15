#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/matmul.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"

/* The gate is the (r+1)-th row of A: one product gives x A^T and the gate logits x v^T, and one
 * product each gives their shares of dx and of [dA; dv]. r1 is r + 1 with a gate, r without. */
typedef struct LinearSaved {
  LowRank delta;
  Mat av; /* [A; v]  [r1, d_in] */
  Mat hs; /* [T, r1]: h = x A^T and, in the last column with a gate, s = sigma(x v^T) */
} LinearSaved;

enum { ROWS_PER_TASK = 256 };

static Mat tensor_mat(const Tensor *t) {
  return mat(t->data, t->rows, t->cols);
}

static Mat new_mat(Context *c, int64_t rows, int64_t cols) {
  return mat(context_alloc(c, (size_t)(rows * cols) * sizeof(float)), rows, cols);
}

static Mat stack_gate(Context *c, const LowRank *d) {
  if (!d->gate) return tensor_mat(d->a);
  int64_t r = d->a->rows, cols = d->a->cols;
  Mat av = new_mat(c, r + 1, cols);
  if (!av.data) return av;
  memcpy(av.data, d->a->data, (size_t)(r * cols) * sizeof(float));
  memcpy(av.data + r * cols, d->gate->data, (size_t)cols * sizeof(float));
  return av;
}

/* u = scale s h  [T, r], from hs whose gate column is still a logit (and becomes s) or is s. */
typedef struct Gating {
  Mat hs, u;
  float scale;
  bool gated, logits;
} Gating;

static void gate_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gating *g = arg;
  int64_t r = g->u.cols, end = (task + 1) * ROWS_PER_TASK;
  for (int64_t t = task * ROWS_PER_TASK; t < end && t < g->hs.rows; t++) {
    float *h = g->hs.data + t * g->hs.ld, *u = g->u.data + t * r;
    if (g->logits) h[r] = 1 / (1 + expf(-h[r]));
    float factor = g->gated ? g->scale * h[r] : g->scale;
    for (int64_t i = 0; i < r; i++) u[i] = factor * h[i];
  }
}

static Mat gated_hidden(Context *c, const LowRank *d, Mat hs, bool logits) {
  Gating g = {hs, new_mat(c, hs.rows, d->a->rows), d->scale, d->gate != NULL, logits && d->gate};
  if (g.u.data)
    parallel_for(c->threads, (hs.rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, gate_rows, &g);
  return g.u;
}

static void count_openness(const LowRank *d, Mat hs) {
  if (!d->stats || !d->gate) return;
  for (int64_t t = 0; t < hs.rows; t++) d->stats->sum += (double)hs.data[t * hs.ld + hs.cols - 1];
  d->stats->count += hs.rows;
}

/* Adds the expert's update to y and returns [A; v] and hs, which live in the arena. */
static LinearSaved add_low_rank(Context *c, Tensor *x, const LowRank *d, Tensor *y) {
  LinearSaved s = {.delta = *d, .av = stack_gate(c, d)};
  s.hs = new_mat(c, x->rows, s.av.rows);
  if (context_failed(c)) return s;
  matmul_nt(c, 1, tensor_mat(x), s.av, 0, s.hs);
  ArenaMark mark = arena_mark(c->arena);
  Mat u = gated_hidden(c, d, s.hs, true);
  if (u.data) matmul_nt(c, 1, u, tensor_mat(d->b), 1, tensor_mat(y));
  arena_release(c->arena, mark);
  if (!context_failed(c)) count_openness(d, s.hs);
  return s;
}

static void linear_backward(Context *c, Node *node);
static const Op linear_op = {"linear", linear_backward};

Tensor *op_linear(Context *c, Tensor *x, Tensor *w, const LowRank *delta) {
  if (context_failed(c)) return NULL;
  assert(x->cols == w->cols);
  Tensor *y = tensor_new(c, x->rows, w->rows);
  if (!y) return NULL;
  matmul_nt_weight(c, 1, tensor_mat(x), w, 0, tensor_mat(y));
  Tensor *in[] = {x, w, delta ? delta->a : NULL, delta ? delta->b : NULL,
                  delta ? delta->gate : NULL};
  Node *node = tape_record(c, &linear_op, y, in, 5);
  if (delta) {
    ArenaMark mark = arena_mark(c->arena);
    LinearSaved *saved = context_alloc(c, sizeof *saved);
    LinearSaved s = add_low_rank(c, x, delta, y);
    if (saved) *saved = s;
    if (node) node->saved = saved;
    if (!node) arena_release(c->arena, mark);
  }
  return context_failed(c) ? NULL : y;
}

/* e [T, r1]: the gradient at [h, logit]:  scale s g  and  scale s (1 - s) <h, g>, with g = dy B. */
typedef struct Ungating {
  Mat hs, g, e;
  float scale;
  bool gated;
} Ungating;

static void ungate_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Ungating *w = arg;
  int64_t r = w->g.cols, end = (task + 1) * ROWS_PER_TASK;
  for (int64_t t = task * ROWS_PER_TASK; t < end && t < w->hs.rows; t++) {
    const float *h = w->hs.data + t * w->hs.ld, *g = w->g.data + t * r;
    float *e = w->e.data + t * w->e.ld, s = w->gated ? h[r] : 1, dot = 0;
    for (int64_t i = 0; i < r; i++) {
      e[i] = w->scale * s * g[i];
      dot += h[i] * g[i];
    }
    if (w->gated) e[r] = w->scale * s * (1 - s) * dot;
  }
}

/* The share of the low-rank update: dx, dA, dB, dv. dx already holds dy W. */
static void low_rank_backward(Context *c, const LinearSaved *s, Tensor *x, Mat dy, float *dx) {
  const LowRank *d = &s->delta;
  Mat g = new_mat(c, dy.rows, d->a->rows), e = new_mat(c, dy.rows, s->av.rows);
  if (context_failed(c)) return;
  matmul_nn(c, 1, dy, tensor_mat(d->b), 0, g);
  Ungating work = {s->hs, g, e, d->scale, d->gate != NULL};
  parallel_for(c->threads, (dy.rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, ungate_rows, &work);
  if (dx) matmul_nn(c, 1, e, s->av, 1, mat(dx, x->rows, x->cols));
  float beta, *da = grad_open(c, d->a, &beta);
  Mat e_a = {e.data, e.rows, d->a->rows, e.ld};
  if (da) matmul_tn(c, 1, e_a, tensor_mat(x), beta, mat(da, d->a->rows, d->a->cols));
  float *dv = grad_open(c, d->gate, &beta);
  Mat e_v = {e.data + e.cols - 1, e.rows, 1, e.ld};
  if (dv) matmul_tn(c, 1, e_v, tensor_mat(x), beta, mat(dv, 1, x->cols));
  float *db = grad_open(c, d->b, &beta);
  if (!db) return;
  Mat u = gated_hidden(c, d, s->hs, false);
  if (u.data) matmul_tn(c, 1, dy, u, beta, mat(db, d->b->rows, d->b->cols));
}

static void linear_backward(Context *c, Node *node) {
  Tensor *x = node->in[0], *w = node->in[1];
  Mat dy = mat(node->out->grad, node->out->rows, node->out->cols);
  float beta, *dx = grad_open(c, x, &beta);
  if (dx) matmul_nn_weight(c, 1, dy, w, beta, mat(dx, x->rows, x->cols));
  float *dw = grad_open(c, w, &beta);
  if (dw) matmul_tn(c, 1, dy, tensor_mat(x), beta, mat(dw, w->rows, w->cols));
  if (!node->saved) return;
  ArenaMark mark = arena_mark(c->arena);
  low_rank_backward(c, node->saved, x, dy, dx);
  arena_release(c->arena, mark);
}
