/* act_loops: values and slopes of the activations, as functions that a compiler can vectorise
 * (vmath.h), and as loops over rows. To be included by row_loops.h alone. */
#ifndef SKEIN_ACT_LOOPS_H
#define SKEIN_ACT_LOOPS_H

#include "autograd/kernel/kernels.h"
#include "autograd/kernel/vmath.h"

static inline float relu(float x) {
  return x < 0 ? 0 : x; /* keeps NaN */
}

static inline float relu_slope(float x) {
  return x > 0 ? 1 : 0;
}

static const float TWICE_ROOT = 1.5957691216057308f; /* 2 sqrt(2/pi) */
static const float CUBIC = 0.044715f;

/* 0.5 (1 + tanh(u)) = sigmoid(2u), so with p = 2 sqrt(2/pi) (x + 0.044715 x^3), s = sigmoid(p):
 *   gelu(x) = x s    gelu'(x) = s + x s (1 - s) p' */
static inline float gelu_gate(float x) {
  return vmath_sigmoid(TWICE_ROOT * x * (1 + CUBIC * x * x));
}

static inline float gelu_tanh(float x) {
  return x * gelu_gate(x);
}

static inline float gelu_tanh_slope(float x) {
  float s = gelu_gate(x);
  return s + x * s * (1 - s) * TWICE_ROOT * (1 + 3 * CUBIC * x * x);
}

/* With the normal distribution P and its density p: gelu(x) = x P(x), gelu'(x) = P(x) + x p(x). */
static inline float gelu_erf(float x) {
  return x * vmath_normal(x);
}

static inline float gelu_erf_slope(float x) {
  const float density_at_0 = 0.3989422804014327f; /* 1 / sqrt(2 pi) */
  return vmath_normal(x) + x * density_at_0 * vmath_exp(-0.5f * x * x);
}

static inline float silu(float x) {
  return x * vmath_sigmoid(x);
}

static inline float silu_slope(float x) {
  float s = vmath_sigmoid(x);
  return s + x * s * (1 - s);
}

static inline float sigmoid_slope(float x) {
  float s = vmath_sigmoid(x);
  return s * (1 - s);
}

/* tanh(x) = 2 sigmoid(2x) - 1, right to 2e-7 of 1 and not of a result near 0. */
static inline float tanh_value(float x) {
  return 2 * vmath_sigmoid(2 * x) - 1;
}

static inline float tanh_slope(float x) {
  return 4 * sigmoid_slope(2 * x);
}

typedef void ActRow(float *y, const float *x, int64_t n); /* y may be x */

#define ROW_OF(name, function)                                                 \
  static void name(float *y, const float *x, int64_t n) {                      \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) y[i] = function(x[i]); \
  }

ROW_OF(relu_row, relu)
ROW_OF(gelu_tanh_row, gelu_tanh)
ROW_OF(gelu_erf_row, gelu_erf)
ROW_OF(silu_row, silu)
ROW_OF(sigmoid_row, vmath_sigmoid)
ROW_OF(tanh_row, tanh_value)
ROW_OF(relu_slope_row, relu_slope)
ROW_OF(gelu_tanh_slope_row, gelu_tanh_slope)
ROW_OF(gelu_erf_slope_row, gelu_erf_slope)
ROW_OF(silu_slope_row, silu_slope)
ROW_OF(sigmoid_slope_row, sigmoid_slope)
ROW_OF(tanh_slope_row, tanh_slope)

static ActRow *const ACT_ROW[ACTS] = {
    [ACT_RELU] = relu_row, [ACT_GELU_TANH] = gelu_tanh_row, [ACT_GELU_ERF] = gelu_erf_row,
    [ACT_SILU] = silu_row, [ACT_SIGMOID] = sigmoid_row,     [ACT_TANH] = tanh_row,
};
static ActRow *const ACT_SLOPE_ROW[ACTS] = {
    [ACT_RELU] = relu_slope_row,         [ACT_GELU_TANH] = gelu_tanh_slope_row,
    [ACT_GELU_ERF] = gelu_erf_slope_row, [ACT_SILU] = silu_slope_row,
    [ACT_SIGMOID] = sigmoid_slope_row,   [ACT_TANH] = tanh_slope_row,
};

#endif
