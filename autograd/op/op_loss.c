#include <assert.h>
#include <math.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"
#include "autograd/product/matmul.h"

/* Rows of logits held at once: about 32 MB of them, and enough rows to feed a product. */
enum { BLOCK_ELEMENTS = 1 << 23, BLOCK_ROWS_MIN = 16, BLOCK_ROWS_MAX = 256, ROWS_PER_TASK = 4 };

static int64_t block_rows(int64_t vocabulary) {
  int64_t rows = BLOCK_ELEMENTS / vocabulary;
  if (rows < BLOCK_ROWS_MIN) return BLOCK_ROWS_MIN;
  return rows < BLOCK_ROWS_MAX ? rows : BLOCK_ROWS_MAX;
}

static Mat row_block(const Tensor *t, float *data, int64_t row, int64_t rows) {
  return mat(data + row * t->cols, rows, t->cols);
}

/* Logits of one block of rows, and what becomes of them. */
typedef struct Block {
  const Kernels *kernels;
  Mat z;                  /* [rows, V] logits; in backward replaced by their gradient */
  const int32_t *targets; /* [rows] */
  float *lse;             /* [rows] log-sum-exp; in forward NULL when nothing is recorded */
  float *nll;             /* [rows] lse - z[target]; forward only */
  float scale;            /* backward only, as is the gradient of each nll, one for all or */
  float dloss;            /* where there are any */
  const float *dnll;      /* [rows] */
} Block;

static void block_parallel(Context *c, ParallelTask task, Block *b) {
  parallel_for(c->threads, (b->z.rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, task, b);
}

static void nll_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Block *b = arg;
  int64_t end = min64((task + 1) * ROWS_PER_TASK, b->z.rows);
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++) {
    float *z = b->z.data + t * b->z.ld;
    float max = b->kernels->max(z, b->z.cols), target = z[b->targets[t]];
    double log_sum = log(b->kernels->exp_sum(z, z, max, b->z.cols));
    if (b->lse) b->lse[t] = (float)((double)max + log_sum);
    b->nll[t] = (float)(log_sum + ((double)max - (double)target));
  }
}

typedef struct LossSaved {
  const int32_t *targets;
  float scale, weight;
  float *lse; /* [T] */
} LossSaved;

/* scale * h of some rows, in the arena where it is a copy. */
static Mat scaled_rows(Context *c, const Tensor *h, float scale, int64_t row, int64_t rows) {
  Mat from = row_block(h, h->data, row, rows);
  if (scale == 1) return from;
  Mat to = mat(context_alloc(c, (size_t)(rows * h->cols) * sizeof(float)), rows, h->cols);
  if (to.data) c->kernels->scale(to.data, scale, from.data, rows * h->cols);
  return to;
}

/* Fills nll [T] and, unless NULL, lse [T]. */
static void loss_blocks(Context *c, Tensor *h, Tensor *w, const LossSaved *s, float *nll) {
  int64_t rows_max = min64(block_rows(w->rows), h->rows);
  float *z = context_alloc(c, (size_t)(rows_max * w->rows) * sizeof *z);
  for (int64_t row = 0; row < h->rows && !context_failed(c); row += rows_max) {
    int64_t rows = min64(rows_max, h->rows - row);
    ArenaMark mark = arena_mark(c->arena);
    Block b = {.kernels = c->kernels,
               .z = mat(z, rows, w->rows),
               .targets = s->targets + row,
               .lse = s->lse ? s->lse + row : NULL,
               .nll = nll + row};
    matmul_nt_weight(c, scaled_rows(c, h, s->scale, row, rows), w, false, b.z);
    if (!context_failed(c)) block_parallel(c, nll_rows, &b);
    arena_release(c->arena, mark);
  }
}

static void cross_entropy_backward(Context *c, Node *node);
static const Op cross_entropy_op = {"cross_entropy", cross_entropy_backward};
static const Op token_nll_op = {"token_nll", cross_entropy_backward};

/* Records the loss of h W^T in `out`, and says what backward needs; NULL where the context failed.
 */
