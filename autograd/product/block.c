#include "autograd/product/block.h"

#include <assert.h>
#include <string.h>

#include "autograd/ground/extremum.h"

enum {
  FEW_ROWS = 7,       /* up to which a single strip is laid out at a time, */
  FEW_DEPTH = 256,    /* of so many words: 16 KiB, half of the first cache */
  TURNED_DEPTH = 512, /* words of weights that are converted together */
};

int64_t block_scratch(const Kernels *kernels) {
  int64_t depth = max64(kernels->depth, FEW_DEPTH), turned = TILE_ROWS_MAX * TURNED_DEPTH;
  return max64((BLOCK_COLS + STRIP) * depth, turned);
}

/* Laying out. */

Factor factor_at(Factor b, int64_t row, int64_t col) {
  int64_t at = b.turned ? col * b.ld + row : row * b.ld + col;
  b.data = (const char *)b.data + at * (int64_t)dtype_size(b.dtype);
  return b;
}

/* Whether stored elements along k are words already, at addresses of words. */
static bool stored_as_words(const Factor *b, int64_t k) {
  if (!b->bf16) return b->dtype == DTYPE_F32;
  bool even = k % 2 == 0 && b->ld % 2 == 0 && (uintptr_t)b->data % sizeof(float) == 0;
  return b->dtype == DTYPE_BF16 && even;
}

static int64_t ld_words(const Factor *b) {
  return b->bf16 ? b->ld / 2 : b->ld;
}

/* n stored elements of row `row` of what is stored, from `col` on, as words. */
static void convert(const Kernels *kernels, void *to, const Factor *b, int64_t row, int64_t col,
                    int64_t n) {
  const char *from = (const char *)b->data + (row * b->ld + col) * (int64_t)dtype_size(b->dtype);
  if (!b->bf16) {
    kernels->widen(to, from, b->dtype, n);
  } else if (b->dtype == DTYPE_F32) {
    kernels->round_bf16(to, (const float *)(const void *)from, n);
  } else {
    assert(b->dtype == DTYPE_BF16);
    memcpy(to, from, (size_t)n * sizeof(uint16_t));
    if (n % 2) ((uint16_t *)to)[n] = 0;
  }
}

/* A strip of `cols` columns that are stored as rows; `part` [STRIP, words] is scratch. */
static void lay_turned(const Kernels *kernels, float *strip, float *part, const Factor *b,
                       int64_t cols, int64_t k, int64_t ahead) {
  int64_t words = block_words(b->bf16, k);
  if (stored_as_words(b, k)) {
    kernels->transpose(strip, STRIP, b->data, ld_words(b), cols, words, ahead);
    return;
  }
  for (int64_t j = 0; j < cols; j++) convert(kernels, part + j * words, b, j, 0, k);
  kernels->transpose(strip, STRIP, part, words, cols, words, 0);
}

/* Two rows of bf16 become one of pairs. */
static void interleave(float *to, const uint16_t *even, const uint16_t *odd) {
  for (int j = 0; j < STRIP; j++) {
    uint32_t pair = even[j] | (uint32_t)odd[j] << 16;
    memcpy(to + j, &pair, sizeof pair);
  }
}

static void lay_pairs(const Kernels *kernels, float *strip, const Factor *b, int64_t cols,
                      int64_t k) {
  uint16_t pair[2][STRIP + 1] = {{0}};
  for (int64_t p = 0; p < k; p += 2, strip += STRIP) {
    convert(kernels, pair[0], b, p, 0, cols);
    if (p + 1 < k) {
      convert(kernels, pair[1], b, p + 1, 0, cols);
    } else {
      memset(pair[1], 0, sizeof pair[1]);
    }
    interleave(strip, pair[0], pair[1]);
  }
}

/* A strip of columns that are stored as columns. */
static void lay_straight(const Kernels *kernels, float *strip, const Factor *b, int64_t cols,
                         int64_t k) {
  if (b->bf16) {
    lay_pairs(kernels, strip, b, cols, k);
    return;
  }
  for (int64_t p = 0; p < k; p++, strip += STRIP) {
    if (b->dtype == DTYPE_F32 && cols == STRIP) {
      memcpy(strip, (const float *)b->data + p * b->ld, STRIP * sizeof *strip);
      continue;
    }
    convert(kernels, strip, b, p, 0, cols);
    memset(strip + cols, 0, (size_t)(STRIP - cols) * sizeof *strip);
  }
}

/* The piece [at, at + k) of columns [col, col + cols), strip after strip; what stands `ahead` words
 * behind is fetched meanwhile where it is stored as words. */
static void lay_piece(const Kernels *kernels, float *strips, float *part, const Factor *b,
                      int64_t col, int64_t cols, int64_t at, int64_t k, int64_t ahead) {
  int64_t words = block_words(b->bf16, k);
  for (int64_t j = 0; j < cols; j += STRIP, strips += words * STRIP) {
    Factor from = factor_at(*b, at, col + j);
    int64_t count = min64(STRIP, cols - j);
    if (b->turned) {
      lay_turned(kernels, strips, part, &from, count, k, ahead);
    } else {
      lay_straight(kernels, strips, &from, count, k);
    }
  }
}

