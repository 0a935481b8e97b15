#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/attention_thin.h"
#include "autograd/attention_tile.h"
#include "autograd/blas.h"
#include "autograd/extremum.h"
#include "autograd/parallel.h"
#include "autograd/vmath.h"

static void add_bias(const Attention *a, const Head *h, const Tile *t, float *s) {
  for (int64_t r = 0; a->bias && r < t->rows; r++) {
    attention_bias_add(a->bias, h->index, tile_distance(h, t, r), s + r * t->cols,
                       visible_cols(a, h, t, r));
  }
}

/* s [rows, cols] = q k^T + bias, in visible columns; anything elsewhere. */
static void score_tile(const Attention *a, const Head *h, const Tile *t, float *s) {
  blas_sgemm(false, true, t->rows, t->cols, a->dk, 1, a->q + h->q_at + t->row * a->ld, a->ld,
             a->k + h->k_at + t->col * a->ld, a->ld, 0, s, t->cols);
  add_bias(a, h, t, s);
}

/* Forward: a task is one head of one block of queries. */
typedef struct QueryBlock {
  int64_t sequence, row;
} QueryBlock;

typedef struct Forward {
  Attention a;
  const QueryBlock *block;
  float *y;       /* [Tq, ld] */
  float *lse;     /* [Tq, heads] log-sum-exp of scores; NULL when nothing is recorded */
  float *scratch; /* a tile a worker */
  int64_t scratch_size;
} Forward;

/* Running softmax of the rows of a query block: p = e^(s - max), sum = their sum so far. */
typedef struct Running {
  float max[TILE_QUERIES];
  double sum[TILE_QUERIES];
} Running;

/* Replaces scores by p under the new maximum, 0 where not visible, and brings what y holds from
 * the tiles before under it too. */
static void softmax_tile(const Forward *f, const Head *h, const Tile *t, float *s, Running *run) {
  for (int64_t r = 0; r < t->rows; r++) {
    float *row = s + r * t->cols, *y = f->y + h->q_at + (t->row + r) * f->a.ld;
    int64_t n = visible_cols(&f->a, h, t, r);
    memset(row + n, 0, (size_t)(t->cols - n) * sizeof *row);
    if (n == 0) continue;
    float max = fmaxf(run->max[r], vmath_max(row, n)), shrink = vmath_exp(run->max[r] - max);
    run->max[r] = max;
    run->sum[r] = run->sum[r] * (double)shrink + vmath_exp_sum(row, row, max, n);
    for (int64_t d = 0; d < f->a.dk && t->col > 0; d++) y[d] *= shrink;
  }
}

static void finish_rows(const Forward *f, const Head *h, const Tile *t, const Running *run) {
  for (int64_t r = 0; r < t->rows; r++) {
    float *y = f->y + h->q_at + (t->row + r) * f->a.ld;
    float scale = run->sum[r] == 0 ? 0 : (float)(1 / run->sum[r]); /* no key: y = 0 */
    for (int64_t d = 0; d < f->a.dk; d++) y[d] *= scale;
    if (!f->lse) continue;
    f->lse[(h->q_row + t->row + r) * f->a.spec->heads + h->index] =
        (float)((double)run->max[r] + log(run->sum[r]));
  }
}

static void start_rows(const Forward *f, const Head *h, const Tile *t, Running *run) {
  for (int64_t r = 0; r < t->rows; r++) {
    run->max[r] = -INFINITY;
    run->sum[r] = 0;
    memset(f->y + h->q_at + (t->row + r) * f->a.ld, 0, (size_t)f->a.dk * sizeof *f->y);
  }
}

static void attend_queries(const Forward *f, const Head *h, int64_t row, float *s) {
  const Attention *a = &f->a;
  Running run;
  Tile t = first_tile(a, h, row);
  start_rows(f, h, &t, &run);
  for (; t.cols > 0; t = next_tile(a, h, t)) {
    score_tile(a, h, &t, s);
    softmax_tile(f, h, &t, s, &run);
    blas_sgemm(false, false, t.rows, a->dk, t.cols, 1, s, t.cols, a->v + h->k_at + t.col * a->ld,
               a->ld, 1, f->y + h->q_at + t.row * a->ld, a->ld);
  }
  finish_rows(f, h, &t, &run);
}

