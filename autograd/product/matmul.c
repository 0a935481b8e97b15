#include "autograd/product/matmul.h"

#include <assert.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/product/blas.h"

/* Tasks are large enough that laying strips out is a small part of the work, small enough that a
 * few threads stay busy. They follow from the shape alone (parallel.h). */
enum {
  TASK_ROWS = 1024, /* at most, that share strips */
  TASK_ROWS_MIN = 96,
  TASKS_WANTED = 8,
  TASK_WORK_MIN = 1 << 17, /* multiply-adds; below, waking threads costs more than it gains */
  TASK_ALIGN = 12,
  TURNED_COLS = 64,        /* of a task: as many tasks on each of two threads for common widths */
  TURNED_WEIGHT = 1 << 14, /* elements; a smaller weight is laid out sooner */
  ROUND_ROWS = 64,
  GRADIENT_ROWS = 32, /* of a weight's gradient that tiles make */
  BLAS_TILE_ROWS = 1024,
  BLAS_TILE_COLS_MIN = 64,
  BLAS_TILE_ALIGN = 16,
};

/* How a product is cut. */
typedef struct Cut {
  const Product *product;
  bool turned;
  int64_t rows, cols;           /* of a task */
  int64_t across, tasks;        /* tasks side by side; in all */
  const float *left[TERMS_MAX]; /* of each term: its rows, or their strips */
  int64_t lda[TERMS_MAX];       /* words */
} Cut;

typedef struct Work {
  const Kernels *kernels;
  const Cut *cut;
  float *scratch; /* [threads, scratch_size] */
  int64_t scratch_size;
} Work;

/* Rows of a turned product are begun where they are multiplied next: in a near cache. */
static void begin_rows(const Product *p, int64_t row, int64_t col, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; i++)
    memcpy(p->out.data + (row + i) * p->out.ld + col, p->start + col, (size_t)n * sizeof(float));
}

static void run_term(const Work *w, const Cut *cut, int term, int64_t row, int64_t col,
                     float *scratch) {
  const Product *p = cut->product;
  const Term *t = &p->term[term];
  Factor b = factor_at(t->b, 0, col);
  int64_t m = min64(cut->rows, p->out.rows - row), n = min64(cut->cols, p->out.cols - col);
  float *out = p->out.data + row * p->out.ld + col;
  bool begun = p->start && term == 0, add = p->add || term > 0;
  if (cut->turned) {
    if (begun) begin_rows(p, row, col, m, n);
    TurnedProduct turned = {cut->left[term], m, n, t->a.cols, &b, add || begun, out, p->out.ld};
    block_multiply_turned(w->kernels, &turned, scratch);
    return;
  }
  BlockRows rows = {.m = m,
                    .a = cut->left[term] + row * cut->lda[term],
                    .lda = cut->lda[term],
                    .out = out,
                    .ld = p->out.ld,
                    .start = begun ? p->start + col : NULL};
  block_multiply(w->kernels, &rows, &b, n, t->a.cols, add, scratch);
}

static void run_task(void *arg, int64_t task, int worker) {
  const Work *w = arg;
  const Cut *cut = w->cut;
  for (; task >= cut->tasks; cut++) task -= cut->tasks;
  int64_t row = task / cut->across * cut->rows, col = task % cut->across * cut->cols;
  for (int i = 0; i < cut->product->terms; i++)
    run_term(w, cut, i, row, col, w->scratch + worker * w->scratch_size);
}

/* Cutting. */

/* Nearly equal tasks: few, since each lays its strips out, but enough for some threads. */
static int64_t rows_of_tasks(int64_t m, int64_t across) {
  int64_t most = ceil_div(m, TASK_ROWS_MIN), wanted = ceil_div(TASKS_WANTED, across);
  int64_t tasks = max64(ceil_div(m, TASK_ROWS), min64(most, wanted));
  return ceil_div(ceil_div(m, tasks), TASK_ALIGN) * TASK_ALIGN;
}

/* Few rows, and a large weight whose rows are columns. */
static bool is_turned(const Product *p) {
  int64_t m = p->out.rows, weight = 0;
  for (int i = 0; i < p->terms; i++) {
    if (!p->term[i].b.turned) return false;
    weight += p->term[i].a.cols * p->out.cols;
  }
  return m <= TURNED_ROWS && weight >= TURNED_WEIGHT;
}

static void cut_product(const Product *p, Cut *cut) {
  int64_t m = p->out.rows, n = p->out.cols;
  *cut = (Cut){.product = p, .turned = is_turned(p)};
  cut->cols = cut->turned ? TURNED_COLS : BLOCK_COLS;
  cut->across = ceil_div(n, cut->cols);
  if (m == 0 || n == 0) return;
  cut->rows = cut->turned ? m : rows_of_tasks(m, cut->across);
  cut->tasks = cut->across * ceil_div(m, cut->rows);
}

