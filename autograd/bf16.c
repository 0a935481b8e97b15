#include "autograd/bf16.h"

#include <assert.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define BF16_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

bool bf16_available(void) {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bf16");
}

enum {
  LANES = 16,
  VECTORS = BF16_COLS / LANES,
  ROWS = 6, /* ROWS * VECTORS sums, a panel's VECTORS and a broadcast fit the 32 registers */
};

/* The first n lanes; all of them from LANES on, none below 1. */
static __mmask16 first_lanes(int64_t n) {
  unsigned lanes = n >= LANES ? 0xffff : n > 0 ? (1U << n) - 1 : 0;
  return (__mmask16)lanes;
}

BF16_TARGET void bf16_round(uint16_t *to, const float *from, int64_t k) {
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

/* Rows of pairs of `w` become columns: a transposition of 32-bit elements, 16 x 16 at a time. */
static void transpose_pairs(uint32_t *panel, const uint16_t *w, int64_t rows, int64_t k) {
  for (int64_t j = 0; j < rows; j++) {
    const uint16_t *row = w + j * k;
    for (int64_t p = 0; p < k / 2; p++) memcpy(panel + p * BF16_COLS + j, row + 2 * p, 4);
    if (k % 2) panel[k / 2 * BF16_COLS + j] = row[k - 1];
  }
}

BF16_TARGET static void transpose_block(uint32_t *to, const uint16_t *from, int64_t stride) {
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
  for (int p = 0; p < LANES; p++) _mm512_storeu_si512(to + p * BF16_COLS, t[p]);
}

BF16_TARGET void bf16_panel_nt(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k,
                               int64_t col) {
  uint32_t *to = (uint32_t *)(void *)panel;
  int64_t rows = n - col < BF16_COLS ? n - col : BF16_COLS, block = 2 * LANES;
  w += col * k;
  if (rows < BF16_COLS) {
    memset(panel, 0, (size_t)(bf16_depth(k) * BF16_COLS) * sizeof *panel);
    transpose_pairs(to, w, rows, k);
    return;
  }
  int64_t whole = k / block * block;
  for (int64_t at = 0; at < whole; at += block)
    for (int64_t j = 0; j < BF16_COLS; j += LANES)
      transpose_block(to + at / 2 * BF16_COLS + j, w + j * k + at, k);
  for (int64_t j = 0; whole < k && j < BF16_COLS; j++) {
    for (int64_t at = whole; at < k; at += 2) {
      uint32_t pair = w[j * k + at];
      if (at + 1 < k) pair |= (uint32_t)w[j * k + at + 1] << 16;
      to[at / 2 * BF16_COLS + j] = pair;
    }
  }
}

BF16_TARGET void bf16_panel_nn(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k,
                               int64_t col) {
  uint32_t *to = (uint32_t *)(void *)panel;
  for (int64_t p = 0; p < k; p += 2, to += BF16_COLS) {
    for (int64_t j = 0; j < BF16_COLS; j += LANES) {
      int64_t left = n - col - j;
      __mmask16 mask = first_lanes(left);
      __mmask16 second = p + 1 < k ? mask : 0;
      const uint16_t *row = w + p * n + col + j;
      __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, row));
      __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(second, row + n));
      _mm512_storeu_si512(to + j, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
}

/* The sums of ROWS rows of a; rows beyond m read the last one again. */
BF16_TARGET static inline void sum_rows(const uint16_t *const a[ROWS], int64_t pairs,
                                        const uint16_t *panel, __m512 sum[ROWS][VECTORS]) {
#pragma GCC unroll 6
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) sum[r][v] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; p++) {
    __m512bh b[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++)
      b[v] = (__m512bh)_mm512_loadu_si512(panel + (p * BF16_COLS + v * LANES) * 2);
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) {
      int32_t pair;
      memcpy(&pair, a[r] + 2 * p, sizeof pair);
      __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], x, b[v]);
    }
  }
}

BF16_TARGET static void store_row(const __m512 sum[VECTORS], int64_t cols, float alpha, float beta,
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

BF16_TARGET void bf16_multiply(const uint16_t *a, int64_t m, int64_t k, const uint16_t *panel,
                               int64_t cols, float alpha, float beta, float *out, int64_t ld) {
  int64_t depth = bf16_depth(k);
  for (int64_t row = 0; row < m; row += ROWS) {
    const uint16_t *from[ROWS];
    __m512 sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++) from[r] = a + (row + r < m ? row + r : m - 1) * depth;
    sum_rows(from, depth / 2, panel, sum);
    for (int r = 0; r < ROWS && row + r < m; r++)
      store_row(sum[r], cols, alpha, beta, out + (row + r) * ld);
  }
}

#else /* bf16_available says so, and nothing else is called */

bool bf16_available(void) {
  return false;
}
void bf16_round(uint16_t *to, const float *from, int64_t k) {
  (void)to, (void)from, (void)k;
  assert(!"this processor cannot");
}
void bf16_panel_nt(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k, int64_t col) {
  (void)panel, (void)w, (void)n, (void)k, (void)col;
  assert(!"this processor cannot");
}
void bf16_panel_nn(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k, int64_t col) {
  (void)panel, (void)w, (void)n, (void)k, (void)col;
  assert(!"this processor cannot");
}
void bf16_multiply(const uint16_t *a, int64_t m, int64_t k, const uint16_t *panel, int64_t cols,
                   float alpha, float beta, float *out, int64_t ld) {
  (void)a, (void)m, (void)k, (void)panel, (void)cols, (void)alpha, (void)beta, (void)out, (void)ld;
  assert(!"this processor cannot");
}

#endif

Status bf16_require(const char *key, Error *err) {
  if (bf16_available()) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: bf16 needs a processor with AVX-512 BF16, which this one is not; use f32",
                   key);
}