/* A single query, some heads of it together: neighbours in the rows of k and v. */
static void attend_query(const Forward *f, const Head *h, int heads, int64_t row, float *s) {
  const Attention *a = &f->a;
  Running run[THIN_HEADS];
  Tile t = first_tile(a, h, row);
  for (int i = 0; i < heads; i++) start_rows(f, &h[i], &t, &run[i]);
  for (; t.cols > 0; t = next_tile(a, h, t)) {
    int64_t q_at = h->q_at + row * a->ld, k_at = h->k_at + t.col * a->ld;
    Thin thin = {heads, a->dk, a->ld, t.cols};
    thin_scores(&thin, a->q + q_at, a->k + k_at, s);
    for (int i = 0; i < heads; i++) {
      add_bias(a, &h[i], &t, s + i * t.cols);
      softmax_tile(f, &h[i], &t, s + i * t.cols, &run[i]);
    }
    thin_values(&thin, s, a->v + k_at, f->y + q_at);
  }
  for (int i = 0; i < heads; i++) finish_rows(f, &h[i], &t, &run[i]);
}

static void attend_block(void *arg, int64_t task, int worker) {
  const Forward *f = arg;
  int heads = f->a.spec->heads, index = (int)(task % heads);
  const QueryBlock *block = &f->block[task / heads];
  float *s = f->scratch + worker * f->scratch_size;
  Head h[THIN_HEADS] = {head_of(&f->a, block->sequence, index)};
  if (h->queries - block->row > 1) {
    attend_queries(f, h, block->row, s);
  } else if (index % THIN_HEADS == 0) { /* for the heads behind it, too */
    int count = (int)min64(THIN_HEADS, heads - index);
    for (int i = 1; i < count; i++) h[i] = head_of(&f->a, block->sequence, index + i);
    attend_query(f, h, count, block->row, s);
  }
}

/* The blocks of queries of all sequences, in order; NULL with the context's error set. */
static const QueryBlock *query_blocks(Context *c, Ragged q, int64_t *count) {
  *count = 0;
  for (int64_t s = 0; s < q.count; s++)
    *count += (ragged_length(q, s) + TILE_QUERIES - 1) / TILE_QUERIES;
  QueryBlock *block = context_alloc(c, (size_t)*count * sizeof *block);
  if (!block) return NULL;
  int64_t used = 0;
  for (int64_t s = 0; s < q.count; s++) {
    for (int64_t row = 0; row < ragged_length(q, s); row += TILE_QUERIES) {
      block[used++] = (QueryBlock){s, row};
    }
  }
  return block;
}

static int64_t tile_elements(const AttentionSpec *s) {
  int64_t rows = max64(THIN_HEADS, min64(TILE_QUERIES, ragged_longest(s->q)));
  return rows * min64(TILE_KEYS, attention_longest_keys(s));
}

typedef struct AttentionSaved {
  AttentionSpec spec;
  float *lse; /* [Tq, heads] */
} AttentionSaved;

static void attention_backward(Context *c, Node *node);
static const Op attention_op = {"attention", attention_backward};

/* Makes the node and its record; *lse is NULL when nothing is recorded. */
static void record_attention(Context *c, Tensor *y, Tensor *const *in, const AttentionSpec *spec,
                             float **lse) {
  *lse = NULL;
  Node *node = tape_record(c, &attention_op, y, in, 4);
  if (!node) return;
  AttentionSaved *saved = context_alloc(c, sizeof *saved);
  *lse = context_alloc(c, (size_t)(y->rows * spec->heads) * sizeof **lse);
  if (context_failed(c)) return;
  *saved = (AttentionSaved){*spec, *lse};
  node->saved = saved;
}

static void check_shapes(const Tensor *q, const Tensor *k, const Tensor *v, const Tensor *bias,
                         const AttentionSpec *s) {
  assert(s->heads > 0 && q->cols % s->heads == 0 && k->cols == q->cols && v->cols == q->cols);
  assert(k->rows == v->rows && s->q.offset[s->q.count] == q->rows);
  assert(s->k_span || (s->q.count == s->k.count && s->k.offset[s->k.count] == k->rows));
  for (int64_t i = 0; s->k_span && i < s->q.count; i++)
    assert(s->k_span[i].begin >= 0 && s->k_span[i].begin + s->k_span[i].count <= k->rows);
  assert(!bias || (bias->rows == s->buckets && bias->cols == s->heads));
  (void)q, (void)k, (void)v, (void)bias, (void)s;
}

