/* Methods that treat all tokens alike, as adapter slots that need no plan:
 *
 *   base             the plain base
 *   expert           one expert for everything
 *   merged           the mean of the dense updates, one LoRA of rank sum R, exact
 *   merged-factors   A and B averaged apart, the weights alpha/r folded into B */
#include <stdlib.h>

#include "infer/pool/merge.h"
#include "infer/route/route_method.h"

static void fixed_close(void *self) {
  merged_free(self);
  free(self);
}

static const Adapter *fixed_slots(const void *self) {
  return ((const Merged *)self)->adapters.slot;
}

static Status fixed_new(void **self, Error *err) {
  *self = calloc(1, sizeof(Merged));
  return *self ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: adapter slots");
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

/* The factors stay the pool's; the slots are ours. */
static Status expert_open(void **self, const RouteParts *parts, Error *err) {
  Pool *pool = parts->pool;
  const char *name = parts->settings->expert;
  int expert = -1, modules = pool_modules(pool)->count;
  if (!name)
    return error_set(err, STATUS_USAGE, "expert: is not set; router expert runs the one it names");
  TRY(pool_require(pool, name, &expert, err));
  TRY(fixed_new(self, err));
  Adapter *slot = calloc((size_t)modules, sizeof *slot);
  if (!slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", modules);
  ((Merged *)*self)->adapters = (AdapterSet){.slot = slot, .count = modules};
  for (int i = 0; i < modules; i++) {
    if (!pool_covers(pool, expert, i)) continue;
    slot[i].kind = &adapter_low_rank;
    TRY(pool_factor(pool, expert, i, &slot[i].low_rank, err));
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
    .open = expert_open,
    .close = fixed_close,
    .slots = fixed_slots,
};

static Status merged_open(void **self, const RouteParts *parts, Error *err) {
  TRY(fixed_new(self, err));
  return merge_updates(*self, parts->pool, err);
}

const RouteMethod route_merged = {
    .name = "merged",
    .help = "the mean of the updates BA, exact",
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
    .open = merged_open,
    .close = fixed_close,
    .slots = fixed_slots,
};

static Status merged_factors_open(void **self, const RouteParts *parts, Error *err) {
  TRY(fixed_new(self, err));
  return merge_factors(*self, parts->pool, err);
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
    .open = merged_factors_open,
    .close = fixed_close,
    .slots = fixed_slots,
};
