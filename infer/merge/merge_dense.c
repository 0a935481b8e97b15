/* Sums of parts of updates: ties, dare, magnitude. One module's updates are dense, one after the
 * other; what comes of them has every rank, and is kept whole, or in its largest singular
 * directions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/product/blas.h"
#include "autograd/product/lapack.h"
#include "infer/merge/merge_method.h"

/* x [d_out, d_in] = s B A */
static Status dense_update(const MergeWork *w, const Module *module, int expert, const LowRank *f,
                           float *x, Error *err) {
  int64_t d_out = f->b->rows, rank = f->a->rows, d_in = f->a->cols;
  blas_sgemm(false, false, d_out, d_in, rank, f->scale, f->b->data, rank, f->a->data, d_in, 0, x,
             d_in);
  for (int64_t i = 0; i < d_out * d_in; i++) {
    if (isfinite(x[i])) continue;
    return error_set(err, STATUS_MISMATCH, "%s: expert '%s': its update of %s is beyond f32",
                     pool_dir(w->pool), pool_entry(w->pool, expert)->name, module->name);
  }
  return STATUS_OK;
}

static Status fill_update(void *arg, int term, float *x, Error *err) {
  const MergeWork *w = arg;
  const MergeTerm *t = &w->term[term];
  return dense_update(w, w->module, t->expert, &t->f, x, err);
}

/* ---- thresholds over whole experts ---- */

static Status count_expert(const MergeWork *w, int expert, LargestCount *count, float *x,
                           Error *err) {
  const Modules *modules = pool_modules(w->pool);
  for (int i = 0; i < modules->count; i++) {
    LowRank f;
    if (!pool_covers(w->pool, expert, i)) continue;
    TRY(pool_factor(w->pool, expert, i, &f, err));
    TRY(dense_update(w, &modules->module[i], expert, &f, x, err));
    largest_count(count, x, f.b->rows * f.a->cols);
  }
  return STATUS_OK;
}

static Status find_threshold(const MergeWork *w, int expert, LargestCount *count, float *x,
                             Error *err) {
  const Modules *modules = pool_modules(w->pool);
  int64_t numbers = 0;
  for (int i = 0; i < modules->count; i++)
    if (pool_covers(w->pool, expert, i))
      numbers += modules->module[i].d_out * modules->module[i].d_in;
  SparseRule rule = {.density = w->settings->density};
  largest_begin(count, sparse_kept(&rule, numbers));
  TRY(count_expert(w, expert, count, x, err));
  largest_turn(count);
  TRY(count_expert(w, expert, count, x, err));
  w->largest[expert] = largest_end(count);
  return STATUS_OK;
}

Status merge_thresholds(MergeWork *w, Error *err) {
  const Modules *modules = pool_modules(w->pool);
  int64_t most = 1;
  for (int i = 0; i < modules->count; i++) {
    int64_t size = modules->module[i].d_out * modules->module[i].d_in;
    if (size > most) most = size;
  }
  LargestCount *count = malloc(sizeof *count);
  float *x = malloc((size_t)most * sizeof *x);
  w->largest = calloc((size_t)pool_count(w->pool) + 1, sizeof *w->largest);
  Status status = count && x && w->largest
                      ? STATUS_OK
                      : error_set(err, STATUS_RUN, "out of memory: thresholds of a merge");
  for (int i = 0; i < pool_count(w->pool) && status == STATUS_OK; i++)
    status = find_threshold(w, i, count, x, err);
  free(count);
  free(x);
  return status;
}

/* ---- the adapter ---- */

/* X as one factor, the identity as the other: nothing is lost. */
static Status put_whole(MergeWork *w, const double *x, int64_t d_out, int64_t d_in, Error *err) {
  int id = w->module->id;
  int64_t rank = d_out < d_in ? d_out : d_in;
  TRY(merge_slot(w, rank, err));
  Tensor *dense = d_out < d_in ? &w->merged->a[id] : &w->merged->b[id];
  Tensor *identity = d_out < d_in ? &w->merged->b[id] : &w->merged->a[id];
  for (int64_t i = 0; i < rank; i++) identity->data[i * rank + i] = 1;
  merge_narrow(dense->data, x, d_out * d_in);
  return STATUS_OK;
}

