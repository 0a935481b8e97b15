#include "infer/merge/spectrum.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/product/blas.h"
#include "autograd/product/lapack.h"

static Status out_of_memory(int64_t d_out, int64_t d_in, Error *err) {
  return error_set(err, STATUS_RUN,
                   "out of memory: the spectrum of an update [%" PRId64 ", %" PRId64 "]", d_out,
                   d_in);
}

static double *doubles(int64_t rows, int64_t cols) {
  return calloc((size_t)rows * (size_t)cols + 1, sizeof(double));
}

Status factors_make(Factors *f, int64_t d_out, int64_t rank, int64_t d_in, Error *err) {
  *f = (Factors){d_out, d_in, rank, doubles(d_out, rank), doubles(rank, d_in)};
  if (f->b && f->a) return STATUS_OK;
  factors_free(f);
  return out_of_memory(d_out, d_in, err);
}

void factors_free(Factors *f) {
  free(f->b);
  free(f->a);
  *f = (Factors){0};
}

void spectrum_free(Spectrum *s) {
  free(s->u);
  free(s->s);
  free(s->vt);
  *s = (Spectrum){0};
}

/* X [d, rank] = Q R: q [d, k], r [k, rank], k = min(d, rank). Where rank is the larger, Q is the
 * identity. */
typedef struct Basis {
  int64_t d, k, rank;
  double *q, *r;
} Basis;

static Status basis_find(Basis *b, Error *err) {
  if (b->k == b->rank) return lapack_qr(b->q, b->d, b->rank, b->r, err);
  double *identity = doubles(b->d, b->d);
  if (!identity) return out_of_memory(b->d, b->rank, err);
  for (int64_t i = 0; i < b->d; i++) identity[i * b->d + i] = 1;
  free(b->r);
  b->r = b->q;
  b->q = identity;
  return STATUS_OK;
}

/* Of x [d, rank], or of its transpose [rank, d]. */
static Status basis_make(Basis *b, const double *x, bool transposed, int64_t d, int64_t rank,
                         Error *err) {
  *b = (Basis){d, d < rank ? d : rank, rank, doubles(d, rank), NULL};
  b->r = doubles(b->k, rank);
  if (!b->q || !b->r) return out_of_memory(d, rank, err);
  for (int64_t i = 0; i < d; i++)
    for (int64_t j = 0; j < rank; j++)
      b->q[i * rank + j] = transposed ? x[j * d + i] : x[i * rank + j];
  return basis_find(b, err);
}

static void basis_free(Basis *b) {
  free(b->q);
  free(b->r);
}

/* Parts of the decomposition of the core [b->k, a->k]. */
static Status decompose(Spectrum *s, const Basis *b, const Basis *a, Error *err) {
  double *core = doubles(b->k, a->k), *u = doubles(b->k, s->count), *vt = doubles(s->count, a->k);
  Status status = core && u && vt ? STATUS_OK : out_of_memory(b->d, a->d, err);
  if (status == STATUS_OK) {
    blas_dgemm(false, true, b->k, a->k, b->rank, b->r, b->rank, a->r, a->rank, core, a->k);
    status = lapack_svd(core, b->k, a->k, u, s->s, vt, err);
  }
  if (status == STATUS_OK) {
    blas_dgemm(false, false, b->d, s->count, b->k, b->q, b->k, u, s->count, s->u, s->count);
    blas_dgemm(false, true, s->count, a->d, a->k, vt, a->k, a->q, a->k, s->vt, a->d);
  }
  free(core);
  free(u);
  free(vt);
  return status;
}

Status spectrum_make(Spectrum *s, const Factors *f, Error *err) {
  Basis b = {0}, a = {0};
  *s = (Spectrum){.d_out = f->d_out, .d_in = f->d_in};
  Status status = basis_make(&b, f->b, false, f->d_out, f->rank, err);
  if (status == STATUS_OK) status = basis_make(&a, f->a, true, f->d_in, f->rank, err);
  if (status == STATUS_OK) {
    s->count = b.k < a.k ? b.k : a.k;
    s->u = doubles(f->d_out, s->count);
    s->s = doubles(s->count, 1);
    s->vt = doubles(s->count, f->d_in);
    status =
        s->u && s->s && s->vt ? decompose(s, &b, &a, err) : out_of_memory(f->d_out, f->d_in, err);
  }
  basis_free(&b);
  basis_free(&a);
  if (status != STATUS_OK) spectrum_free(s);
  return status;
}

int64_t spectrum_rank(const Spectrum *s) {
  int64_t rank = 0;
  while (rank < s->count && s->s[rank] > SPECTRUM_LEAST * s->s[0]) rank++;
  return rank;
}
