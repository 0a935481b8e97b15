/* TSV-M (Gargiulo et al. 2025, arXiv 2412.00081, section 4.2). Of each of E updates U_i S_i V_i^T the
 * first min(rank, floor(min(d_out, d_in) / E)) singular directions are kept; those of all experts lie
 * side by side as U = [U_1 ... U_E] and V, which their nearest orthonormal matrices replace (P Q^T of
 * the decomposition P D Q^T, their polar factor):
 *
 *   merged = U_polar diag(w_1 S_1, ..., w_E S_E) V_polar^T
 *
 * Directions of which U or V has only rounding (two experts that are copies) take no part. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/product/blas.h"
#include "autograd/product/lapack.h"
#include "infer/merge/merge_method.h"

/* x [m, n] becomes its polar factor. */
static Status polar(double *x, int64_t m, int64_t n, Error *err) {
  int64_t k = m < n ? m : n;
  size_t size = (size_t)(m * k + k + k * n);
  double *p = malloc(size * sizeof *p), *d = p ? p + m * k : NULL, *qt = p ? d + k : NULL;
  if (!p) return error_set(err, STATUS_RUN, "out of memory: singular directions of a merge");
  Status status = lapack_svd(x, m, n, p, d, qt, err);
  int64_t rank = 0;
  while (status == STATUS_OK && rank < k && d[rank] > SPECTRUM_LEAST * d[0]) rank++;
  if (rank > 0) blas_dgemm(false, false, m, n, rank, p, k, qt, n, x, n);
  free(p);
  return status;
}

/* The spectrum of one update, s B A. */
static Status term_spectrum(const MergeTerm *t, Spectrum *s, Error *err) {
  Factors f;
  const Tensor *a = t->f.a, *b = t->f.b;
  TRY(factors_make(&f, b->rows, a->rows, a->cols, err));
  for (int64_t i = 0; i < tensor_count(a); i++) f.a[i] = (double)a->data[i];
  for (int64_t i = 0; i < tensor_count(b); i++) f.b[i] = (double)t->f.scale * (double)b->data[i];
  Status status = spectrum_make(s, &f, err);
  factors_free(&f);
  return status;
}

/* The directions of all experts, u in b and v^T in a, of which `used` columns and rows are. */
typedef struct Directions {
  Factors f;
  double *s; /* [f.rank], times the expert's weight */
  int64_t used;
} Directions;

static Status add_directions(Directions *all, const MergeTerm *t, int64_t most, Error *err) {
  Spectrum s;
  TRY(term_spectrum(t, &s, err));
  int64_t rank = spectrum_rank(&s), d_in = s.d_in;
  if (rank > most) rank = most;
  for (int64_t i = 0; i < rank; i++) {
    int64_t to = all->used + i;
    all->s[to] = t->weight * s.s[i];
    memcpy(all->f.a + to * d_in, s.vt + i * d_in, (size_t)d_in * sizeof *s.vt);
    for (int64_t o = 0; o < s.d_out; o++) all->f.b[o * all->f.rank + to] = s.u[o * s.count + i];
  }
  all->used += rank;
  spectrum_free(&s);
  return STATUS_OK;
}

static Status find_directions(const MergeWork *w, Directions *all, Error *err) {
  const Module *m = w->module;
  int64_t side = m->d_out < m->d_in ? m->d_out : m->d_in, most = side / w->terms;
  if (most == 0)
    return error_set(err, STATUS_MISMATCH,
                     "%s: tsv: %d experts at %s, which has room for %" PRId64 " directions",
                     pool_dir(w->pool), w->terms, m->name, side);
  TRY(factors_make(&all->f, m->d_out, w->ranks, m->d_in, err));
  all->s = calloc((size_t)w->ranks, sizeof *all->s);
  if (!all->s) return error_set(err, STATUS_RUN, "out of memory: singular directions of a merge");
  for (int k = 0; k < w->terms; k++) TRY(add_directions(all, &w->term[k], most, err));
  return STATUS_OK;
}

/* Both sides are made orthonormal, and s goes into b. Columns of b behind those that are used are
 * zero and stay so: they are no directions. */
static Status make_orthonormal(Directions *all, Error *err) {
  Factors *f = &all->f;
  if (all->used == 0) return STATUS_OK;
  TRY(polar(f->a, all->used, f->d_in, err));
  TRY(polar(f->b, f->d_out, f->rank, err));
  for (int64_t o = 0; o < f->d_out; o++)
    for (int64_t i = 0; i < f->rank; i++) f->b[o * f->rank + i] *= all->s[i];
  return STATUS_OK;
}

Status merge_tsv(MergeWork *w, Error *err) {
  Directions all = {0};
  Spectrum s = {0};
  Status status = find_directions(w, &all, err);
  if (status == STATUS_OK) status = make_orthonormal(&all, err);
  if (status == STATUS_OK) status = spectrum_make(&s, &all.f, err);
  int64_t rank = w->settings->rank;
  if (status == STATUS_OK) status = merge_put(w, &s, rank > 0 ? rank : spectrum_rank(&s), err);
  spectrum_free(&s);
  factors_free(&all.f);
  free(all.s);
  return status;
}
