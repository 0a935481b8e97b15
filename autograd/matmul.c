#include "autograd/matmul.h"

#include <assert.h>

#include "autograd/blas.h"
#include "autograd/extremum.h"
#include "autograd/matmul_panel.h"
#include "autograd/parallel.h"
#include "autograd/skinny.h"

/* Tiles: large enough that packing inside BLAS is a small part of the work, small enough that a few
 * threads stay busy. They follow from the shape alone (parallel.h). */
enum {
  TILE_ROWS = 1024,
  TILES_WANTED = 8,
  TILE_COLS_MIN = 64,
  TILE_WORK_MIN = 1 << 20, /* multiply-adds; below, handing tiles out costs more than it gains */
  TILE_ALIGN = 16,
  PANEL_ELEMENTS = 1 << 22, /* of a widened weight: 16 MB */
  SKINNY_COLS = 96,
  SKINNY_WEIGHT = 1 << 16,  /* elements */
  PANEL_WORK_MIN = 1 << 21, /* multiply-adds; below, BLAS has kernels without packing */
  PANEL_ROWS_MIN = 24,
  PANEL_SIDE_MIN = 16,
};

typedef struct Product {
  bool ta, tb;
  int64_t m, n, k;
  int64_t tile_m, tile_n, tiles_n;
  float alpha, beta;
  Mat a, b, out;
} Product;

/* Size of one of `parts` nearly equal pieces of n, aligned. */
static int64_t tile_size(int64_t n, int64_t parts) {
  return ceil_div(ceil_div(n, parts), TILE_ALIGN) * TILE_ALIGN;
}

static void product_tile(void *arg, int64_t task, int worker) {
  (void)worker;
  const Product *p = arg;
  int64_t row = task / p->tiles_n * p->tile_m, col = task % p->tiles_n * p->tile_n;
  int64_t m = min64(p->tile_m, p->m - row), n = min64(p->tile_n, p->n - col);
  const float *a = p->a.data + (p->ta ? row : row * p->a.ld);
  const float *b = p->b.data + (p->tb ? col * p->b.ld : col);
  blas_sgemm(p->ta, p->tb, m, n, p->k, p->alpha, a, p->a.ld, b, p->b.ld, p->beta,
             p->out.data + row * p->out.ld + col, p->out.ld);
}

static void product(Context *c, Product p) {
  if (context_failed(c) || p.m == 0 || p.n == 0) return;
  int64_t parts_m = ceil_div(p.m, TILE_ROWS);
  int64_t wanted = min64(TILES_WANTED, 1 + p.m * p.n * p.k / TILE_WORK_MIN);
  int64_t parts_n = min64(ceil_div(wanted, parts_m), ceil_div(p.n, TILE_COLS_MIN));
  p.tile_m = tile_size(p.m, parts_m);
  p.tile_n = tile_size(p.n, parts_n);
  p.tiles_n = ceil_div(p.n, p.tile_n);
  parallel_for(c->threads, ceil_div(p.m, p.tile_m) * p.tiles_n, product_tile, &p);
}

/* Few rows, and a weight large enough for its packing to show. */
static bool is_skinny(int64_t m, int64_t n, int64_t k) {
  return m <= SKINNY_ROWS && n * k >= SKINNY_WEIGHT;
}

/* A product with few rows. */
typedef struct SkinnyProduct {
  float alpha, beta;
  Mat a, out;
  const void *w; /* [n, a.cols] */
  Dtype dtype;
  int64_t n, ldw;
  float *packed;
} SkinnyProduct;

static void skinny_tile(void *arg, int64_t task, int worker) {
  (void)worker;
  const SkinnyProduct *p = arg;
  skinny_multiply(p->packed, p->a.rows, p->a.cols, p->w, p->dtype, p->ldw, task * SKINNY_COLS,
                  min64((task + 1) * SKINNY_COLS, p->n), p->alpha, p->beta, p->out.data, p->out.ld);
}

static void skinny_product(Context *c, SkinnyProduct p) {
  if (context_failed(c) || p.a.rows == 0) return;
  ArenaMark mark = arena_mark(c->arena);
  int64_t size = skinny_groups(p.a.rows) * SKINNY_LANES * p.a.cols;
  p.packed = context_alloc(c, (size_t)size * sizeof *p.packed);
  if (p.packed) {
    int threads = p.a.rows * p.n * p.a.cols < TILE_WORK_MIN ? 1 : c->threads;
    skinny_pack(p.packed, p.a.data, p.a.ld, p.a.rows, p.a.cols);
    parallel_for(threads, ceil_div(p.n, SKINNY_COLS), skinny_tile, &p);
  }
  arena_release(c->arena, mark);
}

/* Enough rows to lay panels out for. */
static bool is_panel(int64_t m, int64_t n, int64_t k) {
  return m >= PANEL_ROWS_MIN && n >= PANEL_SIDE_MIN && k >= PANEL_SIDE_MIN &&
         m * n * k >= PANEL_WORK_MIN && panel_kernel() == PANEL_AVX512;
}

void matmul_nt(Context *c, float alpha, Mat a, Mat b, float beta, Mat out) {
  assert(a.cols == b.cols && out.rows == a.rows && out.cols == b.rows);
  if (is_skinny(a.rows, b.rows, b.cols)) {
    skinny_product(c, (SkinnyProduct){alpha, beta, a, out, b.data, DTYPE_F32, b.rows, b.ld, NULL});
    return;
  }
  if (is_panel(a.rows, b.rows, b.cols)) {
    PanelSource w = {b.data, DTYPE_F32, b.ld};
    matmul_panel(c, &(PanelProduct){PANEL_AVX512, true, alpha, beta, a, w, out});
    return;
  }
  product(c, (Product){false, true, a.rows, b.rows, a.cols, 0, 0, 0, alpha, beta, a, b, out});
}

