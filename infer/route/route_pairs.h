/* route_pairs: the (row, expert) pairs of a plan sorted by expert, with the adapters of the experts:
 * those of low rank as autograd/product/low_rank.h takes them, and those that rescale. */
#ifndef SKEIN_ROUTE_PAIRS_H
#define SKEIN_ROUTE_PAIRS_H

#include "infer/route/route.h"

/* Pairs of one expert that rescales inputs or outputs. */
typedef struct RescaleGroup {
  const Adapter *adapter;
  int64_t begin, count; /* of the pairs */
} RescaleGroup;

typedef struct RoutePairs {
  int64_t pairs;
  int64_t rank;        /* the largest there is at the module */
  int64_t *row;        /* [pairs] ascending for each expert */
  float *weight;       /* [pairs] */
  int64_t *pair;       /* [rows, slots] the pair of a slot, -1: none */
  Adapter *adapter;    /* [experts] of those that have pairs */
  LowRankGroup *group; /* [groups] in order of expert */
  int64_t groups;
  RescaleGroup *rescale; /* [rescales] in order of expert */
  int64_t rescales;
} RoutePairs;

/* In the arena. False when the plan has no pair, and when the context failed. */
bool route_pairs_make(Context *c, Pool *pool, int module, const Plan *plan, RoutePairs *p);

/* The pairs of low rank for the two passes; with `weighted` u is weighed on the way down. */
LowRankPairs route_pairs_passes(const RoutePairs *p, bool weighted);

#endif
