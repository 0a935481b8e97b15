#include "infer/route/route_local.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/arena.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"

enum { ROWS_PER_TASK = 64 };

static const double NORM_EPS = 1e-5; /* of LN, as in torch.nn.functional.layer_norm */

struct LocalRouter {
  LocalRule rule;
  int experts, modules;
  LocalModule *module; /* [modules], by Module.id */
  Arena *vectors;      /* of all modules */
};

/* Making. */

typedef struct Loading {
  LocalRouter *router;
  LocalVector *vector;
  void *arg;
} Loading;

/* v - mean(v), and with `scaled` divided by the standard deviation. LN(u) has mean 0, so that
 * LN(u) . v is LN(u) . (v - mean(v)), which needs no mean of u. */
static void standardise_values(float *v, int64_t n, bool scaled) {
  double mean = 0, variance = 0;
#pragma omp simd reduction(+ : mean)
  for (int64_t i = 0; i < n; i++) mean += (double)v[i];
  mean /= (double)n;
#pragma omp simd reduction(+ : variance)
  for (int64_t i = 0; i < n; i++) variance += ((double)v[i] - mean) * ((double)v[i] - mean);
  variance /= (double)n;
  double factor = scaled ? 1 / sqrt(variance + NORM_EPS) : 1;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) v[i] = (float)(((double)v[i] - mean) * factor);
}

static Status load_vectors(const Loading *l, int module, LocalModule *m, Error *err) {
  const LocalRouter *r = l->router;
  const LocalRule *rule = &r->rule;
  bool any = false;
  for (int i = 0; i < r->experts; i++) {
    float *v = m->vector + i * m->d_in;
    TRY(l->vector(l->arg, i, module, v, &m->covered[i], err));
    if (!m->covered[i]) {
      memset(v, 0, (size_t)m->d_in * sizeof *v);
    } else if (rule->standardise_vector || rule->standardise_input) {
      bool as_is = rule->as_is && rule->as_is[i];
      standardise_values(v, m->d_in, rule->standardise_vector && !as_is);
    }
    any |= m->covered[i];
  }
  if (!any) m->vector = NULL;
  if (any) m->vectors = tensor_view(m->vector, DTYPE_F32, r->experts, m->d_in);
  return STATUS_OK;
}

static Status load_module(void *arg, int64_t task, int worker, Error *err) {
  (void)worker;
  const Loading *l = arg;
  return load_vectors(l, (int)task, &l->router->module[task], err);
}

/* Room for the vectors, in huge pages: they are a hundred megabytes, written once. */
static Status make_modules(LocalRouter *r, const Modules *modules, Error *err) {
  size_t experts = (size_t)r->experts;
  bool made = (r->vectors = arena_new()) != NULL;
  for (int i = 0; i < r->modules && made; i++) {
    LocalModule *m = &r->module[i];
    m->d_in = modules->module[i].d_in;
    m->vector = arena_alloc(r->vectors, experts * (size_t)m->d_in * sizeof *m->vector);
    m->covered = calloc(experts, sizeof *m->covered);
    made = m->vector && m->covered;
  }
  if (made) return STATUS_OK;
  return error_set(err, STATUS_RUN, "out of memory: the vectors of %d experts", r->experts);
}

Status local_router_new(LocalRouter **router, const Modules *modules, int experts,
                        const LocalRule *rule, LocalVector *vector, void *arg, int threads,
                        Error *err) {
  LocalRouter *r = calloc(1, sizeof *r);
  LocalModule *module = calloc((size_t)modules->count, sizeof *module);
  *router = NULL;
  if (!r || !module) {
    free(r);
    free(module);
    return error_set(err, STATUS_RUN, "out of memory: a router");
  }
  *r = (LocalRouter){*rule, experts, modules->count, module, NULL};
  Loading l = {r, vector, arg};
  Status status = make_modules(r, modules, err);
  if (status == STATUS_OK) status = parallel_try(threads, r->modules, load_module, &l, err);
  r->rule.as_is = NULL; /* the caller's */
  if (status == STATUS_OK) {
    *router = r;
  } else {
    local_router_free(r);
  }
  return status;
}

