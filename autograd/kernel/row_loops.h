/* row_loops: loops over rows of numbers. To be included by table.c alone.
 *
 * Plain loops, which the compiler turns into vector code; those that sum keep SUMS partial sums, so
 * that the order does not depend on the width of a vector. */
#ifndef SKEIN_ROW_LOOPS_H
#define SKEIN_ROW_LOOPS_H

#include <float.h>

#include "autograd/ground/dtype_convert.h"
#include "autograd/kernel/act_loops.h"
#include "autograd/kernel/kernels.h"
#include "autograd/kernel/lanes.h"
#include "autograd/kernel/vmath.h"

enum { SUMS = 64, SUM_VECTORS = SUMS / LANES };

/* Partial sums folded by halves: whole vectors first. */
static inline float fold(Lanes sum[SUM_VECTORS]) {
#pragma GCC unroll 8
  for (int n = SUM_VECTORS / 2; n > 0; n /= 2)
#pragma GCC unroll 8
    for (int v = 0; v < n; v++) sum[v] += sum[v + n];
  float part[LANES];
  memcpy(part, sum, sizeof part);
#pragma GCC unroll 4
  for (int n = LANES / 2; n > 0; n /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) part[i] += part[i + n];
  return part[0];
}

/* A row's last elements, in part of a vector: zeros behind them. */
static inline Lanes load_rest(const float *x, int64_t n) {
  float rest[LANES] = {0};
  for (int64_t i = 0; i < n; i++) rest[i] = x[i];
  return lanes_load(rest);
}

/* Calls add(vector of sums, at) for every whole vector of a row of n, then rest(vector of sums, at,
 * elements left). Element i belongs to the partial sum i % SUMS. */
#define SUM_ROW(sum, n, ADD, REST)                                      \
  do {                                                                  \
    int64_t at_ = 0;                                                    \
    for (; at_ + SUMS <= (n); at_ += SUMS) {                            \
      _Pragma("GCC unroll 16") for (int v_ = 0; v_ < SUM_VECTORS; v_++) \
          ADD(sum[v_], at_ + v_ * LANES);                               \
    }                                                                   \
    int v_ = 0;                                                         \
    for (; at_ + LANES <= (n); at_ += LANES, v_++) ADD(sum[v_], at_);   \
    if (at_ < (n)) REST(sum[v_], at_, (n)-at_);                         \
  } while (0)

static float dot(const float *a, const float *b, int64_t n) {
  Lanes sum[SUM_VECTORS] = {{0}};
#define ADD(s, i)        s = lanes_fma(lanes_load(a + (i)), lanes_load(b + (i)), s)
#define REST(s, i, left) s = lanes_fma(load_rest(a + (i), left), load_rest(b + (i), left), s)
  SUM_ROW(sum, n, ADD, REST);
#undef ADD
#undef REST
  return fold(sum);
}

static float dot3(const float *a, const float *b, const float *c, int64_t n) {
  Lanes sum[SUM_VECTORS] = {{0}};
#define ADD(s, i) s = lanes_fma(lanes_load(a + (i)) * lanes_load(b + (i)), lanes_load(c + (i)), s)
#define REST(s, i, left) \
  s = lanes_fma(load_rest(a + (i), left) * load_rest(b + (i), left), load_rest(c + (i), left), s)
  SUM_ROW(sum, n, ADD, REST);
#undef ADD
#undef REST
  return fold(sum);
}

/* Terms summed in float before they are added to a double: keeps a row of a vocabulary accurate
 * and the loops in float vectors. */
enum { CHUNK = 512 };

static float chunk_sum(const float *x, int64_t n) {
  Lanes sum[SUM_VECTORS] = {{0}};
#define ADD(s, i)        s += lanes_load(x + (i))
#define REST(s, i, left) s += load_rest(x + (i), left)
  SUM_ROW(sum, n, ADD, REST);
#undef ADD
#undef REST
  return fold(sum);
}

static inline int64_t chunk_at(int64_t start, int64_t n) {
  return n - start < CHUNK ? n - start : CHUNK;
}

