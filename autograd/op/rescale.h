/* rescale: rows times 1 + a change, and changes as weighed sums of l - 1. It is all the arithmetic
 * of (IA)3 (Liu et al. 2022, arXiv 2205.05638), in training (op_rescale.c) and in routing, so that
 * the two cannot drift apart. */
#ifndef SKEIN_RESCALE_H
#define SKEIN_RESCALE_H

#include <stdint.h>

/* change += weight (l - 1)                      [n] each */
static inline void rescale_add(float *change, float weight, const float *l, int64_t n) {
  for (int64_t i = 0; i < n; i++) change[i] += weight * (l[i] - 1);
}

/* y = from + change u                           [n] each; y may be any of them */
static inline void rescale_apply(float *y, const float *from, const float *change, const float *u,
                                 int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = from[i] + change[i] * u[i];
}

#endif