void local_router_free(LocalRouter *r) {
  if (!r) return;
  for (int i = 0; i < r->modules; i++) free(r->module[i].covered);
  arena_free(r->vectors);
  free(r->module);
  free(r);
}

/* Logits. */

typedef struct Finish {
  const Kernels *kernels;
  const LocalRouter *router;
  const LocalModule *module;
  int id; /* of the module */
  const Rows *rows;
  const Tensor *x;
  Tensor *z;         /* x V^T */
  const float *bias; /* or NULL */
  int64_t *sequence; /* [tasks] the sequence of a task's first row */
} Finish;

/* 1 / sqrt(biased variance + eps); the row is in the cache for its second reading. */
static float row_rstd(const Kernels *k, const float *x, int64_t n) {
  float mean = (float)(k->sum(x, n) / (double)n);
  return 1 / sqrtf((float)(k->square_sum(x, mean, n) / (double)n) + (float)NORM_EPS);
}

static void finish_row(const Finish *f, int64_t row, int64_t example) {
  const LocalRule *rule = &f->router->rule;
  int experts = f->router->experts;
  int64_t d = f->x->cols;
  float *z = f->z->data + row * experts;
  float scale = (float)(1 / (rule->temperature > 0 ? rule->temperature : sqrt((double)d)));
  if (rule->standardise_input) scale *= row_rstd(f->kernels, f->x->data + row * d, d);
  const float *bias = f->bias ? f->bias + example * experts : NULL;
  for (int i = 0; i < experts; i++) {
    float s = rule->absolute ? fabsf(z[i]) * scale : z[i] * scale;
    s = calibrated(rule->calibration, f->id, i, s);
    s = bias ? s + bias[i] : s;
    z[i] = f->module->covered[i] ? s : -INFINITY;
  }
}

static void finish_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Finish *f = arg;
  Ragged rows = f->rows->sequence;
  int64_t sequence = f->sequence[task], end = (task + 1) * ROWS_PER_TASK;
  for (int64_t t = task * ROWS_PER_TASK; t < end && t < f->x->rows; t++) {
    while (rows.offset[sequence + 1] <= t) sequence++;
    finish_row(f, t, f->rows->source ? f->rows->source[sequence] : sequence);
  }
}

static void find_sequences(Finish *f, int64_t tasks) {
  Ragged rows = f->rows->sequence;
  int64_t sequence = 0;
  for (int64_t i = 0; i < tasks; i++) {
    while (rows.offset[sequence + 1] <= i * ROWS_PER_TASK) sequence++;
    f->sequence[i] = sequence;
  }
}

Tensor *local_vectors(const LocalRouter *r, const Module *module) {
  LocalModule *m = &r->module[module->id];
  return m->vector ? &m->vectors : NULL;
}

void local_logits(Context *c, const LocalRouter *r, const Module *module, const Rows *rows,
                  const Tensor *x, const float *bias, Tensor *z) {
  if (context_failed(c)) return;
  const LocalModule *m = &r->module[module->id];
  assert(m->vector && x->cols == m->d_in && z->rows == x->rows && z->cols == r->experts);
  assert(rows->sequence.offset[rows->sequence.count] == x->rows);
  ArenaMark mark = arena_mark(c->arena);
  int64_t tasks = (x->rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
  Finish f = {.kernels = c->kernels,
              .router = r,
              .module = m,
              .id = module->id,
              .rows = rows,
              .x = x,
              .z = z,
              .bias = bias};
  f.sequence = context_alloc(c, (size_t)tasks * sizeof *f.sequence);
  if (f.sequence) {
    find_sequences(&f, tasks);
    parallel_for(c->threads, tasks, finish_rows, &f);
  }
  arena_release(c->arena, mark);
}
