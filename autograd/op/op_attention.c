#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "autograd/op/attention_blocks.h"
#include "autograd/op/attention_softmax.h"

/* Forward: a task is one head of one block of queries. */
typedef struct Forward {
  Attention a;
  const float *k, *v;          /* [Tk, ld] each, or */
  const AttentionCache *cache; /* what is kept of them */
  const QueryBlock *block;
  float *y;       /* [Tq, ld] */
  float *lse;     /* [Tq, heads] log-sum-exp of scores; NULL when nothing is recorded */
  float *scratch; /* [threads, scratch_size] scores, y, keys, values of a tile */
  int64_t scratch_size;
} Forward;

/* The tile's keys and values: as the cache has them, or laid out at `to`. */
static void lay_tile(const Forward *f, const Head *h, const ScoreTile *t, float *to, Laid *keys,
                     Laid *values) {
  const Attention *a = &f->a;
  RowSpan span = attention_keys(a->spec, h->sequence);
  const float *k, *v;
  if (f->cache) {
    k = attention_cache_keys(f->cache, span.begin, h->index) + t->col * a->dk;
    v = attention_cache_values(f->cache, span.begin, h->index) + t->col * a->wide;
  } else {
    int64_t at = (span.begin + t->col) * a->ld + h->index * a->dk;
    float *rows = to + TILE_KEYS * a->dk;
    lay_keys(a, to, f->k + at, a->ld, t->cols);
    lay_values(a, rows, f->v + at, a->ld, t->cols);
    k = to;
    v = rows;
  }
  *keys = laid_strips(k, a->dk);
  *values = laid_rows(v, t->cols, a->wide);
}

static void attend_block(void *arg, int64_t task, int worker) {
  const Forward *f = arg;
  const Attention *a = &f->a;
  const QueryBlock *block = &f->block[task / a->spec->heads];
  Head h = head_of(a, block->sequence, (int)(task % a->spec->heads));
  ScoreTile t = score_tile_at(a, &h, block->row, 0);
  SoftmaxRun run = {.scores = f->scratch + worker * f->scratch_size};
  run.y = run.scores + TILE_QUERIES * TILE_KEYS;
  float *laid = run.y + TILE_QUERIES * a->wide;
  softmax_start(a, &run, t.rows);
  for (; t.cols > 0; t = score_tile_at(a, &h, block->row, t.col + t.cols)) {
    Laid keys, values;
    lay_tile(f, &h, &t, laid, &keys, &values);
    softmax_add(a, &h, &t, &keys, &values, &run);
  }
  softmax_finish(a, &h, t.row, t.rows, &run, f->y, f->lse);
}

static Attention attention_of(const Context *c, const Tensor *q, const AttentionSpec *spec) {
  int64_t dk = q->cols / spec->heads;
  return (Attention){.kernels = c->kernels,
                     .spec = spec,
                     .dk = dk,
                     .ld = q->cols,
                     .wide = whole_strips(dk),
                     .q = q->data};
}

