#include "autograd/panel.h"

#include <assert.h>
#include <string.h>

#include "autograd/extremum.h"
#include "autograd/panel_kernels.h"
#include "autograd/vmath.h"

PanelKernel panel_kernel(void) {
  return panel_avx512_has(false) ? PANEL_AVX512 : PANEL_PORTABLE;
}

bool panel_has_bf16(void) {
  return panel_avx512_has(true);
}

Status panel_require(Precision precision, const char *key, Error *err) {
  if (precision == PRECISION_F32 || panel_has_bf16()) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: bf16 needs a processor with AVX-512 BF16, which this one is not; use f32",
                   key);
}

void panel_round(uint16_t *to, const float *from, int64_t k) {
  panel_avx512_round(to, from, k);
}

/* Packing. */

/* Zeros behind the last column, in its vector of lanes. */
static void clear_behind(void *row, int64_t cols) {
  for (int64_t j = cols; j % PANEL_LANES; j++) ((float *)row)[j] = 0;
}

/* The rows of w [cols, words] become the columns of the panel. */
static void transpose(PanelKernel kernel, uint32_t *panel, const uint32_t *w, int64_t ld,
                      int64_t cols, int64_t words) {
  int64_t block = kernel == PANEL_PORTABLE ? 0 : PANEL_LANES;
  int64_t block_cols = block ? cols / block * block : 0,
          block_words = block ? words / block * block : 0;
  for (int64_t j = 0; j < block_cols; j += block)
    for (int64_t p = 0; p < block_words; p += block)
      panel_avx512_transpose(panel + p * PANEL_COLS + j, w + j * ld + p, ld);
  for (int64_t p = 0; p < words; p++) {
    uint32_t *to = panel + p * PANEL_COLS;
    for (int64_t j = p < block_words ? block_cols : 0; j < cols; j++)
      memcpy(to + j, w + j * ld + p, sizeof *to);
    clear_behind(to, cols);
  }
}

static const char *element(PanelSource w, int64_t row, int64_t col) {
  return (const char *)w.data + (size_t)(row * w.ld + col) * dtype_size(w.dtype);
}

/* Whether the stored elements are words already. */
static bool stored_as_words(PanelKernel kernel, PanelSource w, int64_t k) {
  if (kernel != PANEL_AVX512_BF16) return w.dtype == DTYPE_F32;
  return w.dtype == DTYPE_BF16 && k % 2 == 0 && w.ld % 2 == 0;
}

/* n elements of a row, as they are in words. */
static void convert(PanelKernel kernel, void *to, PanelSource w, int64_t row, int64_t col,
                    int64_t n) {
  const char *from = element(w, row, col);
  if (kernel != PANEL_AVX512_BF16) {
    dtype_widen(to, from, w.dtype, (size_t)n);
  } else if (w.dtype == DTYPE_F32) {
    panel_round(to, (const float *)(const void *)from, n);
  } else {
    assert(w.dtype == DTYPE_BF16);
    memcpy(to, from, (size_t)n * sizeof(uint16_t));
    if (n % 2) ((uint16_t *)to)[n] = 0;
  }
}

void panel_pack_nt(PanelKernel kernel, void *panel, void *part, PanelSource w, int64_t cols,
                   int64_t k) {
  int64_t words = panel_words(kernel, k);
  if (stored_as_words(kernel, w, k)) {
    transpose(kernel, panel, w.data, kernel == PANEL_AVX512_BF16 ? w.ld / 2 : w.ld, cols, words);
    return;
  }
  for (int64_t j = 0; j < cols; j++) convert(kernel, (uint32_t *)part + j * words, w, j, 0, k);
  transpose(kernel, panel, part, words, cols, words);
}

/* Two rows of bf16 become one of pairs. */
static void interleave(uint32_t *to, const uint16_t *even, const uint16_t *odd) {
#pragma omp simd
  for (int64_t j = 0; j < PANEL_COLS; j++) to[j] = even[j] | (uint32_t)odd[j] << 16;
}

