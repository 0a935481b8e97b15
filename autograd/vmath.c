#include "autograd/vmath.h"

float vmath_max(const float *x, int64_t n) {
  float max = -INFINITY;
#pragma omp simd reduction(max : max)
  for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
  return max;
}

/* Terms summed in float before they are added to a double: keeps a row of a vocabulary accurate
 * and the loop in float vectors. */
enum { SUM_CHUNK = 512 };

double vmath_exp_sum(float *out, const float *x, float shift, int64_t n) {
  double sum = 0;
  for (int64_t start = 0; start < n; start += SUM_CHUNK) {
    int64_t end = start + SUM_CHUNK < n ? start + SUM_CHUNK : n;
    float part = 0;
#pragma omp simd reduction(+ : part)
    for (int64_t i = start; i < end; i++) {
      float e = vmath_exp(x[i] - shift);
      out[i] = e;
      part += e;
    }
    sum += (double)part;
  }
  return sum;
}

float vmath_dot(const float *a, const float *b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum = vmath_fma(a[i], b[i], sum);
  return sum;
}