void matmul_nn(Context *c, float alpha, Mat a, Mat b, float beta, Mat out) {
  assert(a.cols == b.rows && out.rows == a.rows && out.cols == b.cols);
  if (is_panel(a.rows, b.cols, b.rows)) {
    PanelSource w = {b.data, DTYPE_F32, b.ld};
    matmul_panel(c, &(PanelProduct){PANEL_AVX512, false, alpha, beta, a, w, out});
    return;
  }
  product(c, (Product){false, false, a.rows, b.cols, a.cols, 0, 0, 0, alpha, beta, a, b, out});
}

void matmul_tn(Context *c, float alpha, Mat a, Mat b, float beta, Mat out) {
  assert(a.rows == b.rows && out.rows == a.cols && out.cols == b.cols);
  product(c, (Product){true, false, a.cols, b.cols, a.rows, 0, 0, 0, alpha, beta, a, b, out});
}

typedef struct Widening {
  float *to;
  const char *from;
  Dtype dtype;
  int64_t cols;
} Widening;

static void widen_row(void *arg, int64_t task, int worker) {
  (void)worker;
  const Widening *w = arg;
  size_t cols = (size_t)w->cols;
  dtype_widen(w->to + task * w->cols, w->from + (size_t)task * cols * dtype_size(w->dtype),
              w->dtype, cols);
}

/* Rows [row, row + rows) of w as f32, in arena scratch. */
static Mat widened_rows(Context *c, const Tensor *w, int64_t row, int64_t rows) {
  float *to = context_alloc(c, (size_t)(rows * w->cols) * sizeof *to);
  const char *from = (const char *)w->store + (size_t)(row * w->cols) * dtype_size(w->dtype);
  Widening work = {to, from, w->dtype, w->cols};
  if (to) parallel_for(c->threads, rows, widen_row, &work);
  return mat(to, rows, w->cols);
}

static int64_t panel_rows(const Tensor *w) {
  int64_t rows = PANEL_ELEMENTS / (w->cols ? w->cols : 1);
  return rows < TILE_ALIGN ? TILE_ALIGN : rows;
}

/* A weight that learns is multiplied as it is; f16 is widened. */
static bool runs_in_bf16(const Context *c, const Tensor *w) {
  return c->precision == PRECISION_BF16 && !w->needs_grad && w->dtype != DTYPE_F16;
}

static void weight_panels(Context *c, bool bf16, bool nt, float alpha, Mat a, const Tensor *w,
                          float beta, Mat out) {
  PanelKernel kernel = bf16 ? PANEL_AVX512_BF16 : PANEL_AVX512;
  PanelSource source = {w->store, w->dtype, w->cols};
  matmul_panel(c, &(PanelProduct){kernel, nt, alpha, beta, a, source, out});
}

void matmul_nt_weight(Context *c, float alpha, Mat a, const Tensor *w, float beta, Mat out) {
  assert(a.cols == w->cols && out.rows == a.rows && out.cols == w->rows);
  bool bf16 = runs_in_bf16(c, w);
  if (!bf16 && is_skinny(a.rows, w->rows, w->cols)) {
    skinny_product(
        c, (SkinnyProduct){alpha, beta, a, out, w->store, w->dtype, w->rows, w->cols, NULL});
    return;
  }
  if (bf16 || is_panel(a.rows, w->rows, w->cols)) {
    weight_panels(c, bf16, true, alpha, a, w, beta, out);
    return;
  }
  if (w->dtype == DTYPE_F32) {
    matmul_nt(c, alpha, a, mat(w->data, w->rows, w->cols), beta, out);
    return;
  }
  for (int64_t row = 0; row < w->rows && !context_failed(c); row += panel_rows(w)) {
    ArenaMark mark = arena_mark(c->arena);
    Mat panel = widened_rows(c, w, row, min64(panel_rows(w), w->rows - row));
    Mat part = {out.data + row, out.rows, panel.rows, out.ld};
    matmul_nt(c, alpha, a, panel, beta, part);
    arena_release(c->arena, mark);
  }
}

void matmul_nn_weight(Context *c, float alpha, Mat a, const Tensor *w, float beta, Mat out) {
  assert(a.cols == w->rows && out.rows == a.rows && out.cols == w->cols);
  bool bf16 = runs_in_bf16(c, w);
  if (bf16 || is_panel(a.rows, w->cols, w->rows)) {
    weight_panels(c, bf16, false, alpha, a, w, beta, out);
    return;
  }
  if (w->dtype == DTYPE_F32) {
    matmul_nn(c, alpha, a, mat(w->data, w->rows, w->cols), beta, out);
    return;
  }
  for (int64_t row = 0; row < w->rows && !context_failed(c); row += panel_rows(w)) {
    ArenaMark mark = arena_mark(c->arena);
    Mat panel = widened_rows(c, w, row, min64(panel_rows(w), w->rows - row));
    Mat part = {a.data + row, a.rows, panel.rows, a.ld};
    matmul_nn(c, alpha, part, panel, row == 0 ? beta : 1, out);
    arena_release(c->arena, mark);
  }
}