/* Multiplying. */

typedef void TileRun(const Tile *t, int rows, int strips);

static TileRun *tile_of(const Kernels *kernels, bool bf16) {
  assert(!bf16 || kernels->tile_bf16);
  return bf16 ? kernels->tile_bf16 : kernels->tile;
}

/* A tile whose last strip has columns behind the result's: through a copy. */
static void run_edge(TileRun *run, const Tile *t, int rows, int strips, int64_t cols) {
  _Alignas(64) float copy[TILE_ROWS_MAX][BLOCK_COLS], start[BLOCK_COLS] = {0};
  float *out[TILE_ROWS_MAX];
  for (int r = 0; r < rows; r++) {
    out[r] = copy[r];
    memset(copy[r] + cols, 0, (size_t)(strips * STRIP - cols) * sizeof(float));
    if (t->add) memcpy(copy[r], t->out[r], (size_t)cols * sizeof(float));
  }
  Tile part = *t;
  part.out = out;
  if (t->start) {
    memcpy(start, t->start, (size_t)cols * sizeof(float));
    part.start = start;
  }
  run(&part, rows, strips);
  for (int r = 0; r < rows; r++) memcpy(t->out[r], copy[r], (size_t)cols * sizeof(float));
}

/* All rows, from word `at` on, times the strips of columns [col, col + cols), at most STRIPS_MAX.
 */
static void multiply_strips(const Kernels *kernels, TileRun *run, const BlockRows *rows,
                            const Laid *b, int64_t at, int64_t col, int64_t cols, bool add) {
  const float *a[TILE_ROWS_MAX];
  float *out[TILE_ROWS_MAX];
  const float *start = !add && rows->start ? rows->start + col : NULL;
  Tile t = {a, b->b, b->b_row, b->b_strip, b->k, out, add, start, 0};
  int strips = (int)ceil_div(cols, STRIP);
  for (int64_t row = 0; row < rows->m; row += kernels->rows) {
    int count = (int)min64(kernels->rows, rows->m - row);
    for (int r = 0; r < count; r++) {
      int64_t i = row + r;
      a[r] = rows->a + (rows->a_row ? rows->a_row[i] : i) * rows->lda + at;
      out[r] = rows->out + (rows->out_row ? rows->out_row[i] : i) * rows->ld + col;
    }
    if (cols == strips * STRIP) {
      run(&t, count, strips);
    } else {
      run_edge(run, &t, count, strips, cols);
    }
  }
}

/* A tile takes all strips of its rows, as many as fit the registers at a time: these rows stay in
 * the first cache meanwhile, and the strips in the second. */
static void multiply_laid(const Kernels *kernels, TileRun *run, const BlockRows *rows,
                          const Laid *b, int64_t at, int64_t col, int64_t cols, bool add) {
  Laid strips = *b;
  for (int64_t j = 0; j < cols; j += BLOCK_COLS) {
    multiply_strips(kernels, run, rows, &strips, at, col + j, min64(BLOCK_COLS, cols - j), add);
    strips.b += STRIPS_MAX * b->b_strip;
  }
}

void block_multiply_laid(const Kernels *kernels, const BlockRows *rows, const Laid *b, int64_t n,
                         bool add) {
  multiply_laid(kernels, kernels->tile, rows, b, 0, 0, n, add);
}

/* The columns [col, col + cols), at most BLOCK_COLS; for few rows at most STRIP, and what is laid
 * out next is fetched meanwhile: the next piece of them, or the first one of the next strip. */
static void multiply_columns(const Kernels *kernels, const BlockRows *rows, const Factor *b,
                             int64_t col, int64_t cols, int64_t k, bool add, float *scratch) {
  bool few = rows->m <= FEW_ROWS;
  int64_t words = few ? FEW_DEPTH : kernels->depth, depth = words * (b->bf16 ? 2 : 1);
  for (int64_t at = 0; at == 0 || at < k; at += depth) {
    int64_t piece = min64(depth, k - at);
    int64_t next = at + depth < k ? words : STRIP * ld_words(b) - block_words(b->bf16, at);
    lay_piece(kernels, scratch, scratch + BLOCK_COLS * words, b, col, cols, at, piece,
              few ? next : 0);
    Laid laid = laid_strips(scratch, block_words(b->bf16, piece));
    multiply_laid(kernels, tile_of(kernels, b->bf16), rows, &laid, block_words(b->bf16, at), col,
                  cols, add || at > 0);
  }
}

void block_multiply(const Kernels *kernels, const BlockRows *rows, const Factor *b, int64_t n,
                    int64_t k, bool add, float *scratch) {
  int64_t together = rows->m <= FEW_ROWS ? STRIP : BLOCK_COLS;
  for (int64_t col = 0; col < n; col += together)
    multiply_columns(kernels, rows, b, col, min64(together, n - col), k, add, scratch);
}

/* Turned. */

