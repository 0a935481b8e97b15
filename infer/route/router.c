#include "infer/route/router.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "infer/expert/arrow.h"
#include "infer/pool/merge.h"
#include "infer/route/route_global.h"
#include "infer/route/route_local.h"
#include "infer/route/route_random.h"

struct Router {
  RouterKind kind;
  Pool *pool; /* NULL: ROUTER_BASE */
  T5 *model;
  Selection selection;
  Aggregate aggregate;
  uint64_t seed;
  LocalRouter *local;   /* of the kinds with a vector a module, else NULL */
  GlobalRouter *global; /* of the kinds that read the query, else NULL */
  Merged merged;        /* of the kinds without routing; their slots */
  AdapterSet adapters;
  RouteWatch *watch; /* or NULL */
  void *watch_arg;
  /* The forward at hand. */
  const RouteBatch *batch;
  RoutingStats *stats; /* or NULL */
};

/* Opening. */

static bool selects(RouterKind kind) {
  return kind == ROUTER_PHATGOOSE || kind == ROUTER_GLIDER || kind == ROUTER_AVERAGE_ACTIVATION ||
         kind == ROUTER_ARROW || kind == ROUTER_RANDOM;
}

Status router_check(const RouterSettings *s, const char *dir, int experts, Error *err) {
  if (selects((RouterKind)s->kind) && s->top_p >= 1 && s->top_k > experts) {
    return error_set(err, STATUS_USAGE,
                     "top_k: is %" PRId64 ", but %s has %d expert%s that take%s part", s->top_k,
                     dir, experts, experts == 1 ? "" : "s", experts == 1 ? "s" : "");
  }
  if (s->top_p <= 0) return error_set(err, STATUS_USAGE, "top_p: is 0, want above 0");
  if (s->kind == ROUTER_RANDOM && s->top_p < 1) {
    return error_set(err, STATUS_USAGE, "top_p: router random has no weights to sum; set top_k");
  }
  return STATUS_OK;
}

static Status check_settings(const RouterSettings *s, const Pool *pool, Error *err) {
  if (s->kind == ROUTER_BASE) return STATUS_OK;
  if (pool) return router_check(s, pool_dir(pool), pool_count(pool), err);
  return error_set(err, STATUS_USAGE, "router: %s needs a pool",
                   router_kind_name((RouterKind)s->kind));
}

static Status find_expert(const RouterSettings *s, const Pool *pool, int *expert, Error *err) {
  if (!s->expert) {
    return error_set(err, STATUS_USAGE, "expert: is not set; router expert runs the one it names");
  }
  return pool_require(pool, s->expert, expert, err);
}

