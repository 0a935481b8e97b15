#include "autograd/attention_thin.h"

#include "autograd/vmath.h"

void thin_scores(const Thin *t, const float *q, const float *k, float *s) {
  for (int64_t j = 0; j < t->keys; j++, k += t->ld) {
    for (int h = 0; h < t->heads; h++)
      s[h * t->keys + j] = vmath_dot(q + h * t->dk, k + h * t->dk, t->dk);
  }
}

void thin_values(const Thin *t, const float *p, const float *v, float *y) {
  for (int64_t j = 0; j < t->keys; j++, v += t->ld) {
    for (int h = 0; h < t->heads; h++) {
      float w = p[h * t->keys + j];
      const float *from = v + h * t->dk;
      float *to = y + h * t->dk;
#pragma omp simd
      for (int64_t d = 0; d < t->dk; d++) to[d] = vmath_fma(w, from[d], to[d]);
    }
  }
}
