#include "tools/pool/gate_audit.h"

#include <math.h>
#include <stdlib.h>

#include "autograd/ground/arena.h"
#include "data/examples/batch.h"
#include "infer/route/method_local.h"
#include "infer/route/router_options.h"

enum { TOKENS_TOGETHER = 4096 };

/* Sums while the base runs. */
typedef struct Sums {
  LocalMethod method;
  double **mean;         /* [modules] sum over tokens of LN(u) [d_in] */
  int64_t *first, *seen; /* [experts] pairs where it is first, and where it has a vote */
  int modules, experts;
} Sums;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: looking at gates");
}

static void sums_free(Sums *s) {
  for (int i = 0; s->mean && i < s->modules; i++) free(s->mean[i]);
  free(s->mean);
  free(s->first);
  free(s->seen);
  local_method_close(&s->method);
}

/* The method by gates that takes the first expert, with the defaults else. */
static Status open_first(LocalMethod *method, Pool *pool, const Base *base, int threads,
                         Error *err) {
  OptionSet set;
  RouterSettings first;
  TRY(router_settings_init(&set, &first, err));
  first.top_k = 1;
  const RouteParts parts = {&first, pool, base, threads};
  Status status = local_method_open_stored(method, &parts, VECTOR_GATE, err);
  options_free(&set);
  return status;
}

static Status sums_new(Sums *s, Pool *pool, const Base *base, int threads, Error *err) {
  const Modules *modules = pool_modules(pool);
  *s = (Sums){.modules = modules->count, .experts = pool_count(pool)};
  s->mean = calloc((size_t)s->modules, sizeof *s->mean);
  s->first = calloc((size_t)s->experts, sizeof *s->first);
  s->seen = calloc((size_t)s->experts, sizeof *s->seen);
  if (!s->mean || !s->first || !s->seen) return no_memory(err);
  for (int i = 0; i < s->modules; i++) {
    s->mean[i] = calloc((size_t)modules->module[i].d_in, sizeof **s->mean);
    if (!s->mean[i]) return no_memory(err);
  }
  return open_first(&s->method, pool, base, threads, err);
}

/* ---- a forward of the plain base, looked at ---- */

/* Adds LN of a row. */
static void add_standardised(double *sum, const float *u, int64_t d) {
  double mean = 0, variance = 0;
  for (int64_t k = 0; k < d; k++) mean += (double)u[k] / (double)d;
  for (int64_t k = 0; k < d; k++)
    variance += ((double)u[k] - mean) * ((double)u[k] - mean) / (double)d;
  if (variance <= 0) return;
  for (int64_t k = 0; k < d; k++) sum[k] += ((double)u[k] - mean) / sqrt(variance);
}

static void count_first(Sums *s, const float *logit) {
  int first = -1;
  for (int e = 0; e < s->experts; e++) {
    if (!isfinite(logit[e])) continue;
    s->seen[e]++;
    if (first < 0 || logit[e] > logit[first]) first = e;
  }
  if (first >= 0) s->first[first]++;
}

/* An AdapterAdd that adds nothing. */
static void look(Context *c, void *arg, const Module *module, const Rows *rows, const Tensor *x,
                 Tensor *z, Tensor *y) {
  (void)y;
  Sums *s = arg;
  if (!z) return;
  local_logits(c, s->method.local, module, rows, x, NULL, z);
  for (int64_t t = 0; t < x->rows; t++) {
    add_standardised(s->mean[module->id], x->data + t * x->cols, x->cols);
    count_first(s, z->data + t * z->cols);
  }
}

static Tensor *vectors(void *arg, const Module *module) {
  const Sums *s = arg;
  return local_method_vectors(&s->method, module);
}

static Status run_base(Sums *s, const Base *base, const Batch *batch, int threads, Error *err) {
  AdapterSet adapters = {.add = look, .vectors = vectors, .arg = s};
  T5Run run = {base->model, &adapters, false};
  Arena *arena = arena_new();
  if (!arena) return no_memory(err);
  Context c = context_make(arena, NULL, threads, err);
  for (int64_t i = 0; i < batch->count && err->status == STATUS_OK; i++) {
    const MicroBatch *m = &batch->micro[i];
    ArenaMark mark = arena_mark(arena);
    Tensor *encoded = t5_encode(&c, &run, m->input_ids, m->input);
    t5_decode(&c, &run, encoded, m->input, m->decoder_ids, (Rows){m->target, NULL});
    arena_release(arena, mark);
  }
  arena_free(arena);
  return err->status;
}

static Status run_sample(Sums *s, const Base *base, const ExampleSet *sample, int threads,
                         Error *err) {
  Batch batch;
  BatchSpec spec = {.max_tokens = TOKENS_TOGETHER,
                    .decoder_start = base->model->config.decoder_start_id};
  TRY(batch_make_range(sample, &spec, 0, examples_count(sample), &batch, err));
  Status status = run_base(s, base, &batch, threads, err);
  batch_free(&batch);
  return status;
}

/* ---- what came of it ---- */

static double cosine(const float *v, const double *mean, int64_t d) {
  double vv = 0, mm = 0, vm = 0;
  for (int64_t k = 0; k < d; k++) {
    vv += (double)v[k] * (double)v[k];
    mm += mean[k] * mean[k];
    vm += (double)v[k] * mean[k];
  }
  return vv > 0 && mm > 0 ? vm / sqrt(vv * mm) : 0;
}

static double mean_cosine(const Sums *s, const Pool *pool, int expert) {
  const Modules *modules = pool_modules(pool);
  double sum = 0;
  int covered = 0;
  for (int i = 0; i < modules->count; i++) {
    if (!pool_covers(pool, expert, i)) continue;
    const Tensor *v = local_vectors(s->method.local, &modules->module[i]);
    sum += cosine(v->data + expert * v->cols, s->mean[i], v->cols);
    covered++;
  }
  return covered > 0 ? sum / covered : 0;
}

static Status take_numbers(GateAudit *a, const Sums *s, const Pool *pool, Error *err) {
  a->first = calloc((size_t)s->experts, sizeof *a->first);
  a->aligned = calloc((size_t)s->experts, sizeof *a->aligned);
  if (!a->first || !a->aligned) return no_memory(err);
  for (int e = 0; e < s->experts; e++) {
    if (s->seen[e] > 0) a->first[e] = (double)s->first[e] / (double)s->seen[e];
    a->aligned[e] = mean_cosine(s, pool, e);
  }
  return STATUS_OK;
}

Status gate_audit(GateAudit *a, Pool *pool, const Base *base, const ExampleSet *sample, int threads,
                  Error *err) {
  Sums s;
  *a = (GateAudit){0};
  Status status = sums_new(&s, pool, base, threads, err);
  if (status == STATUS_OK) status = run_sample(&s, base, sample, threads, err);
  if (status == STATUS_OK) status = take_numbers(a, &s, pool, err);
  sums_free(&s);
  if (status != STATUS_OK) gate_audit_free(a);
  return status;
}

void gate_audit_free(GateAudit *a) {
  free(a->first);
  free(a->aligned);
  *a = (GateAudit){0};
}
