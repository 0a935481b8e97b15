/* skinny: products with few rows, as a decoder makes them a token at a time. BLAS packs the weight
 * before it multiplies, which costs as much as a product with few rows itself. Here the rows lie
 * across the lanes of a vector, and every weight is read once, as it is stored. */
#ifndef SKEIN_AUTOGRAD_SKINNY_H
#define SKEIN_AUTOGRAD_SKINNY_H

#include "autograd/dtype.h"

enum {
  SKINNY_LANES = 16,              /* rows that are multiplied together */
  SKINNY_ROWS = 2 * SKINNY_LANES, /* up to which matmul.c multiplies so */
};

/* Groups of SKINNY_LANES rows that m rows take. */
static inline int64_t skinny_groups(int64_t m) {
  return (m + SKINNY_LANES - 1) / SKINNY_LANES;
}

/* to [skinny_groups(m), k, SKINNY_LANES], 64-byte aligned: x [m, k] across lanes, zeros beyond m.
 */
void skinny_pack(float *to, const float *x, int64_t ldx, int64_t m, int64_t k);

/* Columns [begin, end) of y [m, n] = alpha * x w^T + beta * y, with x packed and w [n, k] of any
 * dtype; ld* are row strides. With beta 0 y is not read. A row of y depends on its row of x alone.
 */
void skinny_multiply(const float *packed, int64_t m, int64_t k, const void *w, Dtype dtype,
                     int64_t ldw, int64_t begin, int64_t end, float alpha, float beta, float *y,
                     int64_t ldy);

#endif