Tensor *op_attention(Context *c, Tensor *q, Tensor *k, Tensor *v, Tensor *bias,
                     const AttentionSpec *spec) {
  if (context_failed(c)) return NULL;
  assert(!spec->k_span || !c->tape);
  check_shapes(q, k, v, bias, spec);
  Tensor *y = tensor_new(c, q->rows, q->cols);
  if (!y) return NULL;
  Forward f = {.a = {spec, q->cols / spec->heads, q->cols, q->data, k->data, v->data, NULL}};
  f.y = y->data;
  record_attention(c, y, (Tensor *[]){q, k, v, bias}, spec, &f.lse);

  ArenaMark mark = arena_mark(c->arena);
  AttentionBias expanded;
  if (bias) {
    expanded = attention_bias_expand(c, bias, spec);
    f.a.bias = &expanded;
  }
  int64_t blocks;
  f.block = query_blocks(c, spec->q, &blocks);
  f.scratch_size = tile_elements(spec);
  f.scratch = context_alloc(c, (size_t)(c->threads * f.scratch_size) * sizeof *f.scratch);
  if (context_failed(c)) return NULL;
  parallel_for(c->threads, blocks * spec->heads, attend_block, &f);
  arena_release(c->arena, mark);
  return y;
}

/* With p = softmax of scores, recomputed as e^(s - lse), and D_i = <dy_i, y_i>:
 *   dv = p^T dy    ds = p (dy v^T - D)    dq = ds k    dk = ds^T q    dbias = ds by bucket
 * A task is one head of one sequence: it alone writes its part of dq, dk and dv. */
typedef struct Backward {
  Attention a;
  const float *y, *dy, *lse;
  float *dq, *dk, *dv; /* NULL where not wanted */
  float beta_q, beta_k, beta_v;
  double *dbias;  /* [sequences, heads, buckets] each task's share, or NULL */
  float *scratch; /* two tiles and the diagonals a worker */
  int64_t scratch_size, tile_size;
} Backward;

/* Scores of the tile become p, 0 where not visible. */
static void probability_tile(const Backward *b, const Head *h, const Tile *t, float *s) {
  for (int64_t r = 0; r < t->rows; r++) {
    float *row = s + r * t->cols;
    int64_t n = visible_cols(&b->a, h, t, r);
    float lse = b->lse[(h->q_row + t->row + r) * b->a.spec->heads + h->index];
#pragma omp simd
    for (int64_t j = 0; j < n; j++) row[j] = vmath_exp(row[j] - lse);
    memset(row + n, 0, (size_t)(t->cols - n) * sizeof *row);
  }
}

/* dp, the gradient of p, becomes ds, the gradient of the scores. */
static void score_gradient_tile(const Backward *b, const Head *h, const Tile *t, const float *p,
                                float *dp) {
  for (int64_t r = 0; r < t->rows; r++) {
    int64_t at = h->q_at + (t->row + r) * b->a.ld;
    float mean = vmath_dot(b->dy + at, b->y + at, b->a.dk);
    const float *p_row = p + r * t->cols;
    float *row = dp + r * t->cols;
#pragma omp simd
    for (int64_t j = 0; j < t->cols; j++) row[j] = p_row[j] * (row[j] - mean);
  }
}

static void collect_bias(const Backward *b, const Head *h, const Tile *t, const float *ds,
                         float *diagonal) {
  for (int64_t r = 0; r < t->rows; r++) {
    attention_bias_collect(b->a.bias, diagonal, tile_distance(h, t, r), ds + r * t->cols,
                           visible_cols(&b->a, h, t, r));
  }
}

