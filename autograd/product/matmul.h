/* matmul: matrix products on tensors, cut into tasks by shape and run on the context's threads.
 *
 * The room autograd/product owns every matrix product: of tensors (here), of low-rank updates
 * (low_rank.h), inside one task (block.h), and the only door to BLAS (blas.h). Nothing here has a
 * gradient or knows the tape.
 *
 * A row of a result depends on its own row of the left operand alone, to the bit, and not on the
 * number of rows or threads (autograd/kernel/kernels.h). There are two ways, chosen by the number
 * of rows for their speed alone: strips of the weight are laid out for many rows, or the few rows
 * for a weight that is read where it lies (block.h). With PRECISION_BF16 products with frozen f32
 * and bf16 weights run in bf16. Only matmul_tn, which nothing but backward calls, leaves large
 * products to OpenBLAS. */
#ifndef SKEIN_MATMUL_H
#define SKEIN_MATMUL_H

#include "autograd/product/block.h"
#include "autograd/tensor.h"

/* A row-major f32 matrix with a leading dimension. */
typedef struct Mat {
  float *data;
  int64_t rows, cols, ld;
} Mat;

static inline Mat mat(float *data, int64_t rows, int64_t cols) {
  return (Mat){data, rows, cols, cols};
}

/* C = A B^T, or with `add` C += A B^T       A [m, k], B [n, k], C [m, n] */
void matmul_nt(Context *c, Mat a, Mat b, bool add, Mat out);
/* C = A B, or C += A B                      A [m, k], B [k, n], C [m, n] */
void matmul_nn(Context *c, Mat a, Mat b, bool add, Mat out);
/* C = A^T B, or C += A^T B                  A [k, m], B [k, n], C [m, n] */
void matmul_tn(Context *c, Mat a, Mat b, bool add, Mat out);

/* The same with a stored weight of any dtype as B. */
void matmul_nt_weight(Context *c, Mat a, const Tensor *w, bool add, Mat out);
void matmul_nn_weight(Context *c, Mat a, const Tensor *w, bool add, Mat out);

/* Right operands: B^T of a stored B [n, k]; B [k, n]. */
Factor matmul_turned(const Context *c, const Tensor *w);
Factor matmul_straight(const Context *c, const Tensor *w);
Factor matmul_factor(Mat b, bool turned);

/* Several products in one go: each out = sum of its terms a b, in their order, behind `start` where
 * there is one, or += with `add`. */
enum { TERMS_MAX = 2 };
typedef struct Term {
  Mat a; /* [m, k] */
  Factor b;
} Term;
typedef struct Product {
  Term term[TERMS_MAX];
  int terms;
  bool add;
  const float *start; /* [n] what every row begins with; NULL: 0. Not with `add` */
  Mat out;            /* [m, n] */
} Product;
void matmul_all(Context *c, const Product *product, int count);

#endif