static double sum(const float *x, int64_t n) {
  double all = 0;
  for (int64_t i = 0; i < n; i += CHUNK) all += (double)chunk_sum(x + i, chunk_at(i, n));
  return all;
}

static double square_sum(const float *x, float mean, int64_t n) {
  double all = 0;
  float square[CHUNK];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = chunk_at(i, n);
#pragma omp simd
    for (int64_t j = 0; j < count; j++) square[j] = (x[i + j] - mean) * (x[i + j] - mean);
    all += (double)chunk_sum(square, count);
  }
  return all;
}

/* x - x is 0 of finite numbers alone. */
static bool all_finite(const float *x, int64_t n) {
  int wrong = 0;
#pragma omp simd reduction(| : wrong)
  for (int64_t i = 0; i < n; i++) wrong |= x[i] - x[i] != 0;
  return !wrong;
}

static float row_max(const float *x, int64_t n) {
  float max = -INFINITY;
#pragma omp simd reduction(max : max)
  for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
  if (max > -FLT_MAX) return max;
  /* OpenMP may begin with the least finite number, which is above -infinity. */
  max = -INFINITY;
  for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
  return max;
}

static void row_exp(float *y, float s, const float *x, float shift, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = s * vmath_exp(x[i] - shift);
}

static double exp_sum(float *y, const float *x, float shift, int64_t n) {
  double all = 0;
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = chunk_at(i, n);
    float unread[CHUNK], *to = y ? y + i : unread;
    row_exp(to, 1, x + i, shift, count);
    all += (double)chunk_sum(to, count);
  }
  return all;
}

static void sum_of(float *y, const float *a, const float *b, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void add(float *y, const float *x, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

static void scale(float *y, float s, const float *x, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = s * x[i];
}

static void softmax_slope(float *dp, const float *p, float mean, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) dp[i] = p[i] * (dp[i] - mean);
}

static void norm(float *y, const float *x, const float *w, float rstd, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = w[i] * (x[i] * rstd);
}

static void norm_dx(float *dx, float beta, const float *dy, const float *w, const float *x,
                    float rstd, float mean, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float old = beta == 0 ? 0 : dx[i];
    dx[i] = old + rstd * (dy[i] * w[i] - x[i] * mean);
  }
}

static void norm_dw(float *dw, const float *dy, const float *x, float rstd, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) dw[i] += dy[i] * (x[i] * rstd);
}

static void layer_norm(float *y, const float *x, const float *w, const float *b, float mean,
                       float rstd, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = vmath_fma(w[i], (x[i] - mean) * rstd, b[i]);
}

static void layer_norm_dx(float *dx, float beta, const float *dy, const float *w, const float *x,
                          float mean, float rstd, float mean_g, float mean_gu, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float old = beta == 0 ? 0 : dx[i], u = (x[i] - mean) * rstd;
    dx[i] = old + rstd * (dy[i] * w[i] - mean_g - u * mean_gu);
  }
}

static void rotate(float *y, const float *x, const float *z, const float *c, const float *s,
                   int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = x[i] * c[i] - z[i] * s[i];
}

static void multiply(float *y, const float *b, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] *= b[i];
}

/* In spans that stay in the first cache between the two passes. */
static void act(Act how, float *y, const float *x, const float *b, int64_t n) {
  enum { SPAN = 1024 };
  for (int64_t at = 0; at < n; at += SPAN) {
    int64_t count = n - at < SPAN ? n - at : SPAN;
    ACT_ROW[how](y + at, x + at, count);
    if (b) multiply(y + at, b + at, count);
  }
}

static void act_slope(Act how, float *y, const float *x, const float *b, int64_t n) {
  ACT_SLOPE_ROW[how](y, x, n);
  if (b) multiply(y, b, n);
}

static void add_product(float *y, float beta, const float *a, const float *b, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = (beta == 0 ? 0 : y[i]) + a[i] * b[i];
}

static void widen(float *to, const void *from, Dtype dtype, int64_t n) {
  convert_widen(to, from, dtype, (size_t)n);
}

#endif
