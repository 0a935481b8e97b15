/* uniform: every expert that covers a module, alike: what weighing can be no worse than. */
#include "infer/route/route_method.h"

static Status uniform_open(void **self, const RouteParts *parts, Error *err) {
  (void)err;
  *self = parts->pool;
  return STATUS_OK;
}

static void uniform_close(void *self) {
  (void)self; /* the pool is borrowed */
}

Plan *plan_uniform(Context *c, const Pool *pool, int module, int64_t rows) {
  int covering = 0, slot = 0;
  for (int i = 0; i < pool_count(pool); i++) covering += pool_covers(pool, i, module);
  if (covering == 0) return NULL;
  Plan *plan = plan_new(c, rows, covering);
  for (int i = 0; plan && i < pool_count(pool); i++) {
    if (!pool_covers(pool, i, module)) continue;
    for (int64_t t = 0; t < plan->rows; t++) {
      plan->expert[t * covering + slot] = i;
      plan->weight[t * covering + slot] = 1 / (float)covering;
    }
    slot++;
  }
  return plan;
}

static Plan *uniform_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  return plan_uniform(c, self, call->module->id, call->x->rows);
}

const RouteMethod route_uniform = {
    .name = "uniform",
    .help = "all experts alike",
    .source = "",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "N/A",
               .depth = "Module",
               .selection = "Dense",
               .aggregation = "Output",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY,
    .open = uniform_open,
    .close = uniform_close,
    .plan = uniform_plan,
};
