/* route_pairs: the (row, expert) pairs of a plan sorted by expert, as autograd/product/low_rank.h
 * takes them, with the factors of the experts. */
#ifndef SKEIN_ROUTE_PAIRS_H
#define SKEIN_ROUTE_PAIRS_H

#include "infer/route/route.h"

typedef struct RoutePairs {
  int64_t pairs, groups;
  int64_t rank;        /* the largest there is at the module */
  int64_t *row;        /* [pairs] ascending for each expert */
  float *weight;       /* [pairs] */
  int64_t *pair;       /* [rows, slots] the pair of a slot, -1: none */
  LowRank *factor;     /* [experts] of those that have pairs */
  LowRankGroup *group; /* [groups] in order of expert */
} RoutePairs;

/* In the arena. False when the plan has no pair, and when the context failed. */
bool route_pairs_make(Context *c, Pool *pool, int module, const Plan *plan, RoutePairs *p);

/* The pairs for the two passes; with `weighted` u is weighed on the way down. */
LowRankPairs route_pairs_passes(const RoutePairs *p, bool weighted);

#endif
