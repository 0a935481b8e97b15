/* The executor works in two passes over the (row, expert) pairs of a plan, sorted by expert:
 *
 *   down   blocks of pairs: u = w s (x A_e^T)                                 tasks: blocks
 *   up     y rows += u B_e^T, the blocks in order, for one tile of columns     tasks: tiles
 *
 * A tile belongs to one task, so rows that several experts share need no locks, and each row is
 * summed in order of expert. Factors are laid out as panels (panel.h), whose products read and add
 * to rows where they lie; of a few rows BLAS makes the down product, from a copy. */
#include <assert.h>
#include <string.h>

#include "autograd/blas.h"
#include "autograd/extremum.h"
#include "autograd/panel.h"
#include "autograd/parallel.h"
#include "infer/route.h"

enum {
  BLOCK_ROWS = 128,           /* of one expert */
  FEW_ROWS = 16,              /* of a block that BLAS multiplies sooner than A is laid out */
  TILE_COLS = 2 * PANEL_COLS, /* of y: a tile of a few thousand rows stays in the cache */
  MIX_ROWS = 64,
  PARALLEL_WORK = 1 << 17, /* multiply-adds; below, waking threads costs more than it gains */
};

/* Pairs [begin, begin + count) of one expert. */
typedef struct Block {
  int expert;
  int64_t begin, count;
} Block;

typedef struct Execution {
  const Plan *plan;
  Aggregate how;
  const Tensor *x;
  Tensor *y;
  int experts;
  PanelKernel kernel;
  int64_t pairs, blocks;
  int64_t *row;    /* [pairs] ascending for each expert */
  float *weight;   /* [pairs] */
  int64_t *pair;   /* [rows, slots] the pair of a slot, -1: none */
  LowRank *factor; /* [experts] of those that have pairs */
  Block *block;    /* [blocks] in order of expert */
  float *u;        /* [pairs, rank] */
  int64_t rank;    /* row stride of u: the largest there is */
  float *scratch;  /* [threads, scratch_size] */
  int64_t scratch_size;
} Execution;

/* Sorting. */

/* start [experts + 1]: the first pair of each expert. */
static void count_pairs(Execution *e, int64_t *start) {
  memset(start, 0, (size_t)(e->experts + 1) * sizeof *start);
  for (int64_t i = 0; i < e->plan->rows * e->plan->slots; i++) {
    if (e->plan->expert[i] >= 0) start[e->plan->expert[i] + 1]++;
  }
  for (int i = 0; i < e->experts; i++) {
    e->blocks += (start[i + 1] + BLOCK_ROWS - 1) / BLOCK_ROWS;
    start[i + 1] += start[i];
  }
  e->pairs = start[e->experts];
}

static void make_blocks(Execution *e, const int64_t *start) {
  Block *block = e->block;
  for (int i = 0; i < e->experts; i++) {
    for (int64_t at = start[i]; at < start[i + 1]; at += BLOCK_ROWS) {
      int64_t left = start[i + 1] - at;
      *block++ = (Block){i, at, left < BLOCK_ROWS ? left : BLOCK_ROWS};
    }
  }
}

/* Moves start[i] to the end of expert i. */
static void sort_pairs(Execution *e, int64_t *start) {
  for (int64_t i = 0; i < e->plan->rows * e->plan->slots; i++) {
    int expert = e->plan->expert[i];
    e->pair[i] = expert < 0 ? -1 : start[expert]++;
    if (expert < 0) continue;
    e->row[e->pair[i]] = i / e->plan->slots;
    e->weight[e->pair[i]] = e->plan->weight[i];
  }
}

static void find_factors(Context *c, Execution *e, Pool *pool, int linear) {
  int last = -1;
  for (int64_t i = 0; i < e->blocks; i++) {
    int expert = e->block[i].expert;
    if (expert == last) continue;
    last = expert;
    if (pool_factor(pool, expert, linear, &e->factor[expert], c->error) != STATUS_OK) return;
    assert(e->factor[expert].a);
  }
}

/* The passes. */

static const float *gathered(const Execution *e, const Block *b, float *to) {
  int64_t cols = e->x->cols;
  for (int64_t i = 0; i < b->count; i++) {
    memcpy(to + i * cols, e->x->data + e->row[b->begin + i] * cols, (size_t)cols * sizeof *to);
  }
  return to;
}

/* u [count, rank] = x[rows] A^T */
static void project(const Execution *e, const Block *b, const Tensor *a, float *u, float *scratch) {
  if (b->count <= FEW_ROWS || a->rows > PANEL_COLS) {
    blas_sgemm(false, true, b->count, a->rows, a->cols, 1, gathered(e, b, scratch), a->cols,
               a->data, a->cols, 0, u, e->rank);
    return;
  }
  PanelRows rows = {e->x->data, a->cols, u, e->rank, e->row + b->begin, NULL};
  panel_pack_nt(e->kernel, scratch, NULL, (PanelSource){a->data, DTYPE_F32, a->cols}, a->rows,
                a->cols);
  panel_multiply(e->kernel, &rows, b->count, a->cols, scratch, a->rows, 1, 0);
}

