#include "infer/route/route_examples.h"

#include <assert.h>
#include <math.h>

/* The expert with the largest score of those without a weight. */
static int largest_left(const double *score, int experts, const float *weight) {
  int best = -1;
  for (int i = 0; i < experts; i++)
    if (weight[i] == 0 && (best < 0 || score[i] > score[best])) best = i;
  return best;
}

static double share(double score, double largest, ExampleWeights how, double tau) {
  switch (how) {
    case EXAMPLE_SOFTMAX:
      return exp((score - largest) / tau);
    case EXAMPLE_PROPORTIONAL:
      return score;
    case EXAMPLE_UNIFORM:
      break;
  }
  return 1;
}

void weigh_example(const double *score, int experts, int k, ExampleWeights how, double tau,
                   float *weight) {
  assert(k >= 1 && k <= experts);
  double largest = 0, sum = 0;
  for (int n = 0; n < k; n++) {
    int i = largest_left(score, experts, weight);
    if (n == 0) largest = score[i];
    weight[i] = 1;
    sum += share(score[i], largest, how, tau);
  }
  if (!(sum > 0)) how = EXAMPLE_UNIFORM, sum = k;
  for (int i = 0; i < experts; i++)
    if (weight[i] != 0) weight[i] = (float)(share(score[i], largest, how, tau) / sum);
}

/* The experts of an example that cover the module, in order, into the slots of a row. */
static void fill_row(const Pool *pool, const RouteCall *call, int64_t example, Plan *plan,
                     int64_t row) {
  int experts = pool_count(pool), used = 0;
  const float *value = call->batch->value + example * experts;
  int32_t *expert = plan->expert + row * plan->slots;
  float *weight = plan->weight + row * plan->slots;
  for (int i = 0; i < experts; i++) {
    if (value[i] == 0 || !pool_covers(pool, i, call->module->id)) continue;
    assert(used < plan->slots);
    expert[used] = i;
    weight[used++] = value[i];
  }
  for (; used < plan->slots; used++) {
    expert[used] = -1;
    weight[used] = 0;
  }
}

Plan *plan_by_example(Context *c, const Pool *pool, const RouteCall *call, int slots) {
  const Rows *rows = call->rows;
  Plan *plan = plan_new(c, call->x->rows, slots);
  for (int64_t s = 0; plan && s < rows->sequence.count; s++) {
    int64_t example = rows->source ? rows->source[s] : s;
    assert(example < call->batch->examples);
    for (int64_t t = rows->sequence.offset[s]; t < rows->sequence.offset[s + 1]; t++)
      fill_row(pool, call, example, plan, t);
  }
  return plan;
}
