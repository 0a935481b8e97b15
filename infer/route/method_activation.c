/* average-activation: as phatgoose with the mean input of a module in the place of its gate, or
 * with the mean of absolute inputs (Muqeeth et al. 2024, arXiv 2402.05859; the
 * released code of GLIDER). */
#include <stdlib.h>

#include "infer/route/method_local.h"

typedef enum ActivationMode { ACTIVATION_MEAN, ACTIVATION_ABSOLUTE } ActivationMode;

typedef struct ActivationSettings {
  int mode; /* activation.mode: ActivationMode */
} ActivationSettings;

static const Option OPTION[] = {
    {"activation.mode", OPTION_CHOICE, offsetof(ActivationSettings, mode), "mean", 0, 0,
     "mean|absolute", false,
     "average-activation: mean of inputs (PHATGOOSE) or of their absolute values (GLIDER)"},
};
static const SettingsGroup SETTINGS = {OPTION, 1, sizeof(ActivationSettings)};

static void activation_close(void *self) {
  local_method_close(self);
  free(self);
}

static Status activation_open(void **self, const RouteParts *parts, Error *err) {
  const ActivationSettings *s = router_own(parts->settings, &SETTINGS);
  LocalMethod *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  PoolVector kind =
      s->mode == ACTIVATION_MEAN ? VECTOR_ACTIVATION_MEAN : VECTOR_ACTIVATION_ABSOLUTE;
  return local_method_open_stored(m, parts, kind, err);
}

static const ScoreKind *activation_scores(const RouterSettings *settings) {
  const ActivationSettings *s = router_own(settings, &SETTINGS);
  return s->mode == ACTIVATION_MEAN ? &score_activation_mean : &score_activation_absolute;
}

const RouteMethod route_average_activation = {
    .name = "average-activation",
    .help = "as phatgoose with the mean input of a module in the place of the gate",
    .source = "Muqeeth et al. 2024, arXiv 2402.05859 (Average Activation)",
    .local = "LN(u)·LN(v)/√d of what the module reads, u, and the expert's mean input, v",
    .labels = {.training = "Custom",
               .data = "Private",
               .routing_data = "None",
               .input = "Step",
               .depth = "Module",
               .selection = "Sparse",
               .aggregation = "Output",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL | READS_ACTIVATIONS,
    .uses = USES_ONLY | USES_TOP_K | USES_TOP_P,
    .chooses = true,
    .biased = true,
    .own = {&SETTINGS, &calibration_settings},
    .scores = activation_scores,
    .open = activation_open,
    .close = activation_close,
    .vectors = local_method_vectors,
    .plan = local_method_plan,
};
