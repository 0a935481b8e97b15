#include "infer/expert/arrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Square matrices [n, n] of doubles, row-major. */

/* A singular value below this part of the largest is rounding: the squares that it is the root of have
 * that of f32 factors, 1e-14 of the largest. */
static const double SIGMA_LEAST = 1e-6;

enum { SWEEPS_MOST = 64 }; /* a dozen are enough: convergence is quadratic */

/* g = A A^T of a [n, cols] */
static void gram_rows(const float *a, int64_t n, int64_t cols, double *g) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      const float *x = a + i * cols, *y = a + j * cols;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t k = 0; k < cols; k++) sum += (double)x[k] * (double)y[k];
      g[i * n + j] = g[j * n + i] = sum;
    }
  }
}

/* g = B^T B of b [rows, n] */
static void gram_cols(const float *b, int64_t rows, int64_t n, double *g) {
  memset(g, 0, (size_t)(n * n) * sizeof *g);
  for (const float *row = b; row < b + rows * n; row += n) {
    for (int64_t i = 0; i < n; i++) {
#pragma omp simd
      for (int64_t j = 0; j < n; j++) g[i * n + j] += (double)row[i] * (double)row[j];
    }
  }
}

/* (x, y) becomes (c x - s y, s x + c y), elementwise over n elements `step` apart. */
static void rotate_pair(double *x, double *y, int64_t n, int64_t step, double c, double s) {
  for (int64_t k = 0; k < n * step; k += step) {
    double old = x[k];
    x[k] = c * old - s * y[k];
    y[k] = s * old + c * y[k];
  }
}

/* Turns element (i, j) of a to 0 and keeps the rotation in q. */
static void jacobi_rotation(double *a, double *q, int64_t n, int64_t i, int64_t j) {
  double off = a[i * n + j];
  if (off == 0) return;
  double tau = (a[j * n + j] - a[i * n + i]) / (2 * off);
  double t = copysign(1, tau) / (fabs(tau) + sqrt(1 + tau * tau));
  double c = 1 / sqrt(1 + t * t), s = t * c;
  rotate_pair(a + i, a + j, n, n, c, s);
  rotate_pair(a + i * n, a + j * n, n, 1, c, s);
  rotate_pair(q + i, q + j, n, n, c, s);
}

/* Eigenvalues of the symmetric a to its diagonal, eigenvectors to the columns of q, by cyclic
 * Jacobi rotations. */
static Status eigen_symmetric(double *a, double *q, int64_t n, Error *err) {
  memset(q, 0, (size_t)(n * n) * sizeof *q);
  for (int64_t i = 0; i < n; i++) q[i * n + i] = 1;
  for (int sweep = 0; sweep < SWEEPS_MOST; sweep++) {
    double off = 0, all = 0;
    for (int64_t k = 0; k < n * n; k++) {
      all += a[k] * a[k];
      if (k % (n + 1) != 0) off += a[k] * a[k];
    }
    if (off <= 1e-30 * all) return STATUS_OK;
    for (int64_t i = 0; i < n; i++) {
      for (int64_t j = i + 1; j < n; j++) jacobi_rotation(a, q, n, i, j);
    }
  }
  return error_set(err, STATUS_RUN, "the eigenvalues of a prototype do not converge");
}

/* c = op(a) b */
static void multiply_square(bool transposed, const double *a, const double *b, double *c,
                            int64_t n) {
  memset(c, 0, (size_t)(n * n) * sizeof *c);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t k = 0; k < n; k++) {
      double x = transposed ? a[k * n + i] : a[i * n + k];
      for (int64_t j = 0; j < n; j++) c[i * n + j] += x * b[k * n + j];
    }
  }
}

/* What the singular vectors of an update are made of, square matrices in the caller's memory: with
 * S S^T = B^T B and k = S^T (A A^T) S, k's diagonal has the squares of the singular values, and of its
 * eigenvectors, the columns of z, A^T S z are the right singular vectors times them. */
typedef struct Parts {
  double *gram, *s, *half, *k, *z;
} Parts;
enum { PARTS = sizeof(Parts) / sizeof(double *) };

