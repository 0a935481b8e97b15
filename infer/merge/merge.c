#include "infer/merge/merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/op/rescale.h"
#include "infer/merge/merge_method.h"

static Status merged_make(Merged *m, const Pool *pool, Error *err) {
  int count = pool_modules(pool)->count;
  size_t n = (size_t)count;
  *m = (Merged){.adapters = {.slot = calloc(n, sizeof(Adapter)), .count = count},
                .a = calloc(n, sizeof *m->a),
                .b = calloc(n, sizeof *m->b),
                .l = calloc(n, sizeof *m->l),
                .module = calloc(n, sizeof *m->module)};
  if (m->adapters.slot && m->a && m->b && m->l && m->module) return STATUS_OK;
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
  free(m->module);
  *m = (Merged){0};
}

double merged_lost(const Merged *m) {
  double norm = 0, lost = 0;
  for (int i = 0; i < m->adapters.count; i++) {
    norm += m->module[i].norm * m->module[i].norm;
    lost += m->module[i].lost * m->module[i].lost;
  }
  return norm > 0 ? sqrt(lost / norm) : 0;
}

/* ---- (IA)3 ---- */

/* 1 + sum_i w_i (l_i - 1), of experts that all rescale the same side. PEFT begins with 0 in the place
 * of 1, and so has sum_i w_i l_i. */
static Status sum_rescales(MergeWork *w, Error *err) {
  int id = w->module->id;
  Tensor *l = &w->merged->l[id];
  bool input = pool_rescales(w->pool, id).inputs > 0;
  double ones = 0;
  TRY(tensor_create(l, 1, input ? w->module->d_in : w->module->d_out, false, err));
  for (int k = 0; k < w->terms; k++) {
    Adapter a;
    TRY(pool_adapter(w->pool, w->term[k].expert, id, &a, err));
    rescale_add(l->data, (float)w->term[k].weight, a.rescale->data, l->cols);
    ones += w->term[k].weight;
  }
  float begin = w->settings->compat == COMPAT_PEFT ? (float)ones : 1;
  for (int64_t i = 0; i < l->cols; i++) l->data[i] += begin;
  w->merged->adapters.slot[id] = adapter_rescaling(l, input);
  return STATUS_OK;
}

static Status refuse_rescale(const MergeWork *w, Error *err) {
  for (int k = 0; k < w->terms; k++) {
    int expert = w->term[k].expert;
    if (pool_kind(w->pool, expert) == PEFT_LORA) continue;
    return error_set(err, STATUS_MISMATCH,
                     "%s: expert '%s' is an %s at %s, which %s does not merge%s; leave it out, or "
                     "take cat",
                     pool_dir(w->pool), pool_entry(w->pool, expert)->name,
                     peft_type_title(pool_kind(w->pool, expert)), w->module->name, w->method->name,
                     w->method->sums ? " with experts that change the module otherwise" : "");
  }
  return STATUS_OK;
}

static Status merge_rescales(MergeWork *w, PoolRescales rescales, Error *err) {
  bool alike = rescales.inputs == w->terms || rescales.outputs == w->terms;
  if (!w->method->sums) return refuse_rescale(w, err);
  if (alike) return sum_rescales(w, err);
  if (w->weight || w->settings->compat == COMPAT_PEFT) return refuse_rescale(w, err);
  return STATUS_OK; /* every expert runs */
}

/* ---- modules ---- */

static double weight_of(const MergeWork *w, int expert, int covering) {
  if (w->weight) return w->weight[expert];
  return w->method->mean ? 1.0 / covering : 1;
}

/* The experts that cover the module; a scale over their number is rounded once. PEFT counts all. */
static Status find_terms(MergeWork *w, Error *err) {
  w->terms = 0;
  w->ranks = w->rank_most = 0;
  int covering = 0, experts = pool_count(w->pool);
  for (int i = 0; i < experts; i++) covering += pool_covers(w->pool, i, w->module->id);
  if (w->settings->compat == COMPAT_PEFT) covering = experts;
  for (int i = 0; i < experts; i++) {
    if (!pool_covers(w->pool, i, w->module->id)) continue;
    MergeTerm *t = &w->term[w->terms++];
    *t = (MergeTerm){.expert = i, .weight = weight_of(w, i, covering)};
    if (pool_kind(w->pool, i) != PEFT_LORA) continue;
    TRY(pool_factor(w->pool, i, w->module->id, &t->f, err));
    double scale = (double)t->f.scale;
    t->coefficient = !w->weight && w->method->mean ? scale / covering : scale * t->weight;
    w->ranks += t->f.a->rows;
    if (t->f.a->rows > w->rank_most) w->rank_most = t->f.a->rows;
  }
  return STATUS_OK;
}

static bool is_finite(const Tensor *t) {
  for (int64_t i = 0; i < tensor_count(t); i++)
    if (!isfinite(t->data[i])) return false;
  return true;
}

static Status check_finite(const MergeWork *w, Error *err) {
  const Merged *m = w->merged;
  int id = w->module->id;
  if (is_finite(&m->a[id]) && is_finite(&m->b[id]) && is_finite(&m->l[id])) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: %s: merged by %s a number is beyond f32; are the weights too large?",
                   pool_dir(w->pool), w->module->name, w->method->name);
}

static Status merge_terms(MergeWork *w, Error *err) {
  PoolRescales rescales = pool_rescales(w->pool, w->module->id);
  if (rescales.inputs + rescales.outputs > 0) return merge_rescales(w, rescales, err);
  bool factors = w->settings->compat == COMPAT_PEFT && w->method->factors;
  return factors ? merge_peft(w, err) : w->method->merge(w, err);
}

static Status merge_modules(MergeWork *w, Error *err) {
  const MergeSettings *s = w->settings;
  const Modules *modules = pool_modules(w->pool);
  if (s->weights) TRY(merge_weights(s->weights, w->pool, w->weight, err));
  if (s->compat == COMPAT_PEFT) TRY(merge_peft_begin(w, err));
  if (s->scope == SCOPE_EXPERT && w->method->prune == PRUNE_MAGNITUDE)
    TRY(merge_thresholds(w, err));
  for (int i = 0; i < modules->count; i++) {
    w->module = &modules->module[i];
    TRY(find_terms(w, err));
    if (w->terms == 0) continue;
    TRY(merge_terms(w, err));
    TRY(check_finite(w, err));
  }
  return STATUS_OK;
}

Status merge_run(Merged *m, Pool *pool, const MergeSettings *settings, const MergeMethod *method,
                 Error *err) {
  *m = (Merged){0};
  size_t experts = (size_t)pool_count(pool);
  MergeWork w = {.settings = settings,
                 .method = method,
                 .pool = pool,
                 .merged = m,
                 .scale = 1,
                 .term = calloc(experts + 1, sizeof *w.term),
                 .weight = settings->weights ? calloc(experts + 1, sizeof *w.weight) : NULL};
  Status status = w.term && (w.weight || !settings->weights)
                      ? merged_make(m, pool, err)
                      : error_set(err, STATUS_RUN, "out of memory: merged experts");
  if (status == STATUS_OK) status = merge_modules(&w, err);
  if (status != STATUS_OK) merged_free(m);
  free(w.term);
  free(w.weight);
  free(w.largest);
  return status;
}

Status merge_pool(Merged *m, Pool *pool, const MergeSettings *settings, Error *err) {
  *m = (Merged){0};
  TRY(merge_check(settings, err));
  return merge_run(m, pool, settings, merge_method(settings->method), err);
}