void block_turn(const Kernels *kernels, float *strips, const float *a, int64_t lda, int64_t m,
                int64_t words) {
  for (int64_t row = 0; row < m; row += STRIP, strips += words * STRIP)
    kernels->transpose(strips, STRIP, a + row * lda, lda, min64(STRIP, m - row), words, 0);
}

/* sum [columns, TURNED_ROWS] <- rows [row, m) of out, or back. */
static void take_columns(float sum[][TURNED_ROWS], int64_t row, int64_t m, const float *out,
                         int64_t ld, int64_t columns) {
  for (int64_t i = row; i < m; i++)
    for (int64_t r = 0; r < columns; r++) sum[r][i] = out[i * ld + r];
}

static void put_columns(float sum[][TURNED_ROWS], int64_t row, int64_t m, float *out, int64_t ld,
                        int64_t columns) {
  for (int64_t i = row; i < m; i++)
    for (int64_t r = 0; r < columns; r++) out[i * ld + r] = sum[r][i];
}

/* Some rows of the weight, which are columns of the result, times the turned rows. */
typedef struct TurnedColumns {
  const Factor *b;
  int64_t col, count;
  int64_t rows; /* of the weight that a tile takes; those behind `count` are the last again */
} TurnedColumns;

/* Words of [at, at + k) of the weight's rows, as they lie or converted. */
static void weight_rows(const Kernels *kernels, const TurnedColumns *w, int64_t at, int64_t k,
                        float *scratch, const float **a) {
  const Factor *b = w->b;
  for (int64_t r = 0; r < w->rows; r++) {
    int64_t row = w->col + min64(r, w->count - 1);
    if (stored_as_words(b, k)) {
      a[r] = (const float *)b->data + row * ld_words(b) + block_words(b->bf16, at);
    } else {
      a[r] = scratch + r * TURNED_DEPTH;
      convert(kernels, scratch + r * TURNED_DEPTH, b, row, at, k);
    }
  }
}

/* Rows [row, end) of a turned product that are run together: whole strips, or if `half` the first
 * half of one. */
typedef struct TurnedRows {
  const TurnedProduct *p;
  int64_t row, end;
  bool half;
} TurnedRows;

static void run_turned(const Kernels *kernels, const TurnedRows *rows, const TurnedColumns *w,
                       float sum[][TURNED_ROWS], float *scratch) {
  const TurnedProduct *p = rows->p;
  const Factor *b = p->b;
  const float *a[TILE_ROWS_MAX];
  float *out[TILE_ROWS_MAX];
  for (int64_t r = 0; r < w->rows; r++) out[r] = sum[r] + rows->row;
  bool there = stored_as_words(b, p->k);
  int64_t words = block_words(b->bf16, p->k), depth = TURNED_DEPTH * (b->bf16 ? 2 : 1);
  if (there) depth = max64(p->k, 1);
  for (int64_t at = 0; at == 0 || at < p->k; at += depth) {
    int64_t piece = min64(depth, p->k - at);
    weight_rows(kernels, w, at, piece, scratch, a);
    Tile t = {.a = a,
              .b = p->strips + rows->row * words + block_words(b->bf16, at) * STRIP,
              .b_row = STRIP,
              .b_strip = words * STRIP,
              .k = block_words(b->bf16, piece),
              .out = out,
              .add = p->add || at > 0,
              .ahead = there ? w->rows * ld_words(b) : 0};
    if (rows->half) {
      kernels->tile_half(&t);
    } else {
      tile_of(kernels, b->bf16)(&t, (int)w->rows, (int)ceil_div(rows->end - rows->row, STRIP));
    }
  }
}

/* These rows of the result, all columns. */
static void multiply_turned(const Kernels *kernels, const TurnedRows *rows, float *scratch) {
  const TurnedProduct *p = rows->p;
  _Alignas(64) float sum[TILE_ROWS_MAX][TURNED_ROWS];
  if (p->add) memset(sum, 0, sizeof sum); /* columns behind m are read, too */
  int64_t together = rows->half ? kernels->half_rows : kernels->lone_rows;
  for (int64_t col = 0; col < p->n; col += together) {
    TurnedColumns w = {p->b, col, min64(together, p->n - col), together};
    if (p->add) take_columns(sum, rows->row, rows->end, p->out + col, p->ld, w.count);
    run_turned(kernels, rows, &w, sum, scratch);
    put_columns(sum, rows->row, rows->end, p->out + col, p->ld, w.count);
  }
}

void block_multiply_turned(const Kernels *kernels, const TurnedProduct *p, float *scratch) {
  assert(p->b->turned && p->m <= TURNED_ROWS);
  bool half = !p->b->bf16 && p->m % STRIP > 0 && p->m % STRIP <= STRIP / 2;
  int64_t whole = half ? p->m / STRIP * STRIP : p->m;
  if (whole > 0) multiply_turned(kernels, &(TurnedRows){p, 0, whole, false}, scratch);
  if (whole < p->m) multiply_turned(kernels, &(TurnedRows){p, whole, p->m, true}, scratch);
}
