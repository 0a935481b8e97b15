#include "autograd/product/blas.h"

#include <cblas.h>

void blas_init(void) {
  openblas_set_num_threads(1);
}

void blas_sgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
              (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c,
              (blasint)ldc);
}

void blas_dgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                const double *b, int64_t ldb, double *c, int64_t ldc) {
  cblas_dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
              (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)lda, b, (blasint)ldb, 0, c,
              (blasint)ldc);
}

const char *blas_config(void) {
  return openblas_get_config();
}
const char *blas_kernel(void) {
  return openblas_get_corename();
}

const char *blas_threading(void) {
  switch (openblas_get_parallel()) {
    case OPENBLAS_SEQUENTIAL:
      return "serial";
    case OPENBLAS_THREAD:
      return "pthread";
    default:
      return "openmp";
  }
}
