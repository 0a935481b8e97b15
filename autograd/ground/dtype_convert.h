/* dtype_convert: the conversions of dtype.h, to be compiled for any processor (kernel/row_loops.h).
 */
#ifndef SKEIN_DTYPE_CONVERT_H
#define SKEIN_DTYPE_CONVERT_H

#include <string.h>

#include "autograd/ground/dtype.h"

/* f32:  1 sign  8 exponent (bias 127)  23 fraction
 * bf16: 1 sign  8 exponent (bias 127)   7 fraction: the upper half of an f32
 * f16:  1 sign  5 exponent (bias 15)   10 fraction
 *
 * The conversions of one element are integer arithmetic without branches, so that the loops below
 * vectorise. */

enum {
  F32_INFINITY = 0x7f800000,
  F32_REBIAS = (127 - 15) << 23,       /* exponent bias of f32 minus that of f16 */
  F32_F16_NORMAL = (127 - 14) << 23,   /* 2^-14, the smallest normal f16 */
  F32_F16_OVERFLOW = (127 + 16) << 23, /* 2^16: everything from here on is infinite in f16 */
  F32_HALF = (127 - 1) << 23,          /* 0.5 */
  F16_INFINITY = 0x7c00,
  F16_QUIET_NAN = 0x7e00,
  BF16_QUIET_BIT = 0x0040,
};

/* Types for elements at any address. */
typedef uint16_t AnyU16 __attribute__((aligned(1), may_alias));

static inline uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* `yes` or `no` by a mask: a branch around the float arithmetic would keep AVX2 from vectorising.
 */
static inline uint32_t choose(int condition, uint32_t yes, uint32_t no) {
  return no ^ ((yes ^ no) & (0u - (uint32_t)condition));
}

static inline float widen_f16(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
  /* Subnormal: with the exponent of 2^-14 put in, the value is 2^-14 too large; exact. */
  uint32_t subnormal = bits_of(float_of(magnitude + F32_F16_NORMAL) - float_of(F32_F16_NORMAL));
  uint32_t normal = magnitude + F32_REBIAS;
  uint32_t special = magnitude | F32_INFINITY;
  uint32_t exponent = half & F16_INFINITY;
  uint32_t result = choose(exponent == 0, subnormal, normal);
  result = choose(exponent == F16_INFINITY, special, result);
  return float_of(sign | result);
}

static inline uint16_t narrow_f16(float x) {
  uint32_t bits = bits_of(x);
  uint32_t sign = bits >> 16 & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  /* In [0.5, 1) f32 counts in steps of 2^-24, the unit of subnormal f16: the sum is the rounding.
   */
  uint32_t subnormal = bits_of(float_of(magnitude) + 0.5f) - F32_HALF;
  /* Half a unit less one, plus one when the kept part is odd: ties go to even. A carry out of the
   * fraction rightly increments the exponent. */
  uint32_t normal = (magnitude - F32_REBIAS + 0x0fff + (magnitude >> 13 & 1)) >> 13;
  uint32_t nan = F16_QUIET_NAN | (magnitude >> 13 & 0x03ff);
  uint32_t result = choose(magnitude < F32_F16_NORMAL, subnormal, normal);
  result = choose(magnitude >= F32_F16_OVERFLOW, F16_INFINITY, result);
  result = choose(magnitude > F32_INFINITY, nan, result);
  return (uint16_t)(sign | result);
}

static inline float widen_bf16(uint16_t brain) {
  return float_of((uint32_t)brain << 16);
}

static inline uint16_t narrow_bf16(float x) {
  uint32_t bits = bits_of(x);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  /* Rounding could carry a NaN into infinity or zero, so it is cut and kept quiet instead. */
  uint32_t nan = bits >> 16 | BF16_QUIET_BIT;
  return (uint16_t)((bits & 0x7fffffff) > F32_INFINITY ? nan : rounded);
}

static inline void convert_widen(float *restrict dst, const void *restrict src, Dtype dtype,
                                 size_t n) {
  const AnyU16 *from = src;
  switch (dtype) {
    case DTYPE_F32:
      if (n > 0) memcpy(dst, src, n * sizeof *dst);
      break;
    case DTYPE_F16:
      for (size_t i = 0; i < n; i++) dst[i] = widen_f16(from[i]);
      break;
    case DTYPE_BF16:
      for (size_t i = 0; i < n; i++) dst[i] = widen_bf16(from[i]);
      break;
  }
}

#endif
