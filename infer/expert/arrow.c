#include "infer/expert/arrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Square matrices [n, n] of doubles, row-major. */

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

/* The column of the largest eigenvalue. */
static int64_t first_eigenvector(const double *a, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++) {
    if (a[i * n + i] > a[best * n + best]) best = i;
  }
  return best;
}

/* w [n] = S z: what A^T takes to the prototype. `room` holds five matrices. */
static Status prototype_weights(const LowRank *f, double *room, double *w, Error *err) {
  int64_t n = f->a->rows, size = n * n;
  double *gram = room, *s = room + size, *half = room + 2 * size, *k = room + 3 * size,
         *z = room + 4 * size;
  gram_cols(f->b->data, f->b->rows, n, gram);
  TRY(eigen_symmetric(gram, s, n, err));
  for (int64_t i = 0; i < size; i++) s[i] *= sqrt(fmax(gram[i % n * (n + 1)], 0));
  gram_rows(f->a->data, n, f->a->cols, gram);
  multiply_square(false, gram, s, half, n);
  multiply_square(true, s, half, k, n);
  TRY(eigen_symmetric(k, z, n, err));
  int64_t first = first_eigenvector(k, n);
  for (int64_t i = 0; i < n; i++) {
    w[i] = 0;
    for (int64_t j = 0; j < n; j++) w[i] += s[i * n + j] * z[j * n + first];
  }
  return STATUS_OK;
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
  double *room = malloc((size_t)(5 * n * n + n + d) * sizeof *room);
  if (!room) return error_set(err, STATUS_RUN, "out of memory: a prototype");
  double *w = room + 5 * n * n;
  Status status = prototype_weights(factor, room, w, err);
  if (status == STATUS_OK) write_prototype(factor->a, w, w + n, p);
  free(room);
  return status;
}