static LossSaved *save_loss(Context *c, const Op *op, Tensor *h, Tensor *w, LossSaved how,
                            Tensor *out) {
  assert(h->cols == w->cols);
  for (int64_t t = 0; t < h->rows; t++) assert(how.targets[t] >= 0 && how.targets[t] < w->rows);
  LossSaved *saved = context_alloc(c, sizeof *saved);
  if (!saved) return NULL;
  *saved = how;
  Node *node = tape_record(c, op, out, (Tensor *[]){h, w}, 2);
  if (node) {
    node->saved = saved;
    saved->lse = context_alloc(c, (size_t)h->rows * sizeof *saved->lse);
  }
  return context_failed(c) ? NULL : saved;
}

Tensor *op_token_nll(Context *c, Tensor *h, Tensor *w, float scale, const int32_t *targets) {
  if (context_failed(c)) return NULL;
  Tensor *nll = tensor_new(c, h->rows, 1);
  const LossSaved *saved =
      save_loss(c, &token_nll_op, h, w, (LossSaved){targets, scale, 0, 0}, nll);
  ArenaMark mark = arena_mark(c->arena);
  if (saved) loss_blocks(c, h, w, saved, nll->data);
  arena_release(c->arena, mark);
  return context_failed(c) ? NULL : nll;
}

Tensor *op_cross_entropy(Context *c, Tensor *h, Tensor *w, float scale, const int32_t *targets,
                         float weight, float *nll) {
  if (context_failed(c)) return NULL;
  Tensor *loss = tensor_new(c, 1, 1);
  const LossSaved *saved =
      save_loss(c, &cross_entropy_op, h, w, (LossSaved){targets, scale, weight, NULL}, loss);
  if (!saved) return NULL;
  ArenaMark mark = arena_mark(c->arena);
  float *term = nll ? nll : context_alloc(c, (size_t)h->rows * sizeof *term);
  loss_blocks(c, h, w, saved, term);
  if (context_failed(c)) return NULL;
  double sum = 0;
  for (int64_t t = 0; t < h->rows; t++) sum += (double)term[t];
  loss->data[0] = (float)((double)weight * sum);
  arena_release(c->arena, mark);
  return loss;
}

/* dz = scale dnll (softmax(z) - onehot(target)), in the place of z: the gradient of h W^T. */
static void dz_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Block *b = arg;
  int64_t end = min64((task + 1) * ROWS_PER_TASK, b->z.rows), cols = b->z.cols;
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++) {
    float *z = b->z.data + t * b->z.ld, lse = b->lse[t];
    float slope = b->scale * (b->dnll ? b->dnll[t] : b->dloss);
    b->kernels->exp(z, slope, z, lse, cols);
    z[b->targets[t]] -= slope;
  }
}

static void cross_entropy_backward(Context *c, Node *node) {
  Tensor *h = node->in[0], *w = node->in[1];
  const LossSaved *s = node->saved;
  float beta_h, *dh = grad_open(c, h, &beta_h);
  float *dw = grad_open_zeroed(c, w);
  ArenaMark mark = arena_mark(c->arena);
  int64_t rows_max = min64(block_rows(w->rows), h->rows);
  float *z = context_alloc(c, (size_t)(rows_max * w->rows) * sizeof *z);
  for (int64_t row = 0; row < h->rows && !context_failed(c); row += rows_max) {
    int64_t rows = min64(rows_max, h->rows - row);
    ArenaMark part = arena_mark(c->arena);
    Mat h_rows = row_block(h, h->data, row, rows);
    Block b = {.kernels = c->kernels,
               .z = mat(z, rows, w->rows),
               .targets = s->targets + row,
               .lse = s->lse + row,
               .scale = s->scale};
    if (node->op == &token_nll_op) {
      b.dnll = node->out->grad + row;
    } else {
      b.dloss = s->weight * node->out->grad[0];
    }
    matmul_nt_weight(c, scaled_rows(c, h, s->scale, row, rows), w, false, b.z);
    if (!context_failed(c)) block_parallel(c, dz_rows, &b);
    if (dh) matmul_nn_weight(c, b.z, w, beta_h != 0, row_block(h, dh, row, rows));
    if (dw) matmul_tn(c, b.z, h_rows, true, mat(dw, w->rows, w->cols));
    arena_release(c->arena, part);
  }
  arena_release(c->arena, mark);
}