/* Fills y and lse. */
static void attend(Context *c, Forward *f, const Tensor *bias) {
  ArenaMark mark = arena_mark(c->arena);
  Attention *a = &f->a;
  AttentionBias expanded;
  if (bias) {
    expanded = attention_bias_expand(c, bias, a->spec);
    a->bias = &expanded;
  }
  int64_t blocks;
  f->block = attention_blocks(c, a->spec->q, &blocks);
  f->scratch_size = TILE_QUERIES * (TILE_KEYS + a->wide) + TILE_KEYS * (a->dk + a->wide);
  f->scratch = context_alloc(c, (size_t)(c->threads * f->scratch_size) * sizeof *f->scratch);
  if (!context_failed(c)) parallel_for(c->threads, blocks * a->spec->heads, attend_block, f);
  arena_release(c->arena, mark);
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

Tensor *op_attention(Context *c, Tensor *q, Tensor *k, Tensor *v, Tensor *bias,
                     const AttentionSpec *spec) {
  if (context_failed(c)) return NULL;
  assert(!spec->k_span || !c->tape);
  attention_check_queries(q, bias, spec);
  attention_check_keys(q, k, v, spec);
  Tensor *y = tensor_new(c, q->rows, q->cols);
  if (!y) return NULL;
  Forward f = {.a = attention_of(c, q, spec), .k = k->data, .v = v->data, .y = y->data};
  record_attention(c, y, (Tensor *[]){q, k, v, bias}, spec, &f.lse);
  attend(c, &f, bias);
  return context_failed(c) ? NULL : y;
}

Tensor *op_attention_cached(Context *c, Tensor *q, const AttentionCache *cache, Tensor *bias,
                            const AttentionSpec *spec) {
  if (context_failed(c)) return NULL;
  assert(!c->tape && spec->k_span);
  attention_check_queries(q, bias, spec);
  Tensor *y = tensor_new(c, q->rows, q->cols);
  if (!y) return NULL;
  Forward f = {.a = attention_of(c, q, spec), .cache = cache, .y = y->data};
  attend(c, &f, bias);
  return context_failed(c) ? NULL : y;
}

/* With p = softmax of scores, recomputed as e^(s - lse), and D_i = <dy_i, y_i>:
 *   dv = p^T dy    ds = p (dy v^T - D)    dq = ds k    dk = ds^T q    dbias = ds by bucket
 * A task is one head of one sequence: it alone writes its part of dq, dk and dv. Keys are taken a
 * tile at a time, whose dk and dv are kept turned [dk, keys] while all queries pass by. */
typedef struct Backward {
  Attention a;
  const float *k, *v, *y, *dy, *lse;
  float *dq, *dk, *dv; /* NULL where not wanted */
  bool add_q, add_k, add_v;
  double *dbias;  /* [sequences, heads, buckets] each task's share, or NULL */
  float *scratch; /* [threads, scratch_size] a BackwardTile and the diagonals */
  int64_t scratch_size;
} Backward;

/* What a task works with. */
typedef struct BackwardTile {
  float *keys, *values; /* [dk, TILE_KEYS] turned */
  float *key_rows;      /* [TILE_KEYS, wide] */
  float *dk, *dv;       /* [wide, TILE_KEYS] turned */
  float *p, *ds;        /* [TILE_QUERIES, TILE_KEYS] */
  float *turned;        /* [wide, TILE_QUERIES] */
  float *diagonal;      /* [span] or NULL */
} BackwardTile;

static int64_t backward_tile_size(int64_t dk, int64_t wide) {
  return TILE_KEYS * (2 * dk + 3 * wide) + TILE_QUERIES * (2 * TILE_KEYS + wide);
}

static BackwardTile backward_tile(const Backward *b, int worker) {
  const Attention *a = &b->a;
  BackwardTile w = {.keys = b->scratch + worker * b->scratch_size};
  w.values = w.keys + TILE_KEYS * a->dk;
  w.key_rows = w.values + TILE_KEYS * a->dk;
  w.dk = w.key_rows + TILE_KEYS * a->wide;
  w.dv = w.dk + TILE_KEYS * a->wide;
  w.p = w.dv + TILE_KEYS * a->wide;
  w.ds = w.p + TILE_QUERIES * TILE_KEYS;
  w.turned = w.ds + TILE_QUERIES * TILE_KEYS;
  if (b->dbias) w.diagonal = w.turned + TILE_QUERIES * a->wide;
  return w;
}

/* Scores of the tile become p, 0 where not visible. */
static void probabilities(const Backward *b, const Head *h, const ScoreTile *t, float *s) {
  for (int64_t r = 0; r < t->rows; r++) {
    float *row = s + r * TILE_KEYS;
    int64_t n = visible_cols(&b->a, h, t, r);
    float lse = b->lse[(h->q_row + t->row + r) * b->a.spec->heads + h->index];
    b->a.kernels->exp(row, 1, row, lse, n);
    memset(row + n, 0, (size_t)(whole_strips(t->cols) - n) * sizeof *row);
  }
}

/* dp, the gradient of p, becomes ds, the gradient of the scores. */
static void score_gradients(const Backward *b, const Head *h, const ScoreTile *t, const float *p,
                            float *dp) {
  const Kernels *k = b->a.kernels;
  for (int64_t r = 0; r < t->rows; r++) {
    int64_t at = h->q_at + (t->row + r) * b->a.ld;
    float mean = k->dot(b->dy + at, b->y + at, b->a.dk);
    k->softmax_slope(dp + r * TILE_KEYS, p + r * TILE_KEYS, mean, whole_strips(t->cols));
  }
}

/* sum [dk, TILE_KEYS] += x^T p, with x the tile's rows of a q-like matrix. */
static void add_turned(const Attention *a, const Head *h, const ScoreTile *t, const float *x,
                       const float *p, float *turned, float *sum) {
  x += h->q_at + t->row * a->ld;
  for (int64_t r = 0; r < t->rows; r += STRIP)
    a->kernels->transpose(turned + r, TILE_QUERIES, x + r * a->ld, a->ld, min64(STRIP, t->rows - r),
                          a->dk, 0);
  BlockRows rows = {.m = a->dk, .a = turned, .lda = TILE_QUERIES, .out = sum, .ld = TILE_KEYS};
  Laid laid = laid_rows(p, t->rows, TILE_KEYS);
  block_multiply_laid(a->kernels, &rows, &laid, whole_strips(t->cols), true);
}

static void collect_bias(const Backward *b, const Head *h, const ScoreTile *t, const float *ds,
                         float *diagonal) {
  for (int64_t r = 0; r < t->rows; r++) {
    attention_bias_collect(b->a.bias, diagonal, tile_distance(h, t, r), ds + r * TILE_KEYS,
                           visible_cols(&b->a, h, t, r));
  }
}

static void tile_backward(const Backward *b, const Head *h, const ScoreTile *t,
                          const BackwardTile *w) {
  const Attention *a = &b->a;
  int64_t q_at = h->q_at + t->row * a->ld;
  Laid keys = laid_strips(w->keys, a->dk), values = laid_strips(w->values, a->dk);
  score_tile(a, h, t, &keys, w->p);
  probabilities(b, h, t, w->p);
  if (b->dv) add_turned(a, h, t, b->dy, w->p, w->turned, w->dv);
  BlockRows dp = {.m = t->rows, .a = b->dy + q_at, .lda = a->ld, .out = w->ds, .ld = TILE_KEYS};
  block_multiply_laid(a->kernels, &dp, &values, whole_strips(t->cols), false);
  score_gradients(b, h, t, w->p, w->ds);
  if (b->dq) {
    BlockRows dq = {.m = t->rows, .a = w->ds, .lda = TILE_KEYS, .out = b->dq + q_at, .ld = a->ld};
    Laid rows = laid_rows(w->key_rows, t->cols, a->wide);
    block_multiply_laid(a->kernels, &dq, &rows, a->dk, true);
  }
  if (b->dk) add_turned(a, h, t, a->q, w->ds, w->turned, w->dk);
  if (w->diagonal) collect_bias(b, h, t, w->ds, w->diagonal);
}

/* grad [keys, ld] = or += the transpose of what the tile has of it; `rows` is scratch. */
static void put_turned(const Attention *a, float *grad, bool add, const float *turned, int64_t keys,
                       float *rows) {
  for (int64_t d = 0; d < a->dk; d += STRIP) {
    int64_t cols = min64(STRIP, a->dk - d);
    a->kernels->transpose(rows, STRIP, turned + d * TILE_KEYS, TILE_KEYS, cols, keys, 0);
    for (int64_t j = 0; j < keys; j++) {
      float *to = grad + j * a->ld + d;
      if (add) {
        a->kernels->add(to, rows + j * STRIP, cols);
      } else {
        memcpy(to, rows + j * STRIP, (size_t)cols * sizeof *to);
      }
    }
  }
}

/* Keys [col, col + keys) of a head, and all queries that see some of them. */
static void keys_backward(const Backward *b, const Head *h, int64_t col, int64_t keys,
                          const BackwardTile *w) {
  const Attention *a = &b->a;
  int64_t at = (attention_keys(a->spec, h->sequence).begin + col) * a->ld + h->index * a->dk;
  size_t sums = (size_t)whole_strips(keys) * sizeof(float);
  lay_keys(a, w->keys, b->k + at, a->ld, keys);
  lay_keys(a, w->values, b->v + at, a->ld, keys);
  lay_values(a, w->key_rows, b->k + at, a->ld, keys);
  for (int64_t d = 0; d < a->dk; d++) {
    memset(w->dk + d * TILE_KEYS, 0, sums);
    memset(w->dv + d * TILE_KEYS, 0, sums);
  }
  for (int64_t row = 0; row < h->queries; row += TILE_QUERIES) {
    ScoreTile t = score_tile_at(a, h, row, col);
    if (t.cols > 0) tile_backward(b, h, &t, w);
  }
  if (b->dk) put_turned(a, b->dk + at, b->add_k, w->dk, keys, w->p);
  if (b->dv) put_turned(a, b->dv + at, b->add_v, w->dv, keys, w->p);
}

/* Where dq is fresh: tiles add to it. */
static void clear_queries(const Backward *b, const Head *h) {
  if (!b->dq || b->add_q) return;
  for (int64_t r = 0; r < h->queries; r++)
    memset(b->dq + h->q_at + r * b->a.ld, 0, (size_t)b->a.dk * sizeof *b->dq);
}

static void attend_head_backward(void *arg, int64_t task, int worker) {
  const Backward *b = arg;
  const Attention *a = &b->a;
  Head h = head_of(a, task / a->spec->heads, (int)(task % a->spec->heads));
  BackwardTile w = backward_tile(b, worker);
  if (w.diagonal) memset(w.diagonal, 0, (size_t)a->bias->span * sizeof *w.diagonal);
  clear_queries(b, &h);
  for (int64_t col = 0; col < h.keys; col += TILE_KEYS)
    keys_backward(b, &h, col, min64(TILE_KEYS, h.keys - col), &w);
  if (w.diagonal) attention_bias_fold(a->bias, w.diagonal, b->dbias + task * a->bias->buckets);
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

static float *open_share(Context *c, Tensor *t, bool *add) {
  float beta = 0, *grad = grad_open(c, t, &beta);
  *add = beta != 0;
  return grad;
}

static void attention_backward(Context *c, Node *node) {
  Tensor *q = node->in[0], *k = node->in[1], *v = node->in[2], *bias = node->in[3];
  const AttentionSaved *saved = node->saved;
  const AttentionSpec *spec = &saved->spec;
  Backward b = {.a = attention_of(c, q, spec),
                .k = k->data,
                .v = v->data,
                .y = node->out->data,
                .dy = node->out->grad,
                .lse = saved->lse};
  b.dq = open_share(c, q, &b.add_q);
  b.dk = open_share(c, k, &b.add_k);
  b.dv = open_share(c, v, &b.add_v);
  float *dbias = grad_open_zeroed(c, bias);

  ArenaMark mark = arena_mark(c->arena);
  AttentionBias expanded = {0};
  if (bias) {
    expanded = attention_bias_expand(c, bias, spec);
    b.a.bias = &expanded;
  }
  int64_t tasks = spec->q.count * spec->heads;
  if (dbias) b.dbias = context_alloc(c, (size_t)(tasks * spec->buckets) * sizeof *b.dbias);
  b.scratch_size = backward_tile_size(b.a.dk, b.a.wide) + expanded.span;
  b.scratch = context_alloc(c, (size_t)(c->threads * b.scratch_size) * sizeof *b.scratch);
  if (!context_failed(c)) {
    parallel_for(c->threads, tasks, attend_head_backward, &b);
    if (dbias) add_dbias(&b, dbias);
  }
  arena_release(c->arena, mark);
}
