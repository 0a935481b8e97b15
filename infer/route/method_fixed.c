/* Methods that treat all tokens alike, as adapter slots that need no plan (but see merged_plans):
 *
 *   base             the plain base
 *   expert           one expert for everything
 *   merged           one adapter made of all: by default the mean of the updates, exact: of LoRAs one
 *                    of rank sum R, of (IA)3 the mean; merge.method has others (infer/merge)
 *   merged-factors   A and B averaged apart, the weights alpha/r folded into B */
#include <stdlib.h>

#include "infer/merge/merge.h"
#include "infer/route/route_method.h"

typedef struct Fixed {
  Merged merged;
  const Pool *pool;
} Fixed;

static void fixed_close(void *self) {
  Fixed *f = self;
  merged_free(&f->merged);
  free(f);
}

static const Adapter *fixed_slots(const void *self) {
  const Fixed *f = self;
  return f->merged.adapters.slot;
}

static Status fixed_new(void **self, const RouteParts *parts, Error *err) {
  Fixed *f = *self = calloc(1, sizeof *f);
  if (!f) return error_set(err, STATUS_RUN, "out of memory: adapter slots");
  f->pool = parts->pool;
  return STATUS_OK;
}

const RouteMethod route_base = {
    .name = "base",
    .help = "nobody: the plain base",
    .source = "",
    .labels = {.training = "N/A",
               .data = "N/A",
               .routing_data = "None",
               .input = "N/A",
               .depth = "N/A",
               .selection = "None",
               .aggregation = "None",
               .generalization = "N/A",
               .user_data = "Zero-Shot"},
};

/* The tensors stay the pool's; the slots are ours. */
static Status one_open(void **self, const RouteParts *parts, Error *err) {
  Pool *pool = parts->pool;
  const char *name = parts->settings->expert;
  int expert = -1, modules = pool_modules(pool)->count;
  if (!name)
    return error_set(err, STATUS_USAGE, "expert: is not set; router expert runs the one it names");
  TRY(pool_require(pool, name, &expert, err));
  TRY(fixed_new(self, parts, err));
  Adapter *slot = calloc((size_t)modules, sizeof *slot);
  if (!slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", modules);
  ((Fixed *)*self)->merged.adapters = (AdapterSet){.slot = slot, .count = modules};
  for (int i = 0; i < modules; i++) {
    TRY(pool_adapter(pool, expert, i, &slot[i], err));
  }
  return STATUS_OK;
}

const RouteMethod route_expert = {
    .name = "expert",
    .help = "one expert (`expert: NAME`)",
    .source = "",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "N/A",
               .depth = "Model",
               .selection = "None",
               .aggregation = "None",
               .generalization = "N/A",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_EXPERT,
    .open = one_open,
    .close = fixed_close,
    .slots = fixed_slots,
};

static const SettingsGroup MERGE = {MERGE_OPTION, MERGE_OPTIONS, sizeof(MergeSettings)};

static Status merged_open(void **self, const RouteParts *parts, Error *err) {
  TRY(fixed_new(self, parts, err));
  const MergeSettings *settings = router_own(parts->settings, &MERGE);
  return merge_pool(&((Fixed *)*self)->merged, parts->pool, settings, err);
}

static Status merged_check(const RouterSettings *settings, Error *err) {
  return merge_check(router_own(settings, &MERGE), err);
}

static bool merged_reads(const RouterSettings *settings, const char *key) {
  return merge_reads(router_own(settings, &MERGE), key);
}

/* Where kinds meet there is no one adapter that is their mean, and so no slot: every expert runs. */
static bool merged_plans(const void *self, const Module *module) {
  const Fixed *f = self;
  return !f->merged.adapters.slot[module->id].kind;
}

static Plan *merged_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  const Fixed *f = self;
  return merged_plans(f, call->module) ? plan_uniform(c, f->pool, call->module->id, call->x->rows)
                                       : NULL;
}

const RouteMethod route_merged = {
    .name = "merged",
    .help = "one adapter made of all: the mean of the updates, exact, or another merge",
    .source = "Muqeeth et al. 2024, arXiv 2402.05859 (Merged Experts)",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "N/A",
               .depth = "Model",
               .selection = "Dense",
               .aggregation = "Parameter",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY,
    .own = {&MERGE},
    .reads_key = merged_reads,
    .check = merged_check,
    .open = merged_open,
    .close = fixed_close,
    .slots = fixed_slots,
    .plans = merged_plans,
    .plan = merged_plan,
};

static Status merged_factors_open(void **self, const RouteParts *parts, Error *err) {
  TRY(fixed_new(self, parts, err));
  return merge_factors(&((Fixed *)*self)->merged, parts->pool, err);
}

const RouteMethod route_merged_factors = {
    .name = "merged-factors",
    .help = "the means of A and of B, multiplied",
    .source = "the released code of Muqeeth et al. 2024, arXiv 2402.05859",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "N/A",
               .depth = "Model",
               .selection = "Dense",
               .aggregation = "Parameter",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY,
    .lora_only = true,
    .open = merged_factors_open,
    .close = fixed_close,
    .slots = fixed_slots,
};
