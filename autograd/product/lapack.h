/* lapack: decompositions of matrices of doubles, the LAPACK inside OpenBLAS. Matrices are row-major
 * and dense, with finite elements. Single-threaded once blas_init was called, so that the bits do
 * not depend on the number of threads. Each is STATUS_RUN where memory is short or LAPACK does not
 * converge. */
#ifndef SKEIN_LAPACK_H
#define SKEIN_LAPACK_H

#include <stdint.h>

#include "autograd/ground/status.h"

/* X [m, n], m >= n, becomes Q [m, n] with orthonormal columns; r [n, n], upper: X = Q R. */
Status lapack_qr(double *x, int64_t m, int64_t n, double *r, Error *err);

/* X = U diag(S) V^T with k = min(m, n): u [m, k] and vt [k, n] orthonormal, s [k] falling. Destroys
 * x [m, n]. */
Status lapack_svd(double *x, int64_t m, int64_t n, double *u, double *s, double *vt, Error *err);

/* The eigenvectors of the `count` largest eigenvalues of a symmetric g [n, n], the largest first, as
 * orthonormal rows of `vectors` [count, n]. Destroys g. */
Status lapack_eigenvectors(double *g, int64_t n, int64_t count, double *vectors, Error *err);

#endif