/* Left operands. */

typedef struct Rounding {
  const Kernels *kernels;
  const Mat *a;
  uint16_t *to;
  int64_t words;
} Rounding;

static void round_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Rounding *r = arg;
  int64_t end = min64((task + 1) * ROUND_ROWS, r->a->rows);
  for (int64_t i = task * ROUND_ROWS; i < end; i++)
    r->kernels->round_bf16(r->to + i * 2 * r->words, r->a->data + i * r->a->ld, r->a->cols);
}

/* The rows of a as words, in bf16 in a copy; *lda their stride. */
static const float *as_words(Context *c, const Mat *a, bool bf16, int64_t *lda) {
  *lda = a->ld;
  if (!bf16) return a->data;
  int64_t words = block_words(true, a->cols);
  float *to = context_alloc(c, (size_t)(a->rows * words) * sizeof *to);
  Rounding r = {c->kernels, a, (uint16_t *)(void *)to, words};
  if (to) parallel_for(c->threads, ceil_div(a->rows, ROUND_ROWS), round_rows, &r);
  *lda = words;
  return to;
}

static const float *as_strips(Context *c, const float *a, int64_t lda, int64_t m, int64_t words) {
  float *to = context_alloc(c, (size_t)(ceil_div(m, STRIP) * STRIP * words) * sizeof *to);
  if (to && a) block_turn(c->kernels, to, a, lda, m, words);
  return to;
}

/* Products one after another often have the same left operand: it is prepared once. */
static bool take_over(const Cut *cut, int term, const Cut *before) {
  if (!before || before->turned != cut->turned || before->product->terms <= term) return false;
  const Term *t = &cut->product->term[term], *old = &before->product->term[term];
  return t->a.data == old->a.data && t->a.rows == old->a.rows && t->a.cols == old->a.cols &&
         t->a.ld == old->a.ld && t->b.bf16 == old->b.bf16;
}

static void prepare(Context *c, Cut *cut, const Cut *before) {
  for (int i = 0; i < cut->product->terms; i++) {
    const Term *t = &cut->product->term[i];
    assert(t->a.rows == cut->product->out.rows && (!t->b.bf16 || t->b.dtype != DTYPE_F16));
    if (take_over(cut, i, before)) {
      cut->left[i] = before->left[i];
      cut->lda[i] = before->lda[i];
      continue;
    }
    cut->left[i] = as_words(c, &t->a, t->b.bf16, &cut->lda[i]);
    if (cut->turned) {
      cut->left[i] =
          as_strips(c, cut->left[i], cut->lda[i], t->a.rows, block_words(t->b.bf16, t->a.cols));
    }
  }
}

void matmul_all(Context *c, const Product *product, int count) {
  if (context_failed(c)) return;
  ArenaMark mark = arena_mark(c->arena);
  Cut *cut = context_alloc(c, (size_t)count * sizeof *cut);
  Work w = {c->kernels, cut, NULL, block_scratch(c->kernels)};
  w.scratch = context_alloc(c, (size_t)(c->threads * w.scratch_size) * sizeof *w.scratch);
  int64_t tasks = 0, work = 0;
  for (int i = 0; i < count && !context_failed(c); i++) {
    cut_product(&product[i], &cut[i]);
    prepare(c, &cut[i], i > 0 ? &cut[i - 1] : NULL);
    tasks += cut[i].tasks;
    for (int t = 0; t < product[i].terms; t++)
      work += product[i].out.rows * product[i].out.cols * product[i].term[t].a.cols;
  }
  int threads = work < TASK_WORK_MIN ? 1 : c->threads;
  if (!context_failed(c)) parallel_for(threads, tasks, run_task, &w);
  arena_release(c->arena, mark);
}

/* One product. */

Factor matmul_factor(Mat b, bool turned) {
  return (Factor){.data = b.data, .dtype = DTYPE_F32, .ld = b.ld, .turned = turned};
}

/* A weight that learns is multiplied as it is; f16 is widened. */
static Factor stored(const Context *c, const Tensor *w, bool turned) {
  bool bf16 = c->precision == PRECISION_BF16 && !w->needs_grad && w->dtype != DTYPE_F16;
  return (Factor){
      .data = w->store, .dtype = w->dtype, .ld = w->cols, .turned = turned, .bf16 = bf16};
}

Factor matmul_turned(const Context *c, const Tensor *w) {
  return stored(c, w, true);
}

Factor matmul_straight(const Context *c, const Tensor *w) {
  return stored(c, w, false);
}

