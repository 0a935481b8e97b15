#include "autograd/panel.h"

#include <assert.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* One target for both precisions, so that they share their loops. Only what names bf16 is compiled
 * to its instructions. */
#define PANEL_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define PANEL_INLINE PANEL_TARGET __attribute__((always_inline)) static inline

bool panel_available(Precision precision) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") &&
         (precision == PRECISION_F32 || __builtin_cpu_supports("avx512bf16"));
}

enum {
  LANES = 16,
  VECTORS = PANEL_COLS / LANES,
  ROWS = PANEL_ROWS, /* ROWS * VECTORS sums, a panel's VECTORS and a broadcast fit 32 registers */
};

/* The first n lanes; all of them from LANES on, none below 1. */
static __mmask16 first_lanes(int64_t n) {
  unsigned lanes = n >= LANES ? 0xffff : n > 0 ? (1U << n) - 1 : 0;
  return (__mmask16)lanes;
}

PANEL_TARGET void panel_round(uint16_t *to, const float *from, int64_t k) {
  int64_t i = 0;
  for (; i + LANES <= k; i += LANES)
    _mm256_storeu_si256((__m256i *)(to + i),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i)));
  if (i < k) {
    __mmask16 rest = first_lanes(k - i);
    __m256i last = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + i));
    _mm256_mask_storeu_epi16(to + i, rest, last);
  }
  if (k % 2) to[k] = 0;
}

/* Packing. */

/* LANES rows of LANES words become columns; `stride` words from row to row. */
PANEL_TARGET static void transpose_block(uint32_t *to, const uint32_t *from, int64_t stride) {
  __m512i r[LANES], t[LANES];
  for (int i = 0; i < LANES; i++) r[i] = _mm512_loadu_si512(from + i * stride);
  for (int i = 0; i < LANES; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < LANES; i += 4) {
    for (int h = 0; h < 2; h++) {
      r[i + 2 * h] = _mm512_unpacklo_epi64(t[i + h], t[i + h + 2]);
      r[i + 2 * h + 1] = _mm512_unpackhi_epi64(t[i + h], t[i + h + 2]);
    }
  }
  /* r[4 g + c] holds, in its quarter q, rows 4 g .. 4 g + 3 of column 4 q + c. */
  for (int c = 0; c < 4; c++) {
    __m512i low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x44);
    __m512i high = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xee);
    __m512i low2 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x44);
    __m512i high2 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xee);
    t[c] = _mm512_shuffle_i32x4(low, low2, 0x88);
    t[4 + c] = _mm512_shuffle_i32x4(low, low2, 0xdd);
    t[8 + c] = _mm512_shuffle_i32x4(high, high2, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(high, high2, 0xdd);
  }
  for (int p = 0; p < LANES; p++) _mm512_storeu_si512(to + p * PANEL_COLS, t[p]);
}

/* The rows of w [cols, words] become the columns of the panel. */
static void transpose(uint32_t *panel, const uint32_t *w, int64_t ld, int64_t cols, int64_t words) {
  int64_t whole_cols = cols / LANES * LANES, whole = words / LANES * LANES;
  for (int64_t j = 0; j < whole_cols; j += LANES)
    for (int64_t p = 0; p < whole; p += LANES)
      transpose_block(panel + p * PANEL_COLS + j, w + j * ld + p, ld);
  for (int64_t p = 0; p < words; p++) {
    uint32_t *to = panel + p * PANEL_COLS;
    for (int64_t j = p < whole ? whole_cols : 0; j < cols; j++)
      memcpy(to + j, w + j * ld + p, sizeof *to);
    memset(to + cols, 0, (size_t)(PANEL_COLS - cols) * sizeof *to);
  }
}

static const char *element(PanelSource w, int64_t row, int64_t col) {
  return (const char *)w.data + (size_t)(row * w.ld + col) * dtype_size(w.dtype);
}

