#include "autograd/matmul_panel.h"

#include <assert.h>

#include "autograd/extremum.h"
#include "autograd/parallel.h"

enum {
  TILE_ROWS = 1024, /* at most, that share a packed panel */
  TILE_ROWS_MIN = 96,
  TILES_WANTED = 8,
  TILE_WORK_MIN = 1 << 18, /* multiply-adds; below, waking threads costs more than it gains */
  ROUND_ROWS = 64,
};

typedef struct Work {
  const PanelProduct *product;
  int64_t m, n, k;
  int64_t panels, tile_rows;
  const void *a; /* [m, words] */
  int64_t lda;   /* words */
  uint16_t *rounded;
  uint32_t *scratch; /* [threads, 2 PANEL_COLS, depth]: a panel and the part it is made of */
  int64_t depth;     /* words of the longest panel */
} Work;

static void round_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Work *w = arg;
  const Mat *a = &w->product->a;
  int64_t end = min64((task + 1) * ROUND_ROWS, w->m);
  for (int64_t i = task * ROUND_ROWS; i < end; i++)
    panel_round(w->rounded + i * 2 * w->lda, a->data + i * a->ld, w->k);
}

/* The columns [col, col + cols) of B, elements [at, at + k) of the sums. */
static void pack(const PanelProduct *p, uint32_t *panel, uint32_t *part, int64_t col, int64_t cols,
                 int64_t at, int64_t k) {
  PanelSource w = p->w;
  int64_t skipped = p->nt ? col * w.ld + at : at * w.ld + col;
  w.data = (const char *)w.data + (size_t)skipped * dtype_size(w.dtype);
  if (p->nt) {
    panel_pack_nt(p->kernel, panel, part, w, cols, k);
  } else {
    panel_pack_nn(p->kernel, panel, w, cols, k);
  }
}

static void panel_tile(void *arg, int64_t task, int worker) {
  const Work *w = arg;
  const PanelProduct *p = w->product;
  int64_t row = task / w->panels * w->tile_rows, col = task % w->panels * PANEL_COLS;
  int64_t rows = min64(w->tile_rows, w->m - row), cols = min64(PANEL_COLS, w->n - col);
  int64_t stretch = p->kernel == PANEL_AVX512_BF16 ? 2 * PANEL_WORDS : PANEL_WORDS;
  uint32_t *panel = w->scratch + worker * 2 * PANEL_COLS * w->depth;
  float *out = p->out.data + row * p->out.ld + col;
  const uint32_t *a = (const uint32_t *)w->a + row * w->lda;
  for (int64_t at = 0; at == 0 || at < w->k; at += stretch) {
    int64_t k = min64(stretch, w->k - at);
    pack(p, panel, panel + PANEL_COLS * w->depth, col, cols, at, k);
    PanelRows part = {a + panel_words(p->kernel, at), w->lda, out, p->out.ld, NULL, NULL};
    panel_multiply(p->kernel, &part, rows, panel_words(p->kernel, k), panel, cols, p->alpha,
                   at == 0 ? p->beta : 1);
  }
}

/* Nearly equal tiles: few, since each lays its panels out, but enough for some threads. They follow
 * from the shape alone (parallel.h). */
static int64_t rows_of_tiles(int64_t m, int64_t panels) {
  int64_t most = ceil_div(m, TILE_ROWS_MIN), wanted = ceil_div(TILES_WANTED, panels);
  int64_t tiles = max64(ceil_div(m, TILE_ROWS), min64(most, wanted));
  return ceil_div(ceil_div(m, tiles), PANEL_ROWS) * PANEL_ROWS;
}

static void run(Context *c, Work *w) {
  int threads = w->m * w->n * w->k < TILE_WORK_MIN ? 1 : c->threads;
  w->panels = ceil_div(w->n, PANEL_COLS);
  w->tile_rows = rows_of_tiles(w->m, w->panels);
  int64_t tiles = ceil_div(w->m, w->tile_rows);
  if (w->rounded) parallel_for(threads, ceil_div(w->m, ROUND_ROWS), round_rows, w);
  parallel_for(threads, tiles * w->panels, panel_tile, w);
}

void matmul_panel(Context *c, const PanelProduct *p) {
  if (context_failed(c) || p->out.rows == 0 || p->out.cols == 0) return;
  bool bf16 = p->kernel == PANEL_AVX512_BF16;
  assert(!bf16 || p->w.dtype != DTYPE_F16);
  int64_t words = panel_words(p->kernel, p->a.cols), depth = min64(words, PANEL_WORDS);
  ArenaMark mark = arena_mark(c->arena);
  Work w = {.product = p,
            .m = p->out.rows,
            .n = p->out.cols,
            .k = p->a.cols,
            .a = p->a.data,
            .lda = bf16 ? words : p->a.ld,
            .depth = depth};
  size_t size = (size_t)(c->threads * 2 * PANEL_COLS * depth) * sizeof *w.scratch;
  w.scratch = context_alloc(c, size);
  if (bf16) {
    w.rounded = context_alloc(c, (size_t)(w.m * 2 * words) * sizeof *w.rounded);
    w.a = w.rounded;
  }
  if (!context_failed(c)) run(c, &w);
  arena_release(c->arena, mark);
}