static Status open_expert(Router *r, const RouterSettings *s, Error *err) {
  int expert = -1, linears = r->model->modules.count;
  TRY(find_expert(s, r->pool, &expert, err));
  LowRank *slot = calloc((size_t)linears, sizeof *slot);
  if (!slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", linears);
  r->merged.adapters = (AdapterSet){.slot = slot, .count = linears};
  for (int i = 0; i < linears; i++) TRY(pool_factor(r->pool, expert, i, &slot[i], err));
  return STATUS_OK;
}

/* Where a module's vectors come from: a file of each expert, or its factors. */
typedef struct VectorSource {
  Pool *pool;
  PoolVector kind;
  LowRank *factor; /* [experts, linears] for prototypes */
} VectorSource;

static Status stored_vector(void *arg, int expert, int linear, float *out, bool *has, Error *err) {
  const VectorSource *s = arg;
  return pool_vector(s->pool, s->kind, expert, linear, out, has, err);
}

static Status open_vectors(Router *r, PoolVector kind, int threads, Error *err) {
  static const LocalRule RULE = {.standardise_input = true, .standardise_vector = true};
  VectorSource source = {.pool = r->pool, .kind = kind};
  return local_router_new(&r->local, pool_modules(r->pool), pool_count(r->pool), &RULE,
                          stored_vector, &source, threads, err);
}

static Status prototype(void *arg, int expert, int module, float *out, bool *has, Error *err) {
  const VectorSource *s = arg;
  const LowRank *f = &s->factor[expert * pool_modules(s->pool)->count + module];
  *has = f->a != NULL;
  return *has ? arrow_prototype(f, out, err) : STATUS_OK;
}

static Status open_prototypes(Router *r, ArrowMode mode, int threads, Error *err) {
  static const LocalRule RULE[] = {
      [ARROW_MTTL] = {.absolute = true, .temperature = 1},
      [ARROW_GLIDER] = {.absolute = true, .temperature = 10},
      [ARROW_GLIDER_RELEASED] = {.standardise_input = true},
  };
  if (mode == ARROW_MTTL) {
    r->selection.normalise = NORMALISE_CHOSEN;
    r->aggregate = AGGREGATE_PARAMETER;
  }
  int experts = pool_count(r->pool), linears = r->model->modules.count;
  VectorSource source = {.pool = r->pool};
  source.factor = calloc((size_t)experts * (size_t)linears, sizeof *source.factor);
  if (!source.factor) return error_set(err, STATUS_RUN, "out of memory: prototypes");
  Status status = STATUS_OK;
  for (int i = 0; i < experts * linears && status == STATUS_OK; i++) {
    status = pool_factor(r->pool, i / linears, i % linears, &source.factor[i], err);
  }
  if (status == STATUS_OK) {
    status = local_router_new(&r->local, pool_modules(r->pool), experts, &RULE[mode], prototype,
                              &source, threads, err);
  }
  free(source.factor);
  return status;
}

static Status open_kind(Router *r, const RouterSettings *s, const Base *base, int threads,
                        Error *err) {
  switch (r->kind) {
    case ROUTER_BASE:
    case ROUTER_UNIFORM:
    case ROUTER_RANDOM:
      return STATUS_OK;
    case ROUTER_EXPERT:
      return open_expert(r, s, err);
    case ROUTER_MERGED:
      return merge_updates(&r->merged, r->pool, err);
    case ROUTER_MERGED_FACTORS:
      return merge_factors(&r->merged, r->pool, err);
    case ROUTER_PHATGOOSE:
      return open_vectors(r, VECTOR_GATE, threads, err);
    case ROUTER_GLIDER:
      TRY(open_vectors(r, VECTOR_GATE, threads, err));
      return global_router_open(&r->global, s, r->pool, base, threads, err);
    case ROUTER_AVERAGE_ACTIVATION:
      return open_vectors(r,
                          s->activation_mode == ACTIVATION_MEAN ? VECTOR_ACTIVATION_MEAN
                                                                : VECTOR_ACTIVATION_ABSOLUTE,
                          threads, err);
    case ROUTER_ARROW:
      return open_prototypes(r, (ArrowMode)s->arrow_mode, threads, err);
    case ROUTER_RETRIEVAL:
      return global_router_open(&r->global, s, r->pool, base, threads, err);
  }
  return STATUS_OK;
}

static Tensor *routing_vectors(void *arg, const Module *module);
static void add_routed(Context *c, void *arg, const Module *module, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor *y);

Status router_open(Router **router, const RouterSettings *s, Pool *pool, const Base *base,
                   int threads, Error *err) {
  *router = NULL;
  TRY(check_settings(s, pool, err));
  Router *r = calloc(1, sizeof *r);
  if (!r) return error_set(err, STATUS_RUN, "out of memory: a router");
  *r = (Router){.kind = (RouterKind)s->kind,
                .pool = pool,
                .model = base->model,
                .selection = {.top_k = (int)s->top_k, .top_p = s->top_p},
                .seed = (uint64_t)s->seed};
  Status status = open_kind(r, s, base, threads, err);
  if (status != STATUS_OK) {
    router_close(r);
    return status;
  }
  r->adapters = r->merged.adapters;
  bool routes = r->kind != ROUTER_BASE && !r->adapters.slot;
  if (routes) r->adapters = (AdapterSet){.add = add_routed, .vectors = routing_vectors, .arg = r};
  *router = r;
  return STATUS_OK;
}

void router_close(Router *r) {
  if (!r) return;
  local_router_free(r->local);
  global_router_close(r->global);
  merged_free(&r->merged);
  free(r);
}

/* The global part. */

static Status begin_biases(Router *r, const RouteQuery *query, RouteBatch *batch, Error *err) {
  int experts = pool_count(r->pool);
  batch->bias = calloc((size_t)batch->examples * (size_t)experts, sizeof *batch->bias);
  if (!batch->bias) return error_set(err, STATUS_RUN, "out of memory: biases of queries");
  for (int64_t i = 0; i < batch->examples; i++) {
    TRY(global_bias(r->global, &query[i], batch->bias + i * experts, err));
  }
  return STATUS_OK;
}

static Status begin_experts(Router *r, const RouteQuery *query, RouteBatch *batch, Error *err) {
  batch->expert = calloc((size_t)batch->examples, sizeof *batch->expert);
  if (!batch->expert) return error_set(err, STATUS_RUN, "out of memory: experts of queries");
  for (int64_t i = 0; i < batch->examples; i++) {
    TRY(global_nearest(r->global, &query[i], &batch->expert[i], err));
  }
  return STATUS_OK;
}

Status router_begin(Router *r, const RouteQuery *query, int64_t n, RouteBatch *batch, Error *err) {
  *batch = (RouteBatch){.examples = n};
  Status status = STATUS_OK;
  if (r->kind == ROUTER_GLIDER) status = begin_biases(r, query, batch, err);
  if (r->kind == ROUTER_RETRIEVAL) status = begin_experts(r, query, batch, err);
  if (status != STATUS_OK) route_batch_free(batch);
  return status;
}

void route_batch_free(RouteBatch *b) {
  free(b->bias);
  free(b->expert);
  *b = (RouteBatch){0};
}

void router_watch(Router *r, RouteWatch *watch, void *arg) {
  r->watch = watch;
  r->watch_arg = arg;
}

const AdapterSet *router_adapters(Router *r, const RouteBatch *batch, RoutingStats *stats) {
  assert(r->kind != ROUTER_GLIDER || batch->bias);
  assert(r->kind != ROUTER_RETRIEVAL || batch->expert);
  r->batch = batch;
  r->stats = stats;
  return &r->adapters;
}

/* The forward. */

/* Every expert that covers the module, alike. */
static Plan *plan_uniform(Context *c, const Pool *pool, int module, int64_t rows) {
  int covering = 0, slot = 0;
  for (int i = 0; i < pool_count(pool); i++) covering += pool_covers(pool, i, module);
  if (covering == 0) return NULL;
  Plan *plan = plan_new(c, rows, covering);
  for (int i = 0; plan && i < pool_count(pool); i++) {
    if (!pool_covers(pool, i, module)) continue;
    for (int64_t t = 0; t < rows; t++) {
      plan->expert[t * covering + slot] = i;
      plan->weight[t * covering + slot] = 1 / (float)covering;
    }
    slot++;
  }
  return plan;
}

/* The expert of each row's example, where it covers the module. */
static Plan *plan_examples(Context *c, const Router *r, int module, const Rows *rows) {
  Ragged sequence = rows->sequence;
  Plan *plan = plan_new(c, sequence.offset[sequence.count], 1);
  for (int64_t s = 0; plan && s < sequence.count; s++) {
    int64_t example = rows->source ? rows->source[s] : s;
    assert(example < r->batch->examples);
    int32_t expert = r->batch->expert[example];
    bool covers = pool_covers(r->pool, expert, module);
    for (int64_t t = sequence.offset[s]; t < sequence.offset[s + 1]; t++) {
      plan->expert[t] = covers ? expert : -1;
      plan->weight[t] = covers ? 1 : 0;
    }
  }
  return plan;
}

/* The plan of one module, NULL when nobody covers it; *softmax: what it was selected from, NULL
 * when it was not selected. */
static Plan *make_plan(Context *c, const Router *r, const Module *module, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor **softmax) {
  *softmax = NULL;
  if (r->kind == ROUTER_UNIFORM) return plan_uniform(c, r->pool, module->id, x->rows);
  if (r->kind == ROUTER_RETRIEVAL) return plan_examples(c, r, module->id, rows);
  if (r->kind == ROUTER_RANDOM) {
    return plan_random(c, r->pool, module->id, r->seed, r->selection.top_k, x);
  }
  if (!z) return NULL;
  local_logits(c, r->local, module, rows, x, r->kind == ROUTER_GLIDER ? r->batch->bias : NULL, z);
  *softmax = z;
  return plan_select(c, z, &r->selection);
}

/* The weights of a plan as a matrix [T, experts]: what its softmax would be. */
static Tensor *plan_weights(Context *c, const Plan *plan, int experts) {
  Tensor *w = tensor_new(c, plan->rows, experts);
  if (!w) return NULL;
  memset(w->data, 0, (size_t)tensor_count(w) * sizeof *w->data);
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] < 0) continue;
    w->data[i / plan->slots * experts + plan->expert[i]] = plan->weight[i];
  }
  return w;
}

/* Shows the plan to those who asked. */
static void show_plan(Context *c, const Router *r, const Module *module, const Rows *rows,
                      const Tensor *softmax, const Plan *plan) {
  if (!r->stats && !r->watch) return;
  if (!softmax) softmax = plan_weights(c, plan, pool_count(r->pool));
  if (!softmax) return;
  if (r->stats) routing_stats_add(r->stats, c, module, rows, softmax, plan);
  if (r->watch) r->watch(r->watch_arg, module, rows, softmax, plan);
}

static Tensor *routing_vectors(void *arg, const Module *module) {
  const Router *r = arg;
  return r->local ? local_vectors(r->local, module) : NULL;
}

static void add_routed(Context *c, void *arg, const Module *module, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor *y) {
  if (context_failed(c)) return;
  const Router *r = arg;
  ArenaMark mark = arena_mark(c->arena);
  Tensor *softmax;
  Plan *plan = make_plan(c, r, module, rows, x, z, &softmax);
  if (plan) {
    show_plan(c, r, module, rows, softmax, plan);
    route_execute(c, r->pool, module->id, plan, r->aggregate, x, y);
  }
  arena_release(c->arena, mark);
}