/* Whether the stored elements are words already. */
static bool stored_as_words(Precision precision, PanelSource w, int64_t k) {
  if (precision == PRECISION_F32) return w.dtype == DTYPE_F32;
  return w.dtype == DTYPE_BF16 && k % 2 == 0 && w.ld % 2 == 0;
}

/* n elements of a row, as they are in a word. */
static void convert(Precision precision, void *to, PanelSource w, int64_t row, int64_t col,
                    int64_t n) {
  const char *from = element(w, row, col);
  if (precision == PRECISION_F32) {
    dtype_widen(to, from, w.dtype, (size_t)n);
  } else if (w.dtype == DTYPE_F32) {
    panel_round(to, (const float *)(const void *)from, n);
  } else {
    assert(w.dtype == DTYPE_BF16);
    memcpy(to, from, (size_t)n * sizeof(uint16_t));
    if (n % 2) ((uint16_t *)to)[n] = 0;
  }
}

void panel_pack_nt(Precision precision, void *panel, void *part, PanelSource w, int64_t cols,
                   int64_t k) {
  int64_t words = panel_words(precision, k);
  if (stored_as_words(precision, w, k)) {
    transpose(panel, w.data, precision == PRECISION_BF16 ? w.ld / 2 : w.ld, cols, words);
    return;
  }
  for (int64_t j = 0; j < cols; j++) convert(precision, (uint32_t *)part + j * words, w, j, 0, k);
  transpose(panel, part, words, cols, words);
}

/* Two rows of PANEL_COLS bf16 become one of pairs. */
PANEL_TARGET static void interleave(uint32_t *to, const uint16_t *even, const uint16_t *odd) {
  for (int64_t j = 0; j < PANEL_COLS; j += LANES) {
    __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(even + j)));
    __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(odd + j)));
    _mm512_storeu_si512(to + j, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

void panel_pack_nn(Precision precision, void *panel, PanelSource w, int64_t cols, int64_t k) {
  if (precision == PRECISION_F32) {
    for (int64_t p = 0; p < k; p++) {
      float *to = (float *)panel + p * PANEL_COLS;
      convert(precision, to, w, p, 0, cols);
      memset(to + cols, 0, (size_t)(PANEL_COLS - cols) * sizeof *to);
    }
    return;
  }
  uint16_t pair[2][PANEL_COLS + 1] = {{0}};
  for (int64_t p = 0; p < k; p += 2) {
    convert(precision, pair[0], w, p, 0, cols);
    if (p + 1 < k) {
      convert(precision, pair[1], w, p + 1, 0, cols);
    } else {
      memset(pair[1], 0, sizeof pair[1]);
    }
    interleave((uint32_t *)panel + p / 2 * PANEL_COLS, pair[0], pair[1]);
  }
}

/* Multiplying. */

PANEL_INLINE __m512 multiply_add(bool bf16, __m512 sum, __m512i x, __m512i b) {
  if (bf16) return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)b);
  return _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(b), sum);
}