static double square_sum(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
  return sum;
}

/* Given orthonormal rows of the shorter side, the singular directions of X with the largest values:
 * U^T X beside U, or V^T beside X V, whose product is the nearest of its rank. */
static Status put_projection(MergeWork *w, const double *x, int64_t d_out, int64_t d_in,
                             double *rows, double *other, int64_t rank, Error *err) {
  int id = w->module->id;
  TRY(merge_slot(w, rank, err));
  float *a = w->merged->a[id].data, *b = w->merged->b[id].data;
  if (d_out < d_in) {
    blas_dgemm(false, false, rank, d_in, d_out, rows, d_out, x, d_in, other, d_in);
    merge_narrow(a, other, rank * d_in);
    for (int64_t i = 0; i < rank * d_out; i++) b[i % d_out * rank + i / d_out] = (float)rows[i];
  } else {
    blas_dgemm(false, true, d_out, rank, d_in, x, d_in, rows, d_in, other, rank);
    merge_narrow(b, other, d_out * rank);
    for (int64_t i = 0; i < rank * d_in; i++) a[i] = (float)rows[i];
  }
  double lost = w->merged->module[id].norm * w->merged->module[id].norm -
                square_sum(other, rank * (d_out < d_in ? d_in : d_out));
  w->merged->module[id].lost = lost > 0 ? sqrt(lost) : 0;
  return STATUS_OK;
}

/* By the Gram matrix of the shorter side. */
static Status put_part(MergeWork *w, const double *x, int64_t d_out, int64_t d_in, int64_t rank,
                       Error *err) {
  bool wide = d_out < d_in;
  int64_t side = wide ? d_out : d_in, length = wide ? d_in : d_out;
  double *gram = malloc((size_t)(side * side) * sizeof *gram);
  double *rows = malloc((size_t)(rank * side) * sizeof *rows);
  double *other = malloc((size_t)(rank * length) * sizeof *other);
  Status status = gram && rows && other
                      ? STATUS_OK
                      : error_set(err, STATUS_RUN, "out of memory: a merged update");
  if (status == STATUS_OK) {
    blas_dgemm(!wide, wide, side, side, length, x, d_in, x, d_in, gram, side);
    status = lapack_eigenvectors(gram, side, rank, rows, err);
  }
  if (status == STATUS_OK) status = put_projection(w, x, d_out, d_in, rows, other, rank, err);
  free(gram);
  free(rows);
  free(other);
  return status;
}

static Status put_dense(MergeWork *w, const double *x, Error *err) {
  int64_t d_out = w->module->d_out, d_in = w->module->d_in;
  int64_t rank = w->settings->rank;
  w->merged->module[w->module->id].norm = sqrt(square_sum(x, d_out * d_in));
  bool whole = rank == 0 || rank >= d_out || rank >= d_in;
  return whole ? put_whole(w, x, d_out, d_in, err) : put_part(w, x, d_out, d_in, rank, err);
}

static Status make_terms(const MergeWork *w, SparseTerm *term, Error *err) {
  if (!term) return error_set(err, STATUS_RUN, "out of memory: a merged update");
  for (int k = 0; k < w->terms; k++) {
    int expert = w->term[k].expert;
    term[k] = (SparseTerm){.weight = w->term[k].weight,
                           .largest = w->largest ? &w->largest[expert] : NULL,
                           .key = merge_stream(w, expert, w->module, 0)};
  }
  return STATUS_OK;
}

Status merge_dense(MergeWork *w, Error *err) {
  int64_t n = w->module->d_out * w->module->d_in;
  SparseRule rule = {w->method->prune, w->method->elect, w->settings->density};
  SparseTerm *term = calloc((size_t)w->terms, sizeof *term);
  double *x = malloc((size_t)n * sizeof *x);
  Status status = make_terms(w, term, err);
  if (status == STATUS_OK && !x) status = error_set(err, STATUS_RUN, "out of memory: an update");
  if (status == STATUS_OK) status = sparse_sum(&rule, term, w->terms, fill_update, w, n, x, err);
  if (status == STATUS_OK) status = put_dense(w, x, err);
  free(term);
  free(x);
  return status;
}