static Status find_parts(const LowRank *f, double *room, Parts *p, Error *err) {
  int64_t n = f->a->rows, size = n * n;
  *p = (Parts){room, room + size, room + 2 * size, room + 3 * size, room + 4 * size};
  gram_cols(f->b->data, f->b->rows, n, p->gram);
  TRY(eigen_symmetric(p->gram, p->s, n, err));
  for (int64_t i = 0; i < size; i++) p->s[i] *= sqrt(fmax(p->gram[i % n * (n + 1)], 0));
  gram_rows(f->a->data, n, f->a->cols, p->gram);
  multiply_square(false, p->gram, p->s, p->half, n);
  multiply_square(true, p->s, p->half, p->k, n);
  return eigen_symmetric(p->k, p->z, n, err);
}

/* The largest eigenvalue of those that are not taken; the first of equal ones. */
static int64_t largest_eigenvalue(const Parts *p, const bool *taken, int64_t n) {
  int64_t best = -1;
  for (int64_t i = 0; i < n; i++) {
    if (taken && taken[i]) continue;
    if (best < 0 || p->k[i * n + i] > p->k[best * n + best]) best = i;
  }
  return best;
}

/* w [n] = S z of one eigenvector, times `factor`. */
static void weigh_rows(const Parts *p, int64_t eigenvector, int64_t n, double factor, double *w) {
  for (int64_t i = 0; i < n; i++) {
    w[i] = 0;
    for (int64_t j = 0; j < n; j++) w[i] += p->s[i * n + j] * p->z[j * n + eigenvector];
    w[i] *= factor;
  }
}

/* p = A^T w, of length 1 and with its sign. */
static void write_prototype(const Tensor *a, const double *w, double *sum, float *p) {
  int64_t d = a->cols, largest = 0;
  memset(sum, 0, (size_t)d * sizeof *sum);
  for (int64_t i = 0; i < a->rows; i++) {
    for (int64_t j = 0; j < d; j++) sum[j] += w[i] * (double)a->data[i * d + j];
  }
  double norm = 0;
  for (int64_t j = 0; j < d; j++) {
    norm += sum[j] * sum[j];
    if (fabs(sum[j]) > fabs(sum[largest])) largest = j;
  }
  double factor = norm > 0 ? copysign(1 / sqrt(norm), sum[largest]) : 0;
  for (int64_t j = 0; j < d; j++) p[j] = (float)(sum[j] * factor);
}

Status arrow_prototype(const LowRank *factor, float *p, Error *err) {
  int64_t n = factor->a->rows, d = factor->a->cols;
  double *room = malloc((size_t)(PARTS * n * n + n + d) * sizeof *room);
  if (!room) return error_set(err, STATUS_RUN, "out of memory: a prototype");
  double *w = room + PARTS * n * n;
  Parts parts;
  Status status = find_parts(factor, room, &parts, err);
  if (status == STATUS_OK) {
    weigh_rows(&parts, largest_eigenvalue(&parts, NULL, n), n, 1, w);
    write_prototype(factor->a, w, w + n, p);
  }
  free(room);
  return status;
}

static void write_axes(const Parts *p, int64_t n, bool *taken, double *w, double *sigma) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t at = largest_eigenvalue(p, taken, n);
    taken[at] = true;
    sigma[i] = sqrt(fmax(p->k[at * n + at], 0));
    if (i == 0) largest = sigma[0];
    if (!(sigma[i] > SIGMA_LEAST * largest)) sigma[i] = 0;
    weigh_rows(p, at, n, sigma[i] > 0 ? 1 / sigma[i] : 0, w + i * n);
  }
}

Status arrow_axes(const LowRank *factor, double *w, double *sigma, Error *err) {
  int64_t n = factor->a->rows;
  double *room = malloc((size_t)(PARTS * n * n) * sizeof *room);
  bool *taken = calloc((size_t)n, sizeof *taken);
  Parts parts;
  Status status = room && taken ? find_parts(factor, room, &parts, err)
                                : error_set(err, STATUS_RUN, "out of memory: singular vectors");
  if (status == STATUS_OK) write_axes(&parts, n, taken, w, sigma);
  free(room);
  free(taken);
  return status;
}
