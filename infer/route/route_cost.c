#include "infer/route/route_cost.h"

#include <assert.h>
#include <stdlib.h>

/* What has bytes of its own at a module: the updates of the experts, then these. */
enum { PART_VECTORS, PART_SLOT, PARTS };

struct RouteCost {
  RouteWork work;
  int modules, experts;
  bool *met;      /* [modules, experts + PARTS] */
  int64_t *pairs; /* [experts] room for the pairs of a plan */
};

Status route_cost_new(RouteCost **cost, const Modules *modules, int experts, Error *err) {
  RouteCost *made = calloc(1, sizeof *made);
  *cost = made;
  if (!made) return error_set(err, STATUS_RUN, "out of memory: the cost of routing");
  *made = (RouteCost){.modules = modules->count, .experts = experts};
  made->met = calloc((size_t)modules->count * (size_t)(experts + PARTS) + 1, sizeof *made->met);
  made->pairs = calloc((size_t)experts + 1, sizeof *made->pairs);
  if (made->met && made->pairs) return STATUS_OK;
  route_cost_free(made);
  *cost = NULL;
  return error_set(err, STATUS_RUN, "out of memory: the cost of routing");
}

void route_cost_free(RouteCost *cost) {
  if (!cost) return;
  free(cost->met);
  free(cost->pairs);
  free(cost);
}

RouteWork route_cost_work(const RouteCost *cost) {
  return cost->work;
}

/* The bytes of a part of a module count when it is met for the first time. */
static void meet(RouteCost *cost, const Module *module, int part, int64_t numbers) {
  assert(module->id < cost->modules && part < cost->experts + PARTS);
  bool *met = &cost->met[(size_t)module->id * (size_t)(cost->experts + PARTS) + (size_t)part];
  if (!*met) cost->work.bytes += numbers * (int64_t)sizeof(float);
  *met = true;
}

void route_cost_vectors(RouteCost *cost, const Module *module, int64_t rows, int64_t vectors) {
  cost->work.routing += rows * vectors * module->d_in;
  meet(cost, module, cost->experts + PART_VECTORS, vectors * module->d_in);
}

/* Numbers of an adapter, which are the multiply-adds of a row, too. */
static int64_t adapter_numbers(const Adapter *a) {
  if (!a->kind) return 0;
  if (a->rescale) return tensor_count(a->rescale);
  return tensor_count(a->low_rank.a) + tensor_count(a->low_rank.b);
}

void route_cost_slot(RouteCost *cost, const Module *module, const Adapter *adapter, int64_t rows) {
  const int64_t numbers = adapter_numbers(adapter);
  cost->work.experts += rows * numbers;
  meet(cost, module, cost->experts + PART_SLOT, numbers);
}

/* Where some experts rescale what W multiplies and others what comes of it, W runs twice. */
static int64_t second_product(const Module *module, const Pool *pool, const Plan *plan) {
  const PoolRescales rescales = pool_rescales(pool, module->id);
  const bool twice = rescales.inputs > 0 && rescales.outputs > 0;
  return twice ? plan->rows * module->d_in * module->d_out : 0;
}

/* Multiply-adds of one pair of a row and an expert. */
typedef int64_t PairWork(const Module *module, const Adapter *adapter);

static int64_t pair_runs(const Module *module, const Adapter *adapter) {
  (void)module;
  return adapter_numbers(adapter);
}

static int64_t pair_scores(const Module *module, const Adapter *adapter) {
  const int64_t rank = adapter->low_rank.a->rows;
  return rank * (module->d_in + rank);
}

/* Of all pairs of a plan, whose experts are met. */
static int64_t plan_work(RouteCost *cost, const Module *module, Pool *pool, const Plan *plan,
                         PairWork *work) {
  int64_t sum = 0;
  for (int e = 0; e < cost->experts; e++) cost->pairs[e] = 0;
  for (int64_t i = 0; i < plan->rows * plan->slots; i++)
    if (plan->expert[i] >= 0) cost->pairs[plan->expert[i]]++;
  for (int e = 0; e < cost->experts; e++) {
    Adapter adapter;
    if (!cost->pairs[e] || pool_adapter(pool, e, module->id, &adapter, NULL) != STATUS_OK) continue;
    sum += cost->pairs[e] * work(module, &adapter);
    meet(cost, module, e, adapter_numbers(&adapter));
  }
  return sum;
}

void route_cost_scored(RouteCost *cost, const Module *module, Pool *pool, const Plan *plan) {
  cost->work.routing += plan_work(cost, module, pool, plan, pair_scores);
}

void route_cost_plan(RouteCost *cost, const Module *module, Pool *pool, const Plan *plan) {
  const int64_t work = plan_work(cost, module, pool, plan, pair_runs);
  cost->work.experts += work + (work > 0 ? second_product(module, pool, plan) : 0);
}

void route_cost_probed(RouteCost *cost, RouteWork before, int64_t base) {
  cost->work.routing += cost->work.experts - before.experts + base;
  cost->work.experts = before.experts;
}