static void tile_backward(const Backward *b, const Head *h, const Tile *t, float *p, float *ds,
                          float *diagonal) {
  const Attention *a = &b->a;
  int64_t ld = a->ld, q_at = h->q_at + t->row * ld, k_at = h->k_at + t->col * ld;
  score_tile(a, h, t, p);
  probability_tile(b, h, t, p);
  if (b->dv) {
    blas_sgemm(true, false, t->cols, a->dk, t->rows, 1, p, t->cols, b->dy + q_at, ld, 1,
               b->dv + k_at, ld);
  }
  blas_sgemm(false, true, t->rows, t->cols, a->dk, 1, b->dy + q_at, ld, a->v + k_at, ld, 0, ds,
             t->cols);
  score_gradient_tile(b, h, t, p, ds);
  if (b->dq) {
    blas_sgemm(false, false, t->rows, a->dk, t->cols, 1, ds, t->cols, a->k + k_at, ld, 1,
               b->dq + q_at, ld);
  }
  if (b->dk) {
    blas_sgemm(true, false, t->cols, a->dk, t->rows, 1, ds, t->cols, a->q + q_at, ld, 1,
               b->dk + k_at, ld);
  }
  if (diagonal) collect_bias(b, h, t, ds, diagonal);
}

/* Zeroes one head's columns of a fresh gradient. */
static void clear_head(const Attention *a, float *grad, float beta, int64_t at, int64_t rows) {
  if (!grad || beta != 0) return;
  for (int64_t r = 0; r < rows; r++) {
    memset(grad + at + r * a->ld, 0, (size_t)a->dk * sizeof *grad);
  }
}

static void attend_head_backward(void *arg, int64_t task, int worker) {
  const Backward *b = arg;
  const Attention *a = &b->a;
  Head h = head_of(a, task / a->spec->heads, (int)(task % a->spec->heads));
  float *p = b->scratch + worker * b->scratch_size, *ds = p + b->tile_size;
  float *diagonal = b->dbias ? ds + b->tile_size : NULL;
  if (diagonal) memset(diagonal, 0, (size_t)a->bias->span * sizeof *diagonal);
  clear_head(a, b->dq, b->beta_q, h.q_at, h.queries);
  clear_head(a, b->dk, b->beta_k, h.k_at, h.keys);
  clear_head(a, b->dv, b->beta_v, h.k_at, h.keys);
  for (int64_t row = 0; row < h.queries; row += TILE_QUERIES) {
    for (Tile t = first_tile(a, &h, row); t.cols > 0; t = next_tile(a, &h, t)) {
      tile_backward(b, &h, &t, p, ds, diagonal);
    }
  }
  if (diagonal) attention_bias_fold(a->bias, diagonal, b->dbias + task * a->bias->buckets);
}

/* dbias [buckets, heads] += the shares of the sequences, in order. */
static void add_dbias(const Backward *b, float *dbias) {
  const AttentionSpec *s = b->a.spec;
  for (int head = 0; head < s->heads; head++) {
    for (int bucket = 0; bucket < s->buckets; bucket++) {
      double sum = 0;
      for (int64_t sequence = 0; sequence < s->q.count; sequence++) {
        sum += b->dbias[(sequence * s->heads + head) * s->buckets + bucket];
      }
      dbias[bucket * s->heads + head] += (float)sum;
    }
  }
}

static void attention_backward(Context *c, Node *node) {
  Tensor *q = node->in[0], *k = node->in[1], *v = node->in[2], *bias = node->in[3];
  const AttentionSaved *saved = node->saved;
  const AttentionSpec *spec = &saved->spec;
  Backward b = {.a = {spec, q->cols / spec->heads, q->cols, q->data, k->data, v->data, NULL},
                .y = node->out->data,
                .dy = node->out->grad,
                .lse = saved->lse};
  b.dq = grad_open(c, q, &b.beta_q);
  b.dk = grad_open(c, k, &b.beta_k);
  b.dv = grad_open(c, v, &b.beta_v);
  float *dbias = grad_open_zeroed(c, bias);

  ArenaMark mark = arena_mark(c->arena);
  AttentionBias expanded = {0};
  if (bias) {
    expanded = attention_bias_expand(c, bias, spec);
    b.a.bias = &expanded;
  }
  int64_t tasks = spec->q.count * spec->heads;
  if (dbias) b.dbias = context_alloc(c, (size_t)(tasks * spec->buckets) * sizeof *b.dbias);
  b.tile_size = tile_elements(spec);
  b.scratch_size = 2 * b.tile_size + expanded.span;
  b.scratch = context_alloc(c, (size_t)(c->threads * b.scratch_size) * sizeof *b.scratch);
  if (!context_failed(c)) {
    parallel_for(c->threads, tasks, attend_head_backward, &b);
    if (dbias) add_dbias(&b, dbias);
  }
  arena_release(c->arena, mark);
}
