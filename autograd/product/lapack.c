/* LAPACK's matrices are column-major: the row-major X [m, n] is its X^T. So a QR of X is an LQ there,
 * and the two sides of a singular value decomposition change places. */
#include "autograd/product/lapack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* As Fortran has them; the lengths of texts come last. */
void dgelqf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dorglq_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
             int *iwork, int *info, size_t jobz_length);
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a,
             const int *lda, const double *vl, const double *vu, const int *il, const int *iu,
             const double *abstol, int *found, double *w, double *z, const int *ldz, int *isuppz,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info,
             size_t jobz_length, size_t range_length, size_t uplo_length);

enum { SIDE_MOST = 1 << 24 }; /* of a matrix: LAPACK counts in int */

static Status out_of_memory(int64_t m, int64_t n, Error *err) {
  return error_set(err, STATUS_RUN,
                   "out of memory: the decomposition of a matrix [%" PRId64 ", %" PRId64 "]", m, n);
}

static Status check_sides(int64_t m, int64_t n, Error *err) {
  if (m > 0 && n > 0 && m <= SIDE_MOST && n <= SIDE_MOST) return STATUS_OK;
  return error_set(err, STATUS_RUN, "a matrix [%" PRId64 ", %" PRId64 "] is too large to decompose",
                   m, n);
}

static Status check_info(const char *what, int info, Error *err) {
  if (info == 0) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s of a matrix does not converge (%d)", what, info);
}

/* The size of the workspace of lq_steps. */
static int lq_size(int m, int n) {
  double lq = 0, q = 0, none = 0;
  int info, ask = -1;
  dgelqf_(&n, &m, &none, &n, &none, &lq, &ask, &info);
  dorglq_(&n, &m, &n, &none, &n, &none, &q, &ask, &info);
  return (int)(lq > q ? lq : q);
}

static int lq_steps(double *x, int m, int n, double *r, double *tau, double *work, int size) {
  int info;
  dgelqf_(&n, &m, x, &n, tau, work, &size, &info);
  if (info != 0) return info;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) r[i * n + j] = j >= i ? x[i * n + j] : 0;
  dorglq_(&n, &m, &n, x, &n, tau, work, &size, &info);
  return info;
}

Status lapack_qr(double *x, int64_t m, int64_t n, double *r, Error *err) {
  TRY(check_sides(m, n, err));
  int size = lq_size((int)m, (int)n);
  double *work = malloc(((size_t)size + (size_t)n) * sizeof *work);
  if (!work) return out_of_memory(m, n, err);
  int info = lq_steps(x, (int)m, (int)n, r, work + size, work, size);
  free(work);
  return check_info("QR", info, err);
}

static int svd_steps(double *x, int m, int n, double *u, double *s, double *vt, double *work,
                     int size, int *iwork) {
  int info, k = m < n ? m : n;
  dgesdd_("S", &n, &m, x, &n, s, vt, &n, u, &k, work, &size, iwork, &info, 1);
  return info;
}

Status lapack_svd(double *x, int64_t m, int64_t n, double *u, double *s, double *vt, Error *err) {
  TRY(check_sides(m, n, err));
  double asked = 0, *work = NULL;
  int *iwork = malloc(8 * (size_t)(m < n ? m : n) * sizeof *iwork);
  Status status = iwork ? STATUS_OK : out_of_memory(m, n, err);
  if (status == STATUS_OK)
    status = check_info("SVD", svd_steps(x, (int)m, (int)n, u, s, vt, &asked, -1, iwork), err);
  if (status == STATUS_OK && !(work = malloc((size_t)asked * sizeof *work)))
    status = out_of_memory(m, n, err);
  if (status == STATUS_OK)
    status =
        check_info("SVD", svd_steps(x, (int)m, (int)n, u, s, vt, work, (int)asked, iwork), err);
  free(work);
  free(iwork);
  return status;
}

/* What dsyevr works on beside the matrix. */
typedef struct EigenWork {
  double *value; /* [n] */
  int *support;  /* [2 n] */
  double *work;
  int *iwork;
  int size, isize; /* of the two before; -1: to be asked */
} EigenWork;

static int eigen_steps(double *g, int n, int count, double *vectors, EigenWork *w) {
  int info, found, first = n - count + 1;
  double none = 0;
  dsyevr_("V", "I", "L", &n, g, &n, &none, &none, &first, &n, &none, &found, w->value, vectors, &n,
          w->support, w->work, &w->size, w->iwork, &w->isize, &info, 1, 1, 1);
  return info == 0 && w->size > 0 && found != count ? 1 : info;
}

static Status eigen_ask(double *g, int n, int count, double *vectors, EigenWork *w, Error *err) {
  double asked = 0;
  int iasked = 0;
  w->value = malloc((size_t)n * sizeof *w->value);
  w->support = malloc(2 * (size_t)n * sizeof *w->support);
  if (!w->value || !w->support) return out_of_memory(n, n, err);
  EigenWork question = {w->value, w->support, &asked, &iasked, -1, -1};
  TRY(check_info("eigenvectors", eigen_steps(g, n, count, vectors, &question), err));
  w->size = (int)asked;
  w->isize = iasked;
  w->work = malloc((size_t)w->size * sizeof *w->work);
  w->iwork = malloc((size_t)w->isize * sizeof *w->iwork);
  return w->work && w->iwork ? STATUS_OK : out_of_memory(n, n, err);
}

/* They come with rising eigenvalues. */
static void turn_rows(double *x, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows / 2; i++) {
    double *a = x + i * cols, *b = x + (rows - 1 - i) * cols;
    for (int64_t j = 0; j < cols; j++) {
      double old = a[j];
      a[j] = b[j];
      b[j] = old;
    }
  }
}

Status lapack_eigenvectors(double *g, int64_t n, int64_t count, double *vectors, Error *err) {
  TRY(check_sides(n, n, err));
  EigenWork w = {0};
  Status status = eigen_ask(g, (int)n, (int)count, vectors, &w, err);
  if (status == STATUS_OK)
    status = check_info("eigenvectors", eigen_steps(g, (int)n, (int)count, vectors, &w), err);
  if (status == STATUS_OK) turn_rows(vectors, count, n);
  free(w.value);
  free(w.support);
  free(w.work);
  free(w.iwork);
  return status;
}
