#include "infer/route/router.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "infer/route/route_kinds.h"

struct Router {
  const RouteMethod *method;
  void *self; /* the method's */
  Pool *pool; /* NULL: of a method that reads none */
  bool watched_only;
};

/* Opening. */

Status router_check(const RouterSettings *s, const char *dir, int experts, Error *err) {
  const RouteMethod *m = route_method(s->method);
  if ((m->uses & USES_TOP_K) && experts == 0)
    return error_set(err, STATUS_INPUT, "%s: has no experts; add them with `skein pool add`", dir);
  if ((m->uses & USES_TOP_K) && s->top_p >= 1 && s->top_k > experts) {
    return error_set(err, STATUS_USAGE,
                     "top_k: is %" PRId64 ", but %s has %d expert%s that take%s part", s->top_k,
                     dir, experts, experts == 1 ? "" : "s", experts == 1 ? "s" : "");
  }
  if (s->top_p <= 0) return error_set(err, STATUS_USAGE, "top_p: is 0, want above 0");
  const RouteMethod *over = router_over(s);
  if (over && over->check) TRY(over->check(s, err));
  return m->check ? m->check(s, err) : STATUS_OK;
}

static Status check_settings(const RouterSettings *s, const Pool *pool, Error *err) {
  const RouteMethod *m = route_method(s->method);
  if (!(m->reads & READS_POOL)) return STATUS_OK;
  if (!pool) return error_set(err, STATUS_USAGE, "router: %s needs a pool", m->name);
  TRY(router_check(s, pool_dir(pool), pool_count(pool), err));
  const RouteMethod *over = router_over(s), *factors = over ? over : m;
  return factors->lora_only ? route_require_loras(pool, factors->name, err) : STATUS_OK;
}

Status router_open(Router **router, const RouterSettings *s, Pool *pool, const Base *base,
                   int threads, Error *err) {
  *router = NULL;
  TRY(check_settings(s, pool, err));
  Router *r = calloc(1, sizeof *r);
  if (!r) return error_set(err, STATUS_RUN, "out of memory: a router");
  *r = (Router){.method = route_method(s->method), .pool = pool};
  RouteParts parts = {s, pool, base, threads};
  Status status = r->method->open ? r->method->open(&r->self, &parts, err) : STATUS_OK;
  if (status == STATUS_OK) {
    *router = r;
  } else {
    router_close(r);
  }
  return status;
}

void router_close(Router *r) {
  if (!r) return;
  if (r->self) r->method->close(r->self);
  free(r);
}

void router_watch_only(Router *r) {
  r->watched_only = true;
}

int router_experts(const Router *r) {
  return r->pool ? pool_count(r->pool) : 0;
}

/* Queries. */

Status router_begin(Router *r, const RouteQuery *query, int64_t n, RouteBatch *batch, Error *err) {
  *batch = (RouteBatch){.examples = n};
  if (!r->method->begin && !r->method->probe) return STATUS_OK;
  batch->value = calloc((size_t)n * (size_t)pool_count(r->pool) + 1, sizeof *batch->value);
  if (!batch->value) return error_set(err, STATUS_RUN, "out of memory: the queries of a router");
  if (!r->method->begin) return STATUS_OK;
  Status status = r->method->begin(r->self, query, n, batch->value, err);
  if (status != STATUS_OK) route_batch_free(batch);
  return status;
}

void route_batch_free(RouteBatch *b) {
  free(b->value);
  *b = (RouteBatch){0};
}

void router_tell(const Router *r, bool ended, RouteSay *say, void *arg) {
  if (r->method->tell) r->method->tell(r->self, ended, say, arg);
}

/* The forward. */

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

static void show_plan(Context *c, const RoutedForward *f, const RouteCall *call,
                      const Tensor *softmax, const Plan *plan) {
  if (!f->watcher) return;
  if (!softmax) softmax = plan_weights(c, plan, pool_count(f->router->pool));
  if (!softmax) return;
  f->watcher->see(f->watcher->arg, c, call->module, call->rows, softmax, plan);
}

