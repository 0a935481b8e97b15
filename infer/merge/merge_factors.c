/* The means of A and of B: what PHATGOOSE's released code merges. */
#include <inttypes.h>

#include "infer/merge/merge_method.h"

static void add_scaled(Tensor *to, const Tensor *from, float scale) {
  for (int64_t i = 0; i < tensor_count(to); i++) to->data[i] += scale * from->data[i];
}

static Status average_factors(MergeWork *w, Error *err) {
  int id = w->module->id;
  int64_t rank = pool_max_rank(w->pool, id);
  TRY(merge_slot(w, rank, err));
  for (int k = 0; k < w->terms; k++) {
    const MergeTerm *t = &w->term[k];
    if (t->f.a->rows != rank) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: %s: rank %" PRId64 " at %s, where others have %" PRId64
                       "; averaging factors needs equal ranks (merged averages updates)",
                       pool_dir(w->pool), pool_entry(w->pool, t->expert)->name, t->f.a->rows,
                       w->module->name, rank);
    }
    add_scaled(&w->merged->a[id], t->f.a, (float)t->weight);
    add_scaled(&w->merged->b[id], t->f.b, (float)t->coefficient);
  }
  return STATUS_OK;
}

Status merge_factors(Merged *m, Pool *pool, Error *err) {
  static const MergeMethod AVERAGE = {
      .name = "merged-factors", .merge = average_factors, .mean = true};
  MergeSettings settings = merge_mean();
  return merge_run(m, pool, &settings, &AVERAGE, err);
}
