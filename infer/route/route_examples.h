/* route_examples: plans of methods that weigh experts once an example: all rows of an example, at
 * all modules, go to the same experts with the same weights. */
#ifndef SKEIN_ROUTE_EXAMPLES_H
#define SKEIN_ROUTE_EXAMPLES_H

#include "infer/route/route_method.h"

typedef enum ExampleWeights {
  EXAMPLE_UNIFORM,      /* 1 / k each */
  EXAMPLE_SOFTMAX,      /* softmax over the chosen of score / tau */
  EXAMPLE_PROPORTIONAL, /* score / sum of the chosen scores */
} ExampleWeights;

/* Fills weight [experts], which is zeroed, from finite scores [experts]: of the k with the largest
 * scores, of equal ones the first; 0 of all others. k is at least 1 and at most `experts`. Scores
 * that are weighed in proportion must not be negative; where their sum is 0 the chosen weigh alike. */
void weigh_example(const double *score, int experts, int k, ExampleWeights how, double tau,
                   float *weight);

/* The plan of a module from batch->value [examples, experts], of which at most `slots` of an example
 * are not 0. An expert that does not cover the module leaves its part of the sum empty: its update
 * there is 0. */
Plan *plan_by_example(Context *c, const Pool *pool, const RouteCall *call, int slots);

#endif
