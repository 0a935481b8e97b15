/* vmath: exp, sigmoid and the normal distribution that a compiler can vectorise.
 *
 * The inline functions have no branch, table or library call, so a loop over them under
 * `#pragma omp simd` becomes vector code without -ffast-math. They are right at the ends and keep
 * NaN: exp(-inf) = 0, exp(+inf) = inf, sigmoid and normal 0 at -inf and 1 at +inf. Over all of
 * float, denormal results included, exp is within 1.5 ulp and sigmoid within 2.5. */
#ifndef SKEIN_VMATH_H
#define SKEIN_VMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The machine multiplies and adds in one instruction; __FP_FAST_FMAF is what gcc says of it. */
#if defined __FP_FAST_FMAF || defined __FMA__ || defined __ARM_FEATURE_FMA
#define VMATH_FUSED
#endif

/* a * b + c: fused where the machine does it in one instruction. */
static inline float vmath_fma(float a, float b, float c) {
#ifdef VMATH_FUSED
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/* 2^n for -126 <= n <= 127; anything for other n. */
static inline float vmath_power_of_two(int32_t n) {
  uint32_t bits = (uint32_t)(n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2. The polynomial is the minimax fit of
 * degree 6 to e^r in relative error (3e-9). */
static inline float vmath_exp(float x) {
  const float round = 0x1.8p23f; /* adding it leaves the nearest integer in the low bits */
  const float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  x = x < -104 ? -104 : x; /* e^-104 rounds to 0 and e^89 to inf; NaN passes both tests */
  x = x > 89 ? 89 : x;
  float shifted = vmath_fma(x, 0x1.715476p+0f, round), n = shifted - round;
  float r = vmath_fma(-n, ln2_low, vmath_fma(-n, ln2_high, x));
  float p = 0x1.6a23d0p-10f;
  p = vmath_fma(p, r, 0x1.123a20p-7f);
  p = vmath_fma(p, r, 0x1.5558f2p-5f);
  p = vmath_fma(p, r, 0x1.555492p-3f);
  p = vmath_fma(p, r, 0x1.fffffcp-2f);
  p = vmath_fma(p * r, r, r) + 1;
  int32_t bits, bias;
  memcpy(&bits, &shifted, sizeof bits);
  memcpy(&bias, &round, sizeof bias);
  int32_t n_bits = bits - bias, half = n_bits / 2;
  /* Two factors: n reaches 128 and -150, where one float has no such power. */
  return p * vmath_power_of_two(half) * vmath_power_of_two(n_bits - half);
}

/* 1 / (1 + e^-x), without overflow on either side. */
static inline float vmath_sigmoid(float x) {
  float e = vmath_exp(-fabsf(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/* P(x) = (1 + erf(x / sqrt 2)) / 2. Its tail is P(-|x|) = e^(-x^2/2) t p(t), t = 1 / (1 + 0.35 |x|),
 * where p is the minimax fit of degree 8 in relative error (4e-8 for |x| <= 14, where the tail
 * leaves the normal floats). Within 1e-7, and within 1e-6 of a tail above 1e-8. */
static inline float vmath_normal(float x) {
  float t = 1 / vmath_fma(0.35f, fabsf(x), 1);
  float p = -0x1.dd87c0p-6f;
  p = vmath_fma(p, t, 0x1.26db26p-3f);
  p = vmath_fma(p, t, -0x1.05da7cp-2f);
  p = vmath_fma(p, t, 0x1.45fe4cp-3f);
  p = vmath_fma(p, t, -0x1.7aa822p-6f);
  p = vmath_fma(p, t, 0x1.b029d6p-4f);
  p = vmath_fma(p, t, 0x1.ead5b4p-4f);
  p = vmath_fma(p, t, 0x1.1e6feap-3f);
  p = vmath_fma(p, t, 0x1.1df1d4p-3f);
  float tail = vmath_exp(-0.5f * x * x) * (p * t);
  return x < 0 ? tail : 1 - tail;
}

#endif