static void run_down(void *arg, int64_t task, int worker) {
  const Execution *e = arg;
  const Block *b = &e->block[task];
  const LowRank *f = &e->factor[b->expert];
  float *u = e->u + b->begin * e->rank;
  project(e, b, f->a, u, e->scratch + worker * e->scratch_size);
  for (int64_t i = 0; i < b->count; i++) {
    float w = e->weight[b->begin + i] * (e->how == AGGREGATE_OUTPUT ? f->scale : 1);
    for (int64_t k = 0; k < f->a->rows; k++) u[i * e->rank + k] *= w;
  }
}

/* Aggregation of parameters: with H = sum_j w_j A_j x, padded to the largest rank, expert i of the
 * row gets u = w_i s_i H, cut to its rank. */
static void mix_row(const Execution *e, const int64_t *pair, const int32_t *expert, float *sum) {
  memset(sum, 0, (size_t)e->rank * sizeof *sum);
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const float *u = e->u + pair[s] * e->rank;
    for (int64_t k = 0; k < e->factor[expert[s]].a->rows; k++) sum[k] += u[k];
  }
  for (int s = 0; s < e->plan->slots; s++) {
    if (expert[s] < 0) continue;
    const LowRank *f = &e->factor[expert[s]];
    float *u = e->u + pair[s] * e->rank, w = e->weight[pair[s]] * f->scale;
    for (int64_t k = 0; k < f->a->rows; k++) u[k] = w * sum[k];
  }
}

static void mix_rows(void *arg, int64_t task, int worker) {
  const Execution *e = arg;
  int64_t end = (task + 1) * MIX_ROWS;
  for (int64_t t = task * MIX_ROWS; t < end && t < e->plan->rows; t++) {
    int64_t slot = t * e->plan->slots;
    mix_row(e, e->pair + slot, e->plan->expert + slot, e->scratch + worker * e->scratch_size);
  }
}

/* y [count rows, cols at col] += u B^T, cols <= PANEL_COLS */
static void add_block(const Execution *e, const Block *b, int64_t col, int64_t cols, float *panel) {
  const Tensor *factor = e->factor[b->expert].b;
  int64_t rank = factor->cols;
  PanelSource source = {factor->data + col * rank, DTYPE_F32, rank};
  panel_pack_nt(e->kernel, panel, NULL, source, cols, rank);
  PanelRows rows = {e->u + b->begin * e->rank, e->rank, e->y->data + col, e->y->cols, NULL,
                    e->row + b->begin};
  panel_multiply(e->kernel, &rows, b->count, rank, panel, cols, 1, 1);
}

static void run_up(void *arg, int64_t task, int worker) {
  const Execution *e = arg;
  int64_t begin = task * TILE_COLS, end = min64(begin + TILE_COLS, e->y->cols);
  for (int64_t i = 0; i < e->blocks; i++) {
    for (int64_t col = begin; col < end; col += PANEL_COLS) {
      add_block(e, &e->block[i], col, min64(PANEL_COLS, end - col),
                e->scratch + worker * e->scratch_size);
    }
  }
}

/* Memory for what count_pairs found. */
static bool make_room(Context *c, Execution *e) {
  size_t pairs = (size_t)e->pairs, threads = (size_t)c->threads;
  int64_t slots = e->plan->rows * e->plan->slots;
  e->scratch_size = max64(max64(BLOCK_ROWS, PANEL_COLS) * e->x->cols, PANEL_COLS * e->rank);
  e->row = context_alloc(c, pairs * sizeof *e->row);
  e->weight = context_alloc(c, pairs * sizeof *e->weight);
  e->pair = context_alloc(c, (size_t)slots * sizeof *e->pair);
  e->factor = context_alloc(c, (size_t)e->experts * sizeof *e->factor);
  e->block = context_alloc(c, (size_t)e->blocks * sizeof *e->block);
  e->u = context_alloc(c, pairs * (size_t)e->rank * sizeof *e->u);
  e->scratch = context_alloc(c, threads * (size_t)e->scratch_size * sizeof *e->scratch);
  return !context_failed(c);
}

static void run(Context *c, Execution *e) {
  int64_t row_work = e->pairs * e->rank;
  int down = row_work * e->x->cols < PARALLEL_WORK ? 1 : c->threads;
  int up = row_work * e->y->cols < PARALLEL_WORK ? 1 : c->threads;
  parallel_for(down, e->blocks, run_down, e);
  if (e->how == AGGREGATE_PARAMETER) {
    parallel_for(c->threads, (e->plan->rows + MIX_ROWS - 1) / MIX_ROWS, mix_rows, e);
  }
  parallel_for(up, (e->y->cols + TILE_COLS - 1) / TILE_COLS, run_up, e);
}

void route_execute(Context *c, Pool *pool, int linear, const Plan *plan, Aggregate how,
                   const Tensor *x, Tensor *y) {
  if (context_failed(c)) return;
  assert(plan->rows == x->rows && x->rows == y->rows);
  ArenaMark mark = arena_mark(c->arena);
  Execution e = {.plan = plan,
                 .how = how,
                 .x = x,
                 .y = y,
                 .experts = pool_count(pool),
                 .kernel = panel_kernel(),
                 .rank = pool_max_rank(pool, linear)};
  int64_t *start = context_alloc(c, (size_t)(e.experts + 1) * sizeof *start);
  if (start) count_pairs(&e, start);
  if (start && e.pairs > 0 && make_room(c, &e)) {
    make_blocks(&e, start);
    sort_pairs(&e, start);
    find_factors(c, &e, pool, linear);
    if (!context_failed(c)) run(c, &e);
  }
  arena_release(c->arena, mark);
}
