/* matmul: matrix products on tensors, cut into tiles by shape and run on the context's threads. The
 * bits of a product depend on its shape alone, not on the number of threads. Three ways, chosen by
 * shape and processor: rows across lanes where they are few (skinny.h), panels on AVX-512
 * (panel.h), and BLAS, single-threaded inside a tile (blas.h). With PRECISION_BF16 products with
 * frozen f32 and bf16 weights run in bf16. Frozen f16 and bf16 weights are widened a panel at a
 * time, in arena scratch that is released before return. */
#ifndef SKEIN_AUTOGRAD_MATMUL_H
#define SKEIN_AUTOGRAD_MATMUL_H

#include "autograd/tensor.h"

/* A row-major f32 matrix with a leading dimension. */
typedef struct Mat {
  float *data;
  int64_t rows, cols, ld;
} Mat;

static inline Mat mat(float *data, int64_t rows, int64_t cols) {
  return (Mat){data, rows, cols, cols};
}

/* C = alpha * A B^T + beta * C       A [m, k], B [n, k], C [m, n] */
void matmul_nt(Context *c, float alpha, Mat a, Mat b, float beta, Mat out);
/* C = alpha * A B + beta * C         A [m, k], B [k, n], C [m, n] */
void matmul_nn(Context *c, float alpha, Mat a, Mat b, float beta, Mat out);
/* C = alpha * A^T B + beta * C       A [k, m], B [k, n], C [m, n] */
void matmul_tn(Context *c, float alpha, Mat a, Mat b, float beta, Mat out);

/* The same with a stored weight of any dtype as B. */
void matmul_nt_weight(Context *c, float alpha, Mat a, const Tensor *w, float beta, Mat out);
void matmul_nn_weight(Context *c, float alpha, Mat a, const Tensor *w, float beta, Mat out);

#endif
