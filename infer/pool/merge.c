#include "infer/pool/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/op/rescale.h"

static Status merged_make(Merged *m, const Pool *pool, Error *err) {
  int count = pool_modules(pool)->count;
  size_t n = (size_t)count;
  *m = (Merged){.adapters = {.slot = calloc(n, sizeof(Adapter)), .count = count},
                .a = calloc(n, sizeof *m->a),
                .b = calloc(n, sizeof *m->b),
                .l = calloc(n, sizeof *m->l)};
  if (m->adapters.slot && m->a && m->b && m->l) return STATUS_OK;
  merged_free(m);
  return error_set(err, STATUS_RUN, "out of memory: merged experts");
}

void merged_free(Merged *m) {
  for (int i = 0; m->a && m->b && m->l && i < m->adapters.count; i++) {
    tensor_destroy(&m->a[i]);
    tensor_destroy(&m->b[i]);
    tensor_destroy(&m->l[i]);
  }
  free(m->adapters.slot);
  free(m->a);
  free(m->b);
  free(m->l);
  *m = (Merged){0};
}

/* Makes A [rank, d_in] and B [d_out, rank] of a module, zeroed, and puts them into its slot. */
static Status make_slot(Merged *m, const Module *module, int64_t rank, Error *err) {
  Tensor *a = &m->a[module->id], *b = &m->b[module->id];
  TRY(tensor_create(a, rank, module->d_in, false, err));
  TRY(tensor_create(b, module->d_out, rank, false, err));
  m->adapters.slot[module->id] = adapter_of((LowRank){.a = a, .b = b, .scale = 1});
  return STATUS_OK;
}

/* How one module is merged, given how many experts cover it. */
typedef Status MergeModule(Merged *m, Pool *pool, const Module *module, int covering, Error *err);

static Status merge_pool(Merged *m, Pool *pool, MergeModule *how, Error *err) {
  const Modules *modules = pool_modules(pool);
  TRY(merged_make(m, pool, err));
  Status status = STATUS_OK;
  for (int i = 0; i < modules->count && status == STATUS_OK; i++) {
    int covering = 0;
    for (int k = 0; k < pool_count(pool); k++) covering += pool_covers(pool, k, i);
    if (covering > 0) status = how(m, pool, &modules->module[i], covering, err);
  }
  if (status != STATUS_OK) merged_free(m);
  return status;
}

static Status rank_sum(Pool *pool, int module, int64_t *sum, Error *err) {
  *sum = 0;
  for (int k = 0; k < pool_count(pool); k++) {
    LowRank f;
    if (!pool_covers(pool, k, module)) continue;
    TRY(pool_factor(pool, k, module, &f, err));
    *sum += f.a->rows;
  }
  return STATUS_OK;
}

static Status stack_module(Merged *m, Pool *pool, const Module *module, int covering, Error *err) {
  int64_t rank, at = 0;
  TRY(rank_sum(pool, module->id, &rank, err));
  TRY(make_slot(m, module, rank, err));
  Tensor *a = &m->a[module->id], *b = &m->b[module->id];
  for (int k = 0; k < pool_count(pool); k++) {
    LowRank f;
    if (!pool_covers(pool, k, module->id)) continue;
    TRY(pool_factor(pool, k, module->id, &f, err));
    int64_t r = f.a->rows;
    float scale = f.scale / (float)covering;
    memcpy(a->data + at * a->cols, f.a->data, (size_t)tensor_count(f.a) * sizeof *a->data);
    for (int64_t i = 0; i < tensor_count(f.b); i++) {
      b->data[i / r * rank + at + i % r] = scale * f.b->data[i];
    }
    at += r;
  }
  return STATUS_OK;
}

/* l = 1 + (1/n) sum_i (l_i - 1), of experts that all rescale the same side. */
static Status average_rescales(Merged *m, Pool *pool, const Module *module, int covering,
                               Error *err) {
  Tensor *l = &m->l[module->id];
  bool input = pool_rescales(pool, module->id).inputs > 0;
  TRY(tensor_create(l, 1, input ? module->d_in : module->d_out, false, err));
  for (int k = 0; k < pool_count(pool); k++) {
    Adapter a;
    if (!pool_covers(pool, k, module->id)) continue;
    TRY(pool_adapter(pool, k, module->id, &a, err));
    rescale_add(l->data, 1 / (float)covering, a.rescale->data, l->cols);
  }
  for (int64_t i = 0; i < l->cols; i++) l->data[i] += 1;
  m->adapters.slot[module->id] = adapter_rescaling(l, input);
  return STATUS_OK;
}

static Status merge_module(Merged *m, Pool *pool, const Module *module, int covering, Error *err) {
  PoolRescales rescales = pool_rescales(pool, module->id);
  if (rescales.inputs + rescales.outputs == 0) return stack_module(m, pool, module, covering, err);
  if (rescales.inputs == covering || rescales.outputs == covering)
    return average_rescales(m, pool, module, covering, err);
  return STATUS_OK;
}

Status merge_updates(Merged *m, Pool *pool, Error *err) {
  return merge_pool(m, pool, merge_module, err);
}

static void add_scaled(Tensor *to, const Tensor *from, float scale) {
  for (int64_t i = 0; i < tensor_count(to); i++) to->data[i] += scale * from->data[i];
}

static Status average_module(Merged *m, Pool *pool, const Module *module, int covering,
                             Error *err) {
  int64_t rank = pool_max_rank(pool, module->id);
  TRY(make_slot(m, module, rank, err));
  for (int k = 0; k < pool_count(pool); k++) {
    LowRank f;
    if (!pool_covers(pool, k, module->id)) continue;
    TRY(pool_factor(pool, k, module->id, &f, err));
    if (f.a->rows != rank) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: %s: rank %" PRId64 " at %s, where others have %" PRId64
                       "; averaging factors needs equal ranks (merged averages updates)",
                       pool_dir(pool), pool_entry(pool, k)->name, f.a->rows, module->name, rank);
    }
    add_scaled(&m->a[module->id], f.a, 1 / (float)covering);
    add_scaled(&m->b[module->id], f.b, f.scale / (float)covering);
  }
  return STATUS_OK;
}

Status merge_factors(Merged *m, Pool *pool, Error *err) {
  return merge_pool(m, pool, average_module, err);
}