static Tensor *routing_vectors(void *arg, const Module *module) {
  const RoutedForward *f = arg;
  const RouteMethod *m = f->router->method;
  return m->vectors ? m->vectors(f->router->self, module) : NULL;
}

/* The plan at a module, shown to the watcher; NULL when nobody covers it, it is not to run, and of a
 * method that makes none. */
static const Plan *make_plan(Context *c, const RoutedForward *f, RouteCall call) {
  const RouteMethod *m = f->router->method;
  if (f->probing) return m->probe(c, f->router->self, &call);
  Tensor *softmax = NULL;
  RouteTerms terms = {0};
  if (!m->plan) return NULL;
  if (f->watcher && f->watcher->explain) call.terms = &terms;
  Plan *plan = m->plan(c, f->router->self, &call, &softmax);
  if (!plan || context_failed(c)) return plan;
  if (terms.local) f->watcher->explain(f->watcher->arg, &terms);
  show_plan(c, f, &call, softmax, plan);
  return f->router->watched_only ? NULL : plan;
}

/* What was done at a module whose plan, if there is one, has run. */
static void count_work(const Context *c, const RoutedForward *f, const RouteCall *call,
                       const Plan *plan) {
  const Adapter *slot = f->adapters.slot;
  if (!f->cost || context_failed(c)) return;
  if (call->z) route_cost_vectors(f->cost, call->module, call->x->rows, call->z->cols);
  if (slot) route_cost_slot(f->cost, call->module, &slot[call->module->id], call->x->rows);
  if (plan) route_cost_plan(f->cost, call->module, f->router->pool, plan);
}

static void add_routed(Context *c, void *arg, const Module *module, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor *y) {
  if (context_failed(c)) return;
  const RoutedForward *f = arg;
  ArenaMark mark = arena_mark(c->arena);
  const RouteCall call = {
      .module = module, .rows = rows, .x = x, .z = z, .batch = f->batch, .cost = f->cost};
  const Plan *plan = make_plan(c, f, call);
  if (plan) route_execute(c, f->router->pool, module->id, plan, x, y);
  count_work(c, f, &call, plan);
  arena_release(c->arena, mark);
}

static void run_routed(Context *c, void *arg, const Linear *linear, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor *y) {
  if (context_failed(c)) return;
  const RoutedForward *f = arg;
  ArenaMark mark = arena_mark(c->arena);
  const RouteCall call = {
      .module = linear->module, .rows = rows, .x = x, .z = z, .batch = f->batch, .cost = f->cost};
  const Plan *plan = make_plan(c, f, call);
  route_multiply(c, f->router->pool, linear, plan, x, y);
  count_work(c, f, &call, plan);
  arena_release(c->arena, mark);
}

static bool changes_input(void *arg, const Module *module) {
  const RoutedForward *f = arg;
  const Router *r = f->router;
  return pool_rescales(r->pool, module->id).inputs > 0 &&
         (!r->method->plans || r->method->plans(r->self, module));
}

bool router_probes(const Router *r) {
  return r->method->probe;
}

void routed_probe_init(RoutedForward *f, const Router *r, const RouteBatch *batch) {
  assert(router_probes(r) && r->method->plan);
  routed_forward_init(f, r, batch, NULL);
  f->probing = true;
}

void routed_forward_init(RoutedForward *f, const Router *r, const RouteBatch *batch,
                         const RouteWatcher *watcher) {
  assert((!r->method->begin && !r->method->probe) || batch->value);
  *f = (RoutedForward){.router = r, .batch = batch, .watcher = watcher};
  if (r->method->plan) {
    f->adapters = (AdapterSet){.add = add_routed,
                               .vectors = routing_vectors,
                               .runs = changes_input,
                               .run = run_routed,
                               .arg = f};
  }
  if (!r->method->slots) return;
  /* AdapterSet does not take const slots, and a router's are never changed. */
  f->adapters.slot = (Adapter *)(uintptr_t)r->method->slots(r->self);
  f->adapters.count = pool_modules(r->pool)->count;
}

void routed_forward_count(RoutedForward *f, RouteCost *cost) {
  f->cost = cost;
  f->adapters.add = add_routed; /* of a method of slots alone it adds nothing, and counts */
  f->adapters.arg = f;
}
