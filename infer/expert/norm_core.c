#include "infer/expert/norm_core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/expert/arrow.h"

/* A pivot below this part of the largest diagonal is rounding: f32 factors leave 1e-14 of it. */
static const double PIVOT_LEAST = 1e-10;

/* The upper R [n, n] with R^T R = g, in place; a pivot that is zero has a row of zeros, as it must in
 * a matrix of lower rank. */
static void cholesky_upper(double *g, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) largest = fmax(largest, g[i * n + i]);
  for (int64_t i = 0; i < n; i++) {
    double *row = g + i * n, pivot = row[i];
    memset(row, 0, (size_t)i * sizeof *row);
    if (!(pivot > PIVOT_LEAST * largest)) {
      memset(row + i, 0, (size_t)(n - i) * sizeof *row);
      continue;
    }
    for (int64_t j = i; j < n; j++) row[j] /= sqrt(pivot);
    for (int64_t k = i + 1; k < n; k++)
      for (int64_t j = k; j < n; j++) g[k * n + j] -= row[k] * row[j];
  }
}

/* The Gram matrix [n, n] of the n vectors x(i, k) = x[i * down + k * along], k < length. */
static void gram_of(const float *x, int64_t n, int64_t down, int64_t along, int64_t length,
                    double *g) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < length; k++)
        sum += (double)x[i * down + k * along] * (double)x[j * down + k * along];
      g[i * n + j] = g[j * n + i] = sum;
    }
  }
}

/* c = r g r^T */
static void congruence(const double *r, const double *g, int64_t n, double *half, double *c) {
  for (int64_t i = 0; i < n * n; i++) half[i] = c[i] = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < n; k++)
      for (int64_t j = 0; j < n; j++) half[i * n + j] += r[i * n + k] * g[k * n + j];
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t k = 0; k < n; k++) c[i * n + j] += half[i * n + k] * r[j * n + k];
}

/* r = (U^T)^-1 r by rows, U upper; rows of a pivot of zero become zero. */
static void solve_rows(const double *u, double *r, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    double pivot = u[i * n + i];
    for (int64_t j = 0; j < n; j++) {
      double sum = r[i * n + j];
      for (int64_t k = 0; k < i; k++) sum -= u[k * n + i] * r[k * n + j];
      r[i * n + j] = pivot > 0 ? sum / pivot : 0;
    }
  }
}

/* Of all singular vectors; `room` holds four matrices. */
static void whole_core(const LowRank *f, bool spectrum, double *room, float *core) {
  int64_t n = f->a->rows, size = n * n;
  double *r = room, *g = room + size;
  gram_of(f->b->data, n, 1, n, f->b->rows, r);
  cholesky_upper(r, n);
  if (!spectrum) {
    gram_of(f->a->data, n, f->a->cols, 1, f->a->cols, g);
    congruence(r, g, n, g + size, g + 2 * size);
    cholesky_upper(g + 2 * size, n);
    solve_rows(g + 2 * size, r, n);
  }
  for (int64_t i = 0; i < size; i++) core[i] = (float)r[i];
}

/* Of the first; `room` holds a matrix and a row. */
static Status cut_core(const LowRank *f, bool spectrum, int64_t rank, double *room, float *core,
                       Error *err) {
  int64_t n = f->a->rows;
  double *sigma = room + n * n;
  TRY(arrow_axes(f, room, sigma, err));
  for (int64_t i = 0; i < n; i++) {
    double factor = i >= rank ? 0 : spectrum ? sigma[i] : 1;
    for (int64_t j = 0; j < n; j++) core[i * n + j] = (float)(factor * room[i * n + j]);
  }
  return STATUS_OK;
}

Status norm_core(const LowRank *f, bool spectrum, int64_t rank, float *core, Error *err) {
  int64_t n = f->a->rows;
  double *room = malloc((size_t)(4 * n * n + n) * sizeof *room);
  if (!room) return error_set(err, STATUS_RUN, "out of memory: norms");
  Status status = STATUS_OK;
  if (rank > 0 && rank < n) {
    status = cut_core(f, spectrum, rank, room, core, err);
  } else {
    whole_core(f, spectrum, room, core);
  }
  free(room);
  return status;
}
