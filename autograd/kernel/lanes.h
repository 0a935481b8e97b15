/* lanes: one vector register of floats of the processor that the including file is compiled for. */
#ifndef SKEIN_LANES_H
#define SKEIN_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
#define LANES           16
#define LANES_REGISTERS 32
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define LANES           8
#define LANES_REGISTERS 16
#elif defined(__aarch64__)
#include <arm_neon.h>
#define LANES           4
#define LANES_REGISTERS 32
#else
#define LANES           4
#define LANES_REGISTERS 16
#endif

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), may_alias));

/* The same at any address of a float. */
typedef float AnyLanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

static inline Lanes lanes_load(const float *from) {
  return *(const AnyLanes *)from;
}

static inline void lanes_store(float *to, Lanes v) {
  *(AnyLanes *)to = v;
}

static inline Lanes lanes_splat(float x) {
#if LANES == 16
  return (Lanes)_mm512_set1_ps(x);
#elif LANES == 8
  return (Lanes)_mm256_set1_ps(x);
#else
  return (Lanes){x, x, x, x};
#endif
}

/* a b + c: fused where the processor does it in one instruction. */
static inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) {
#if LANES == 16
  return (Lanes)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif LANES == 8
  return (Lanes)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (Lanes)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

#endif
