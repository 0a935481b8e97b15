/* route_cost: what routing makes a run do beside the work of the plain base, counted where it is
 * done, of all rows that a forward has (those of choices that are not predicted, too).
 *
 * Counted are multiply-adds of products, a row of x [T, d_in]:
 *
 *   n vectors that a method compares with   n d_in (zeros of an expert that has none are multiplied)
 *   A u of a LoRA of rank r, to be scored   r d_in, and r r for the norm of what comes of it
 *   an update that runs, of a LoRA          r (d_in + d_out)
 *                        of an (IA)3        the length of its vector
 *   W once more (route_multiply)            d_in d_out
 *   a forward that probes the prompt        all of it, the base's weights too
 *
 * and bytes, 4 a number (they run as f32): of vectors and updates that some row has met. Not counted
 * are norms, softmax and sorting, the embedding of queries, and what opening a router takes. */
#ifndef SKEIN_ROUTE_COST_H
#define SKEIN_ROUTE_COST_H

#include "infer/route/route.h"

/* Sums of a run. */
typedef struct RouteWork {
  int64_t routing, experts; /* multiply-adds: to choose, and of what was chosen */
  int64_t bytes;
} RouteWork;

typedef struct RouteCost RouteCost;

/* Of runs on a model of these modules, through routers over `experts` experts (0: of none). */
Status route_cost_new(RouteCost **cost, const Modules *modules, int experts, Error *err);
void route_cost_free(RouteCost *cost); /* NULL is allowed */
RouteWork route_cost_work(const RouteCost *cost);

/* `rows` rows were multiplied with `vectors` vectors of the module. */
void route_cost_vectors(RouteCost *cost, const Module *module, int64_t rows, int64_t vectors);
/* The updates of the pairs of a plan, LoRAs that have been read, were scored by A u. */
void route_cost_scored(RouteCost *cost, const Module *module, Pool *pool, const Plan *plan);
/* The adapter, the one there is at the module, ran on `rows` rows. */
void route_cost_slot(RouteCost *cost, const Module *module, const Adapter *adapter, int64_t rows);
/* A plan ran; its experts have been read. */
void route_cost_plan(RouteCost *cost, const Module *module, Pool *pool, const Plan *plan);
/* All since `before` was a forward that chooses, with `base` multiply-adds of the base itself. */
void route_cost_probed(RouteCost *cost, RouteWork before, int64_t base);

#endif
