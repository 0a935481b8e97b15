#include <assert.h>
#include <string.h>

#include "autograd/panel_kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* One target for both precisions, so that they share their loops; instructions for bf16 come of
 * nothing but its intrinsics. */
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

enum { LANES = PANEL_LANES, VECTORS = PANEL_VECTORS, ROWS = PANEL_ROWS };

bool panel_avx512_has(bool bf16) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && (!bf16 || __builtin_cpu_supports("avx512bf16"));
}

TARGET void panel_avx512_round(uint16_t *to, const float *from, int64_t k) {
  int64_t i = 0;
  for (; i + LANES <= k; i += LANES)
    _mm256_storeu_si256((__m256i *)(to + i),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i)));
  if (i < k) {
    __mmask16 rest = (__mmask16)((1U << (k - i)) - 1);
    __m256i last = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + i));
    _mm256_mask_storeu_epi16(to + i, rest, last);
  }
  if (k % 2) to[k] = 0;
}

TARGET void panel_avx512_transpose(uint32_t *panel, const uint32_t *rows, int64_t stride) {
  __m512i r[LANES], t[LANES];
  for (int i = 0; i < LANES; i++) r[i] = _mm512_loadu_si512(rows + i * stride);
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
  for (int p = 0; p < LANES; p++) _mm512_storeu_si512(panel + p * PANEL_COLS, t[p]);
}

TARGET __attribute__((always_inline)) static inline __m512 multiply_add(bool bf16, __m512 sum,
                                                                        __m512i x, __m512i b) {
  if (bf16) return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)b);
  return _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(b), sum);
}

/* ROWS * VECTORS sums, a panel's VECTORS and a broadcast fit the 32 registers. */
TARGET __attribute__((always_inline)) static inline void sum_rows(bool bf16, int rows, int vectors,
                                                                  const uint32_t *const a[ROWS],
                                                                  int64_t words,
                                                                  const uint32_t *panel,
                                                                  float out[ROWS][PANEL_COLS]) {
  __m512 sum[ROWS][VECTORS];
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_ps();
  for (int64_t p = 0; p < words; p++) {
    __m512i b[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) b[v] = _mm512_loadu_si512(panel + p * PANEL_COLS + v * LANES);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
      int32_t word;
      memcpy(&word, a[r] + p, sizeof word);
      __m512i x = _mm512_set1_epi32(word);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(bf16, sum[r][v], x, b[v]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) _mm512_storeu_ps(out[r] + v * LANES, sum[r][v]);
}

#define SUMS(name, bf16, rows, vectors)                                                        \
  TARGET static void name(const uint32_t *const a[ROWS], int64_t words, const uint32_t *panel, \
                          float sum[ROWS][PANEL_COLS]) {                                       \
    sum_rows(bf16, rows, vectors, a, words, panel, sum);                                       \
  }
#define ALL_SUMS(name, bf16, rows) \
  SUMS(name##_1, bf16, rows, 1)    \
  SUMS(name##_2, bf16, rows, 2)    \
  SUMS(name##_3, bf16, rows, 3)    \
  SUMS(name##_4, bf16, rows, 4)
ALL_SUMS(sum_f32, false, ROWS)
ALL_SUMS(sum_f32_one, false, 1)
ALL_SUMS(sum_bf16, true, ROWS)
ALL_SUMS(sum_bf16_one, true, 1)
#undef ALL_SUMS
#undef SUMS

PanelSums *panel_avx512_sums(bool bf16, int64_t rows, int64_t vectors) {
#define BY_VECTORS(name) \
  { name##_1, name##_2, name##_3, name##_4 }
  static PanelSums *const sums[2][2][VECTORS] = {
      {BY_VECTORS(sum_f32), BY_VECTORS(sum_f32_one)},
      {BY_VECTORS(sum_bf16), BY_VECTORS(sum_bf16_one)},
  };
#undef BY_VECTORS
  assert(rows >= 1 && rows <= ROWS && vectors >= 1 && vectors <= VECTORS);
  return sums[bf16][rows == 1][vectors - 1];
}

#else

bool panel_avx512_has(bool bf16) {
  (void)bf16;
  return false;
}
PanelSums *panel_avx512_sums(bool bf16, int64_t rows, int64_t vectors) {
  (void)bf16, (void)rows, (void)vectors;
  assert(!"this processor cannot");
  return NULL;
}
void panel_avx512_transpose(uint32_t *panel, const uint32_t *rows, int64_t stride) {
  (void)panel, (void)rows, (void)stride;
  assert(!"this processor cannot");
}
void panel_avx512_round(uint16_t *to, const float *from, int64_t k) {
  (void)to, (void)from, (void)k;
  assert(!"this processor cannot");
}

#endif
