/* PEFT's add_weighted_adapter (peft 0.21): with c_i = w_i s_i, the rule of the method (sparse.h) on the
 * A_i with the weights sgn(c_i) sqrt|c_i|, and on the B_i with sqrt|c_i|, apart. The new adapter has
 * alpha = r, so that its scale should be 1; but it inherits use_rslora of the first, and has sqrt(r)
 * then. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/merge/merge_method.h"

/* One of the two factors of the module at hand. */
typedef struct FactorSum {
  const MergeWork *w;
  bool b;
} FactorSum;

static const Tensor *factor_of(const FactorSum *f, int term) {
  const LowRank *update = &f->w->term[term].f;
  return f->b ? update->b : update->a;
}

static Status fill_factor(void *arg, int term, float *x, Error *err) {
  (void)err;
  const Tensor *t = factor_of(arg, term);
  memcpy(x, t->data, (size_t)tensor_count(t) * sizeof *x);
  return STATUS_OK;
}

/* float, as torch.tensor makes of Python's numbers. */
static double factor_weight(const FactorSum *f, double c) {
  double root = (double)(float)sqrt(fabs(c));
  return c < 0 && !f->b ? -root : root;
}

static Status sum_factors(FactorSum *f, Tensor *to, Error *err) {
  const MergeWork *w = f->w;
  int64_t n = tensor_count(to);
  SparseRule rule = {w->method->prune, w->method->elect, w->settings->density};
  SparseTerm *term = calloc((size_t)w->terms, sizeof *term);
  double *sum = malloc((size_t)n * sizeof *sum);
  Status status =
      term && sum ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: merged factors");
  for (int k = 0; k < w->terms && term; k++) {
    const MergeTerm *t = &w->term[k];
    term[k] = (SparseTerm){.weight = factor_weight(f, (double)t->f.scale * t->weight),
                           .key = merge_stream(w, t->expert, w->module, f->b ? 2 : 1)};
  }
  if (status == STATUS_OK) status = sparse_sum(&rule, term, w->terms, fill_factor, f, n, sum, err);
  if (status == STATUS_OK) merge_narrow(to->data, sum, n);
  free(term);
  free(sum);
  return status;
}

Status merge_peft(MergeWork *w, Error *err) {
  for (int k = 0; k < w->terms; k++) {
    if (w->term[k].f.a->rows == w->rank_most) continue;
    return error_set(err, STATUS_MISMATCH,
                     "%s: expert '%s' has rank %" PRId64 " at %s, where others have %" PRId64
                     "; PEFT's %s wants equal ranks, this one's own does not (compat none)",
                     pool_dir(w->pool), pool_entry(w->pool, w->term[k].expert)->name,
                     w->term[k].f.a->rows, w->module->name, w->rank_most, w->method->name);
  }
  TRY(merge_slot(w, w->rank_most, err));
  FactorSum a = {w, false}, b = {w, true};
  TRY(sum_factors(&a, &w->merged->a[w->module->id], err));
  return sum_factors(&b, &w->merged->b[w->module->id], err);
}

/* Over all modules, as PEFT takes it of a configuration; 0 of an (IA)3. */
static Status largest_rank(const MergeWork *w, int expert, int64_t *rank, Error *err) {
  *rank = 0;
  for (int i = 0; i < pool_modules(w->pool)->count; i++) {
    LowRank f;
    if (pool_kind(w->pool, expert) != PEFT_LORA || !pool_covers(w->pool, expert, i)) continue;
    TRY(pool_factor(w->pool, expert, i, &f, err));
    if (f.a->rows > *rank) *rank = f.a->rows;
  }
  return STATUS_OK;
}

static Status check_rank(const MergeWork *w, int expert, int64_t rank, int64_t first, Error *err) {
  if (!w->method->factors || expert == 0 || rank == first) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: expert '%s' has rank %" PRId64 ", and '%s' %" PRId64
                   "; PEFT's %s wants equal ranks, this one's own does not (compat none)",
                   pool_dir(w->pool), pool_entry(w->pool, 0)->name, first,
                   pool_entry(w->pool, expert)->name, rank, w->method->name);
}

/* One adapter alone is merged by `linear`, whatever was asked for. */
Status merge_peft_begin(MergeWork *w, Error *err) {
  int experts = pool_count(w->pool);
  int64_t sum = 0, most = 0, first = 0;
  if (experts == 1) w->method = merge_peft_alone();
  for (int i = 0; i < experts; i++) {
    int64_t rank;
    TRY(largest_rank(w, i, &rank, err));
    if (i == 0) first = rank;
    TRY(check_rank(w, i, rank, first, err));
    sum += rank;
    if (rank > most) most = rank;
  }
  w->peft_rank = w->method->merge == merge_cat ? sum : most;
  if (!w->method->factors && w->settings->rank > 0) w->peft_rank = w->settings->rank;
  if (pool_rslora(w->pool, 0)) w->scale = sqrtf((float)w->peft_rank);
  return STATUS_OK;
}
