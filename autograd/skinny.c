#include "autograd/skinny.h"

#include <string.h>

enum {
/* Sums of a group of rows that stay in registers. */
#ifdef __AVX512F__
  COLS = 12,
#else
  COLS = 6, /* a vector of lanes is two registers or more */
#endif
  STRETCH = 512, /* of k, whose lanes fill the first cache */
  LINE = 16,     /* floats of a cache line */
};

typedef float Lanes __attribute__((vector_size(SKINNY_LANES * sizeof(float))));

void skinny_pack(float *to, const float *x, int64_t ldx, int64_t m, int64_t k) {
  for (int64_t group = 0; group < skinny_groups(m); group++, to += k * SKINNY_LANES) {
    for (int64_t lane = 0; lane < SKINNY_LANES; lane++) {
      int64_t row = group * SKINNY_LANES + lane;
      for (int64_t i = 0; i < k; i++) to[i * SKINNY_LANES + lane] = row < m ? x[row * ldx + i] : 0;
    }
  }
}

/* sum[c] += sum_i x[i] * w[c][i]. What stands `ahead` of each weight is fetched meanwhile: there
 * are more rows than the processor follows by itself. The products may be fused with the sums: this
 * is the one place where the compiler is told so, since vector types have no fma of their own. */
__attribute__((optimize("fp-contract=fast"))) static void add_products(const Lanes *x,
                                                                       const float *const w[COLS],
                                                                       int64_t ahead, int64_t k,
                                                                       Lanes sum[COLS]) {
  Lanes s[COLS];
  memcpy(s, sum, sizeof s);
  for (int64_t begin = 0; begin < k; begin += LINE) {
    int64_t end = begin + LINE < k ? begin + LINE : k;
    for (int c = 0; c < COLS; c++) __builtin_prefetch(w[c] + begin + ahead, 0, 2);
    for (int64_t i = begin; i < end; i++) {
      Lanes v = x[i];
#pragma GCC unroll 12
      for (int c = 0; c < COLS; c++) s[c] += v * w[c][i];
    }
  }
  memcpy(sum, s, sizeof s);
}

/* A stretch [at, at + k) of the weight's rows from `col`; rows beyond the last are the last. */
static void weight_rows(const void *w, Dtype dtype, int64_t ldw, int64_t col, int64_t cols,
                        int64_t at, int64_t k, float wide[COLS][STRETCH], const float *out[COLS]) {
  for (int64_t c = 0; c < COLS; c++) {
    int64_t row = col + (c < cols ? c : cols - 1);
    const char *from = (const char *)w + (size_t)(row * ldw + at) * dtype_size(dtype);
    out[c] = dtype == DTYPE_F32 ? (const float *)(const void *)from : wide[c];
    if (dtype != DTYPE_F32) dtype_widen(wide[c], from, dtype, (size_t)k);
  }
}

static void store_columns(const Lanes *sum, int64_t m, int64_t cols, float alpha, float beta,
                          float *y, int64_t ldy) {
  for (int64_t row = 0; row < m; row++) {
    const Lanes *group = sum + row / SKINNY_LANES * COLS;
    for (int64_t c = 0; c < cols; c++) {
      float value = alpha * group[c][row % SKINNY_LANES];
      y[row * ldy + c] = beta == 0 ? value : value + beta * y[row * ldy + c];
    }
  }
}

void skinny_multiply(const float *packed, int64_t m, int64_t k, const void *w, Dtype dtype,
                     int64_t ldw, int64_t begin, int64_t end, float alpha, float beta, float *y,
                     int64_t ldy) {
  const Lanes *x = (const Lanes *)(const void *)packed;
  int64_t groups = skinny_groups(m);
  for (int64_t col = begin; col < end; col += COLS) {
    int64_t cols = end - col < COLS ? end - col : COLS;
    float wide[COLS][STRETCH];
    Lanes sum[SKINNY_ROWS / SKINNY_LANES * COLS];
    memset(sum, 0, sizeof sum);
    for (int64_t at = 0; at < k; at += STRETCH) {
      const float *rows[COLS];
      int64_t part = k - at < STRETCH ? k - at : STRETCH;
      int64_t next = at + STRETCH < k ? STRETCH : COLS * ldw - at;
      weight_rows(w, dtype, ldw, col, cols, at, part, wide, rows);
      for (int64_t g = 0; g < groups; g++)
        add_products(x + g * k + at, rows, dtype == DTYPE_F32 ? next : 0, part, sum + g * COLS);
    }
    store_columns(sum, m, cols, alpha, beta, y + col, ldy);
  }
}
