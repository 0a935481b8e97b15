#include "autograd/product/low_rank.h"

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/product/block.h"

enum {
  WEIGH_ROWS = 1024,
  DOWN_ROWS = 128,          /* of a task, of one expert */
  UP_COLS = 2 * BLOCK_COLS, /* of a task: a tile of a few thousand rows stays in the cache */
  PARALLEL_WORK = 1 << 17,  /* multiply-adds; below, waking threads costs more than it gains */
};

typedef struct Weighing {
  const LowRank *d;
  const float *weight, *h;
  float *u;
  int64_t rows;
} Weighing;

static void weigh_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Weighing *w = arg;
  int64_t r = w->d->a->rows, end = min64((task + 1) * WEIGH_ROWS, w->rows);
  for (int64_t t = task * WEIGH_ROWS; t < end; t++) {
    low_rank_weigh_row(w->d, w->weight ? w->weight[t] : 1, w->h + t * r, w->u + t * r);
  }
}

void low_rank_weigh(Context *c, const LowRank *d, const float *weight, const float *h, float *u,
                    int64_t rows) {
  Weighing w = {d, weight, h, u, rows};
  parallel_for(c->threads, ceil_div(rows, WEIGH_ROWS), weigh_rows, &w);
}

/* Rows by expert. */

typedef struct Passing {
  const Kernels *kernels;
  const LowRankPairs *pairs;
  const Tensor *x;
  Tensor *y;
  float *down;        /* u: what the down pass makes */
  const float *up;    /* and the up pass adds */
  LowRankGroup *part; /* [parts] groups in tasks of the down pass */
  float *scratch;     /* [threads, scratch_size] */
  int64_t scratch_size;
} Passing;

static Factor factor_of(const Tensor *t) {
  return (Factor){.data = t->data, .dtype = DTYPE_F32, .ld = t->cols, .turned = true};
}

static void run_down(void *arg, int64_t task, int worker) {
  const Passing *p = arg;
  const LowRankGroup *g = &p->part[task];
  const Tensor *a = g->factor->a;
  Factor b = factor_of(a);
  BlockRows rows = {.m = g->count,
                    .a = p->x->data,
                    .lda = p->x->cols,
                    .out = p->down + g->begin * p->pairs->rank,
                    .ld = p->pairs->rank,
                    .a_row = p->pairs->row + g->begin};
  block_multiply(p->kernels, &rows, &b, a->rows, a->cols, false,
                 p->scratch + worker * p->scratch_size);
  for (int64_t i = g->begin; p->pairs->weight && i < g->begin + g->count; i++) {
    float *u = p->down + i * p->pairs->rank;
    low_rank_weigh_row(g->factor, p->pairs->weight[i], u, u);
  }
}

static void run_up(void *arg, int64_t task, int worker) {
  const Passing *p = arg;
  int64_t col = task * UP_COLS, cols = min64(UP_COLS, p->y->cols - col);
  for (int64_t i = 0; i < p->pairs->groups; i++) {
    const LowRankGroup *g = &p->pairs->group[i];
    Factor b = factor_at(factor_of(g->factor->b), 0, col);
    BlockRows rows = {.m = g->count,
                      .a = p->up + g->begin * p->pairs->rank,
                      .lda = p->pairs->rank,
                      .out = p->y->data + col,
                      .ld = p->y->cols,
                      .out_row = p->pairs->row + g->begin};
    block_multiply(p->kernels, &rows, &b, cols, g->factor->b->cols, true,
                   p->scratch + worker * p->scratch_size);
  }
}

/* Groups cut into tasks; NULL with the context's error set. */
static LowRankGroup *cut_groups(Context *c, const LowRankPairs *pairs, int64_t *parts) {
  *parts = 0;
  for (int64_t i = 0; i < pairs->groups; i++) *parts += ceil_div(pairs->group[i].count, DOWN_ROWS);
  LowRankGroup *part = context_alloc(c, (size_t)*parts * sizeof *part), *next = part;
  for (int64_t i = 0; part && i < pairs->groups; i++) {
    const LowRankGroup *g = &pairs->group[i];
    for (int64_t at = 0; at < g->count; at += DOWN_ROWS)
      *next++ = (LowRankGroup){g->factor, g->begin + at, min64(DOWN_ROWS, g->count - at)};
  }
  return part;
}

/* Runs on one thread where there is little to do. */
static void run(Context *c, Passing *p, ParallelTask pass, int64_t tasks, int64_t width) {
  int threads = p->pairs->pairs * p->pairs->rank * width < PARALLEL_WORK ? 1 : c->threads;
  p->scratch_size = block_scratch(p->kernels);
  p->scratch = context_alloc(c, (size_t)(threads * p->scratch_size) * sizeof *p->scratch);
  if (p->scratch) parallel_for(threads, tasks, pass, p);
}

void low_rank_down(Context *c, const LowRankPairs *pairs, const Tensor *x, float *u) {
  ArenaMark mark = arena_mark(c->arena);
  int64_t parts;
  Passing p = {.kernels = c->kernels, .pairs = pairs, .x = x, .down = u};
  p.part = cut_groups(c, pairs, &parts);
  run(c, &p, run_down, parts, x->cols);
  arena_release(c->arena, mark);
}

void low_rank_up(Context *c, const LowRankPairs *pairs, const float *u, Tensor *y) {
  ArenaMark mark = arena_mark(c->arena);
  Passing p = {.kernels = c->kernels, .pairs = pairs, .y = y, .up = u};
  run(c, &p, run_up, ceil_div(y->cols, UP_COLS), y->cols);
  arena_release(c->arena, mark);
}