void panel_pack_nn(PanelKernel kernel, void *panel, PanelSource w, int64_t cols, int64_t k) {
  if (kernel != PANEL_AVX512_BF16) {
    for (int64_t p = 0; p < k; p++) {
      float *to = (float *)panel + p * PANEL_COLS;
      convert(kernel, to, w, p, 0, cols);
      clear_behind(to, cols);
    }
    return;
  }
  uint16_t pair[2][PANEL_COLS + 1] = {{0}};
  for (int64_t p = 0; p < k; p += 2) {
    convert(kernel, pair[0], w, p, 0, cols);
    if (p + 1 < k) {
      convert(kernel, pair[1], w, p + 1, 0, cols);
    } else {
      memset(pair[1], 0, sizeof pair[1]);
    }
    interleave((uint32_t *)panel + p / 2 * PANEL_COLS, pair[0], pair[1]);
  }
}

/* Multiplying. */

static void sum_portable(const uint32_t *const a[PANEL_ROWS], int64_t words, const float *panel,
                         int64_t cols, float sum[PANEL_ROWS][PANEL_COLS]) {
  memset(sum, 0, PANEL_ROWS * sizeof *sum);
  for (int64_t p = 0; p < words; p++, panel += PANEL_COLS) {
    for (int r = 0; r < PANEL_ROWS; r++) {
      float x;
      memcpy(&x, a[r] + p, sizeof x);
#pragma omp simd
      for (int64_t j = 0; j < cols; j++) sum[r][j] += x * panel[j];
    }
  }
}

/* out [n] = alpha * sum + beta * out; inlined, so that a whole panel has a loop of its own. */
static inline void store(const float *restrict sum, int64_t n, float alpha, float beta,
                         float *restrict out) {
  if (beta == 0) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++) out[j] = alpha * sum[j];
  } else {
#pragma omp simd
    for (int64_t j = 0; j < n; j++) out[j] = vmath_fma(alpha, sum[j], beta * out[j]);
  }
}

static void store_row(const float *sum, int64_t cols, float alpha, float beta, float *out) {
  if (cols == PANEL_COLS) {
    store(sum, PANEL_COLS, alpha, beta, out);
  } else {
    store(sum, cols, alpha, beta, out);
  }
}

static void sum_rows(PanelKernel kernel, const uint32_t *const a[PANEL_ROWS], int64_t count,
                     int64_t words, const void *panel, int64_t cols,
                     float sum[PANEL_ROWS][PANEL_COLS]) {
  if (kernel == PANEL_PORTABLE) {
    sum_portable(a, words, panel, cols, sum);
  } else {
    int64_t vectors = (cols + PANEL_LANES - 1) / PANEL_LANES;
    panel_avx512_sums(kernel == PANEL_AVX512_BF16, count, vectors)(a, words, panel, sum);
  }
}

void panel_multiply(PanelKernel kernel, const PanelRows *rows, int64_t m, int64_t words,
                    const void *panel, int64_t cols, float alpha, float beta) {
  _Alignas(64) float sum[PANEL_ROWS][PANEL_COLS];
  for (int64_t row = 0; row < m; row += PANEL_ROWS) {
    const uint32_t *from[PANEL_ROWS]; /* beyond m the last row again */
    int64_t count = min64(PANEL_ROWS, m - row);
    for (int64_t r = 0; r < PANEL_ROWS; r++) {
      int64_t i = row + min64(r, count - 1);
      from[r] = (const uint32_t *)rows->a + (rows->a_row ? rows->a_row[i] : i) * rows->lda;
    }
    sum_rows(kernel, from, count, words, panel, cols, sum);
    for (int64_t r = 0; r < count; r++) {
      int64_t to = rows->out_row ? rows->out_row[row + r] : row + r;
      store_row(sum[r], cols, alpha, beta, rows->out + to * rows->ld);
    }
  }
}
