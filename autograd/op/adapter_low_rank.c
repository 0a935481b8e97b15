#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/adapter.h"
#include "autograd/op/gate_sigmoid.h"
#include "autograd/tape.h"

/* In backward the gate is the (r+1)-th row of A: one product gives the shares of dx, and one that
 * of [dA; dv]. r1 is r + 1 with a gate, r without. */
typedef struct LowRankSaved {
  LowRank delta;
  Tensor *gate; /* v, or NULL */
  Mat h;        /* [T, r] x A^T */
  float *s;     /* [T] sigma(x v^T), or NULL */
} LowRankSaved;

enum { ROWS_PER_TASK = 256 };

static Mat new_mat(Context *c, int64_t rows, int64_t cols) {
  return mat(context_alloc(c, (size_t)(rows * cols) * sizeof(float)), rows, cols);
}

static void low_rank_tensors(const Adapter *a, Tensor *tensor[ADAPTER_TENSORS]) {
  tensor[0] = a->low_rank.a;
  tensor[1] = a->low_rank.b;
  tensor[2] = a->gate.vector;
}

static void *low_rank_save(Context *c, const Adapter *a, Tensor *x) {
  const LowRank *d = &a->low_rank;
  LowRankSaved *saved = context_alloc(c, sizeof *saved);
  if (!saved) return NULL;
  *saved = (LowRankSaved){*d, a->gate.vector, new_mat(c, x->rows, d->a->rows),
                          gate_sigmoid(c, x, &a->gate)};
  if (context_failed(c)) return NULL;
  matmul_nt(c, tensor_mat(x), tensor_mat(d->a), false, saved->h);
  return saved;
}

/* u B^T with u = scale s h. */
static void low_rank_forward(Context *c, const void *self, Product *y) {
  const LowRankSaved *saved = self;
  Mat u = new_mat(c, saved->h.rows, saved->h.cols);
  if (!u.data) return;
  low_rank_weigh(c, &saved->delta, saved->s, saved->h.data, u.data, u.rows);
  y->term[y->terms++] = (Term){u, matmul_factor(tensor_mat(saved->delta.b), true)};
}

/* e [T, r1]: the gradient at [h, logit]:  scale s g  and  scale s (1 - s) <h, g>, with g = dy B. */
typedef struct Ungating {
  const LowRankSaved *saved;
  Mat g, e;
} Ungating;

static void ungate_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Ungating *w = arg;
  const LowRankSaved *saved = w->saved;
  float scale = saved->delta.scale;
  int64_t r = w->g.cols, end = min64((task + 1) * ROWS_PER_TASK, w->g.rows);
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++) {
    const float *h = saved->h.data + t * r, *g = w->g.data + t * r;
    float *e = w->e.data + t * w->e.ld, s = saved->s ? saved->s[t] : 1, dot = 0;
    for (int64_t i = 0; i < r; i++) {
      e[i] = scale * s * g[i];
      dot += h[i] * g[i];
    }
    if (saved->s) e[r] = scale * s * (1 - s) * dot;
  }
}

/* e, in the arena. */
static Mat low_rank_gradient(Context *c, const LowRankSaved *s, Mat dy) {
  const LowRank *d = &s->delta;
  Mat g = new_mat(c, dy.rows, d->a->rows), e = new_mat(c, dy.rows, d->a->rows + (s->s != NULL));
  if (context_failed(c)) return e;
  matmul_nn(c, dy, tensor_mat(d->b), false, g);
  Ungating work = {s, g, e};
  parallel_for(c->threads, ceil_div(dy.rows, ROWS_PER_TASK), ungate_rows, &work);
  return e;
}

/* [A; v]  [r1, d_in] */
static Mat stack_gate(Context *c, const LowRank *d, const Tensor *gate) {
  if (!gate) return tensor_mat(d->a);
  int64_t r = d->a->rows, cols = d->a->cols;
  Mat av = new_mat(c, r + 1, cols);
  if (!av.data) return av;
  memcpy(av.data, d->a->data, (size_t)(r * cols) * sizeof(float));
  memcpy(av.data + r * cols, gate->data, (size_t)cols * sizeof(float));
  return av;
}

/* dA, dv and dB. */
static void low_rank_gradients(Context *c, const LowRankSaved *s, const Tensor *x, Mat dy, Mat e) {
  const LowRank *d = &s->delta;
  float beta, *da = grad_open(c, d->a, &beta);
  Mat e_a = {e.data, e.rows, d->a->rows, e.ld};
  if (da) matmul_tn(c, e_a, tensor_mat(x), beta != 0, mat(da, d->a->rows, d->a->cols));
  float *dv = grad_open(c, s->gate, &beta);
  Mat e_v = {e.data + e.cols - 1, e.rows, 1, e.ld};
  if (dv) matmul_tn(c, e_v, tensor_mat(x), beta != 0, mat(dv, 1, x->cols));
  float *db = grad_open(c, d->b, &beta);
  if (!db) return;
  Mat u = new_mat(c, x->rows, d->a->rows);
  if (!u.data) return;
  low_rank_weigh(c, d, s->s, s->h.data, u.data, x->rows);
  matmul_tn(c, dy, u, beta != 0, mat(db, d->b->rows, d->b->cols));
}

static void low_rank_backward(Context *c, const void *self, const Tensor *x, Mat dy, Product *dx) {
  const LowRankSaved *saved = self;
  Mat e = low_rank_gradient(c, saved, dy);
  if (dx)
    dx->term[dx->terms++] =
        (Term){e, matmul_factor(stack_gate(c, &saved->delta, saved->gate), false)};
  if (!context_failed(c)) low_rank_gradients(c, saved, x, dy, e);
}

const AdapterKind adapter_low_rank = {
    .name = "low-rank",
    .tensors = low_rank_tensors,
    .save = low_rank_save,
    .forward = low_rank_forward,
    .backward = low_rank_backward,
};
