/* route_random: experts by lot, the baseline that any router must beat. */
#ifndef SKEIN_ROUTE_RANDOM_H
#define SKEIN_ROUTE_RANDOM_H

#include "infer/route/route.h"

/* k of the experts that cover `linear` (all when there are fewer) for every row of x, each with the
 * same weight; NULL without an error when nobody covers it. The lot of a row is drawn from `seed`,
 * the linear and the signs of 32 of the row's coordinates, and so from nothing that depends on how
 * examples are batched or whether keys are cached. */
Plan *plan_random(Context *c, const Pool *pool, int module, uint64_t seed, int k, const Tensor *x);

#endif