/* The sums of ROWS rows of a in the first `vectors` vectors of the panel's columns. */
PANEL_INLINE void sum_rows(bool bf16, int vectors, const uint32_t *const a[ROWS], int64_t words,
                           const uint32_t *panel, __m512 out[ROWS][VECTORS]) {
  __m512 sum[ROWS][VECTORS];
#pragma GCC unroll 6
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_ps();
  for (int64_t p = 0; p < words; p++) {
    __m512i b[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) b[v] = _mm512_loadu_si512(panel + p * PANEL_COLS + v * LANES);
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) {
      int32_t word;
      memcpy(&word, a[r] + p, sizeof word);
      __m512i x = _mm512_set1_epi32(word);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(bf16, sum[r][v], x, b[v]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) out[r][v] = sum[r][v];
}

PANEL_TARGET static void store_row(const __m512 sum[VECTORS], int64_t cols, float alpha, float beta,
                                   float *out) {
  for (int v = 0; v < VECTORS && v * LANES < cols; v++) {
    int64_t left = cols - v * LANES;
    __mmask16 mask = first_lanes(left);
    __m512 y = _mm512_mul_ps(sum[v], _mm512_set1_ps(alpha));
    if (beta != 0) {
      __m512 old = _mm512_maskz_loadu_ps(mask, out + v * LANES);
      y = _mm512_fmadd_ps(old, _mm512_set1_ps(beta), y);
    }
    _mm512_mask_storeu_ps(out + v * LANES, mask, y);
  }
}

typedef void SumRows(const uint32_t *const a[ROWS], int64_t words, const uint32_t *panel,
                     __m512 sum[ROWS][VECTORS]);

#define SUM_ROWS(name, bf16, vectors)                                                            \
  PANEL_TARGET static void name(const uint32_t *const a[ROWS], int64_t words, const uint32_t *b, \
                                __m512 sum[ROWS][VECTORS]) {                                     \
    sum_rows(bf16, vectors, a, words, b, sum);                                                   \
  }
SUM_ROWS(sum_f32_1, false, 1)
SUM_ROWS(sum_f32_2, false, 2)
SUM_ROWS(sum_f32_3, false, 3)
SUM_ROWS(sum_f32_4, false, 4)
SUM_ROWS(sum_bf16_1, true, 1)
SUM_ROWS(sum_bf16_2, true, 2)
SUM_ROWS(sum_bf16_3, true, 3)
SUM_ROWS(sum_bf16_4, true, 4)

static SumRows *const SUMS[2][VECTORS] = {{sum_f32_1, sum_f32_2, sum_f32_3, sum_f32_4},
                                          {sum_bf16_1, sum_bf16_2, sum_bf16_3, sum_bf16_4}};

PANEL_TARGET void panel_multiply(Precision precision, const void *a, int64_t lda, int64_t m,
                                 int64_t words, const void *panel, int64_t cols, float alpha,
                                 float beta, float *out, int64_t ld) {
  SumRows *sum_of = SUMS[precision == PRECISION_BF16][(cols - 1) / LANES];
  for (int64_t row = 0; row < m; row += ROWS) {
    const uint32_t *from[ROWS]; /* beyond m the last row again */
    __m512 sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
      from[r] = (const uint32_t *)a + (row + r < m ? row + r : m - 1) * lda;
    sum_of(from, words, panel, sum);
    for (int r = 0; r < ROWS && row + r < m; r++)
      store_row(sum[r], cols, alpha, beta, out + (row + r) * ld);
  }
}

#else /* panel_available says so, and nothing else is called */

bool panel_available(Precision precision) {
  (void)precision;
  return false;
}
void panel_round(uint16_t *to, const float *from, int64_t k) {
  (void)to, (void)from, (void)k;
  assert(!"this processor cannot");
}
void panel_pack_nt(Precision precision, void *panel, void *part, PanelSource w, int64_t cols,
                   int64_t k) {
  (void)precision, (void)panel, (void)part, (void)w, (void)cols, (void)k;
  assert(!"this processor cannot");
}
void panel_pack_nn(Precision precision, void *panel, PanelSource w, int64_t cols, int64_t k) {
  (void)precision, (void)panel, (void)w, (void)cols, (void)k;
  assert(!"this processor cannot");
}
void panel_multiply(Precision precision, const void *a, int64_t lda, int64_t m, int64_t words,
                    const void *panel, int64_t cols, float alpha, float beta, float *out,
                    int64_t ld) {
  (void)precision, (void)a, (void)lda, (void)m, (void)words, (void)panel, (void)cols;
  (void)alpha, (void)beta, (void)out, (void)ld;
  assert(!"this processor cannot");
}

#endif

Status panel_require(Precision precision, const char *key, Error *err) {
  if (precision == PRECISION_F32 || panel_available(precision)) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: bf16 needs a processor with AVX-512 BF16, which this one is not; use f32",
                   key);
}
