/* blas: the door to OpenBLAS; its LAPACK has its own, lapack.h. */
#ifndef SKEIN_BLAS_H
#define SKEIN_BLAS_H

#include <stdbool.h>
#include <stdint.h>

/* Puts OpenBLAS in single-threaded mode; call once at program start, before any other call here.
 * All parallelism is skein's own (parallel.h), so the pthread, openmp and serial flavours of
 * Debian behave alike. */
void blas_init(void);

/* C = alpha * op(A) op(B) + beta * C, row-major; op is transposition where the flag is set.
 * C [m, n], op(A) [m, k], op(B) [k, n]; ld* are row strides in elements. Single-threaded; may be
 * called from several threads at once. */
void blas_sgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/* The same of doubles, with alpha 1 and beta 0. */
void blas_dgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                const double *b, int64_t ldb, double *c, int64_t ldc);

/* For `skein doctor`: what is linked, which kernel runs, and how it was built to thread. */
const char *blas_config(void);
const char *blas_kernel(void);
const char *blas_threading(void); /* "serial", "pthread", "openmp" */

#endif
