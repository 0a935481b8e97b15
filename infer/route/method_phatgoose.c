/* phatgoose: s_i = LN(u) . LN(v_i) / sqrt(d) with the gate vectors v_i that contributors trained
 * (Muqeeth et al. 2024, arXiv 2402.05859, section 3; LN without affine, route_local.h). */
#include <stdlib.h>

#include "infer/route/method_local.h"

static void phatgoose_close(void *self) {
  local_method_close(self);
  free(self);
}

static Status phatgoose_open(void **self, const RouteParts *parts, Error *err) {
  LocalMethod *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  return local_method_open_stored(m, parts, VECTOR_GATE, err);
}

static const ScoreKind *phatgoose_scores(const RouterSettings *settings) {
  (void)settings;
  return &score_gate;
}

const RouteMethod route_phatgoose = {
    .name = "phatgoose",
    .help = "the k experts with the largest LN(u)·LN(v)/√d; softmax over all, renormalised over k",
    .source = "Muqeeth et al. 2024, arXiv 2402.05859, section 3",
    .local = "LN(u)·LN(v)/√d of what the module reads, u, and the expert's gate, v",
    .labels = {.training = "Custom",
               .data = "Private",
               .routing_data = "None",
               .input = "Step",
               .depth = "Module",
               .selection = "Sparse",
               .aggregation = "Output",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL | READS_GATES,
    .uses = USES_ONLY | USES_TOP_K | USES_TOP_P,
    .chooses = true,
    .biased = true,
    .own = {&calibration_settings},
    .scores = phatgoose_scores,
    .open = phatgoose_open,
    .close = phatgoose_close,
    .vectors = local_method_vectors,
    .plan = local_method_plan,
};
