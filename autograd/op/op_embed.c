#include <assert.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ROWS_PER_TASK = 64, COLS_PER_TASK = 64 };

typedef struct Gather {
  const Kernels *kernels;
  const Tensor *table;
  const int32_t *ids;
  int64_t n;
  float *y;
} Gather;

static void gather_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gather *g = arg;
  int64_t end = (task + 1) * ROWS_PER_TASK;
  size_t cols = (size_t)g->table->cols, row_bytes = cols * dtype_size(g->table->dtype);
  for (int64_t t = task * ROWS_PER_TASK; t < end && t < g->n; t++) {
    const char *row = (const char *)g->table->store + (size_t)g->ids[t] * row_bytes;
    g->kernels->widen(g->y + t * g->table->cols, row, g->table->dtype, (int64_t)cols);
  }
}

static void embedding_backward(Context *c, Node *node);
static const Op embedding_op = {"embedding", embedding_backward};

Tensor *op_embedding(Context *c, Tensor *table, const int32_t *ids, int64_t n) {
  if (context_failed(c)) return NULL;
  for (int64_t t = 0; t < n; t++) assert(ids[t] >= 0 && ids[t] < table->rows);
  Tensor *y = tensor_new(c, n, table->cols);
  if (!y) return NULL;
  Gather g = {c->kernels, table, ids, n, y->data};
  parallel_for(c->threads, (n + ROWS_PER_TASK - 1) / ROWS_PER_TASK, gather_rows, &g);
  Node *node = tape_record(c, &embedding_op, y, &table, 1);
  const int32_t **saved = node ? context_alloc(c, sizeof *saved) : NULL;
  if (context_failed(c)) return NULL;
  if (node) {
    *saved = ids;
    node->saved = saved;
  }
  return y;
}

typedef struct Scatter {
  const Kernels *kernels;
  int64_t n, cols;
  const int32_t *ids;
  const float *dy;
  float *dtable;
} Scatter;

/* A task owns a band of columns and goes through all tokens in order: an id that occurs often adds
 * its shares in the same order for every number of threads. */
static void scatter_columns(void *arg, int64_t task, int worker) {
  (void)worker;
  const Scatter *s = arg;
  int64_t start = task * COLS_PER_TASK;
  int64_t end = start + COLS_PER_TASK < s->cols ? start + COLS_PER_TASK : s->cols;
  for (int64_t t = 0; t < s->n; t++) {
    const float *dy = s->dy + t * s->cols;
    float *row = s->dtable + s->ids[t] * s->cols;
    s->kernels->add(row + start, dy + start, end - start);
  }
}

static void embedding_backward(Context *c, Node *node) {
  const int32_t *const *ids = node->saved;
  float *dtable = grad_open_zeroed(c, node->in[0]);
  if (!dtable) return;
  Scatter s = {c->kernels, node->out->rows, node->out->cols, *ids, node->out->grad, dtable};
  parallel_for(c->threads, (s.cols + COLS_PER_TASK - 1) / COLS_PER_TASK, scatter_columns, &s);
}