static void multiply(Context *c, Mat a, Factor b, bool add, Mat out) {
  assert(out.rows == a.rows);
  matmul_all(c, &(Product){.term = {{a, b}}, .terms = 1, .add = add, .out = out}, 1);
}

void matmul_nt(Context *c, Mat a, Mat b, bool add, Mat out) {
  assert(a.cols == b.cols && out.cols == b.rows);
  multiply(c, a, matmul_factor(b, true), add, out);
}

void matmul_nn(Context *c, Mat a, Mat b, bool add, Mat out) {
  assert(a.cols == b.rows && out.cols == b.cols);
  multiply(c, a, matmul_factor(b, false), add, out);
}

void matmul_nt_weight(Context *c, Mat a, const Tensor *w, bool add, Mat out) {
  assert(a.cols == w->cols && out.cols == w->rows);
  multiply(c, a, matmul_turned(c, w), add, out);
}

void matmul_nn_weight(Context *c, Mat a, const Tensor *w, bool add, Mat out) {
  assert(a.cols == w->rows && out.cols == w->cols);
  multiply(c, a, matmul_straight(c, w), add, out);
}

/* Gradients of weights. Of few rows (a gate, the factors of an expert) they are tiles too, of what
 * is read where it lies; of many BLAS makes them. */

typedef struct Gradient {
  const Kernels *kernels;
  const float *turned; /* A^T [m, k] */
  Mat a, b, out;
  bool add;
  int64_t tile_m, tile_n, across;
} Gradient;

static void few_tile(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gradient *g = arg;
  int64_t col = task * BLOCK_COLS, cols = min64(BLOCK_COLS, g->out.cols - col), k = g->a.rows;
  BlockRows rows = {
      .m = g->out.rows, .a = g->turned, .lda = k, .out = g->out.data + col, .ld = g->out.ld};
  Laid b = laid_rows(g->b.data + col, k, g->b.ld);
  block_multiply_laid(g->kernels, &rows, &b, cols, g->add);
}

static void blas_tile(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gradient *g = arg;
  int64_t row = task / g->across * g->tile_m, col = task % g->across * g->tile_n;
  int64_t m = min64(g->tile_m, g->out.rows - row), n = min64(g->tile_n, g->out.cols - col);
  blas_sgemm(true, false, m, n, g->a.rows, 1, g->a.data + row, g->a.ld, g->b.data + col, g->b.ld,
             g->add ? 1 : 0, g->out.data + row * g->out.ld + col, g->out.ld);
}

/* Size of one of `parts` nearly equal pieces of n, aligned. */
static int64_t piece_of(int64_t n, int64_t parts) {
  return ceil_div(ceil_div(n, parts), BLAS_TILE_ALIGN) * BLAS_TILE_ALIGN;
}

static void by_blas(Context *c, Gradient *g) {
  const Mat *out = &g->out;
  int64_t parts_m = ceil_div(out->rows, BLAS_TILE_ROWS), work = out->rows * out->cols * g->a.rows;
  int64_t wanted = min64(TASKS_WANTED, 1 + work / (8 * TASK_WORK_MIN));
  g->tile_m = piece_of(out->rows, parts_m);
  g->tile_n = piece_of(out->cols,
                       min64(ceil_div(wanted, parts_m), ceil_div(out->cols, BLAS_TILE_COLS_MIN)));
  g->across = ceil_div(out->cols, g->tile_n);
  parallel_for(c->threads, ceil_div(out->rows, g->tile_m) * g->across, blas_tile, g);
}

static void by_tiles(Context *c, Gradient *g) {
  ArenaMark mark = arena_mark(c->arena);
  int64_t m = g->a.cols, k = g->a.rows;
  float *turned = context_alloc(c, (size_t)(m * k) * sizeof *turned);
  for (int64_t i = 0; turned && i < m; i++)
    for (int64_t p = 0; p < k; p++) turned[i * k + p] = g->a.data[p * g->a.ld + i];
  g->turned = turned;
  if (turned) parallel_for(c->threads, ceil_div(g->out.cols, BLOCK_COLS), few_tile, g);
  arena_release(c->arena, mark);
}

void matmul_tn(Context *c, Mat a, Mat b, bool add, Mat out) {
  assert(a.rows == b.rows && out.rows == a.cols && out.cols == b.cols);
  if (context_failed(c) || out.rows == 0 || out.cols == 0) return;
  Gradient g = {.kernels = c->kernels, .a = a, .b = b, .out = out, .add = add};
  /* Strips are read whole. */
  if (out.rows <= GRADIENT_ROWS && out.cols % STRIP == 0) {
    by_tiles(c, &g);
  } else {
    by_blas(c, &g);
  }
}
