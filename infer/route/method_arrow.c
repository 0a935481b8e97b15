/* arrow: s_i = |u . p_i| with p_i the input that the update of an expert stretches most, computed
 * from its factors (infer/expert/arrow.h; Ostapenko et al. 2024, arXiv 2405.11157).
 *
 *   MODE             LOGIT                  SOFTMAX OVER  WEIGHTS MULTIPLY
 *   mttl             |u . p_i|              the chosen    parameters
 *   glider           |u . p_i| / 10         all           outputs
 *   glider-released  LN(u) . p_i / sqrt(d)  all           outputs */
#include "infer/route/method_arrow.h"

#include <stdlib.h>

#include "infer/expert/arrow.h"

typedef enum ArrowMode { ARROW_MTTL, ARROW_GLIDER, ARROW_GLIDER_RELEASED } ArrowMode;

typedef struct ArrowSettings {
  int mode; /* arrow.mode: ArrowMode */
} ArrowSettings;

static const Option OPTION[] = {
    {"arrow.mode", OPTION_CHOICE, offsetof(ArrowSettings, mode), "mttl", 0, 0,
     "mttl|glider|glider-released", false,
     "MTTL's Arrow, the branch that GLIDER's code intends, or the one that it runs"},
};
static const SettingsGroup SETTINGS = {OPTION, 1, sizeof(ArrowSettings)};

static const ScoreKind SCORES[] = {
    [ARROW_MTTL] = {"arrow mttl", POOL_ADAPTER},
    [ARROW_GLIDER] = {"arrow glider", POOL_ADAPTER},
    [ARROW_GLIDER_RELEASED] = {"arrow glider-released", POOL_ADAPTER},
};

static const ScoreKind *arrow_scores(const RouterSettings *settings) {
  const ArrowSettings *s = router_own(settings, &SETTINGS);
  return &SCORES[s->mode];
}

static void arrow_close(void *self) {
  local_method_close(self);
  free(self);
}

/* The factors are read by one thread, their vectors made by many. */
typedef struct Factors {
  LowRank *factor; /* [experts, modules] */
  int modules;
} Factors;

static Status prototype_vector(void *arg, int expert, int module, float *out, bool *has,
                               Error *err) {
  const Factors *f = arg;
  const LowRank *factor = &f->factor[expert * f->modules + module];
  *has = factor->a != NULL;
  return *has ? arrow_prototype(factor, out, err) : STATUS_OK;
}

Status arrow_open_prototypes(LocalMethod *m, const RouteParts *parts, const LocalRule *rule,
                             Error *err) {
  int experts = pool_count(parts->pool), modules = pool_modules(parts->pool)->count;
  Factors f = {calloc((size_t)experts * (size_t)modules, sizeof *f.factor), modules};
  if (!f.factor) return error_set(err, STATUS_RUN, "out of memory: prototypes");
  Status status = STATUS_OK;
  for (int i = 0; i < experts * modules && status == STATUS_OK; i++)
    status = pool_factor(parts->pool, i / modules, i % modules, &f.factor[i], err);
  if (status == STATUS_OK) status = local_method_open(m, parts, rule, prototype_vector, &f, err);
  free(f.factor);
  return status;
}

static Status arrow_open(void **self, const RouteParts *parts, Error *err) {
  static const LocalRule RULE[] = {
      [ARROW_MTTL] = {.absolute = true, .temperature = 1, .scores = &SCORES[ARROW_MTTL]},
      [ARROW_GLIDER] = {.absolute = true, .temperature = 10, .scores = &SCORES[ARROW_GLIDER]},
      [ARROW_GLIDER_RELEASED] = {.standardise_input = true,
                                 .scores = &SCORES[ARROW_GLIDER_RELEASED]},
  };
  const ArrowSettings *s = router_own(parts->settings, &SETTINGS);
  LocalMethod *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  if (s->mode == ARROW_MTTL) {
    m->selection.normalise = NORMALISE_CHOSEN;
    m->aggregate = AGGREGATE_PARAMETER;
  }
  return arrow_open_prototypes(m, parts, &RULE[s->mode], err);
}

const RouteMethod route_arrow = {
    .name = "arrow",
    .help = "the k largest |u·p|, p the first right singular vector of BA; three modes",
    .source = "Ostapenko et al. 2024, arXiv 2405.11157",
    .local =
        "|u·p|, or what arrow.mode makes of it, of what the module reads, u, and the expert's "
        "prototype, p",
    .labels = {.training = "Standard",
               .data = "Private",
               .routing_data = "None",
               .input = "Step",
               .depth = "Module",
               .selection = "Sparse",
               .aggregation = "Parameter",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY | USES_TOP_K | USES_TOP_P,
    .lora_only = true,
    .chooses = true,
    .biased = true,
    .own = {&SETTINGS, &calibration_settings},
    .scores = arrow_scores,
    .open = arrow_open,
    .close = arrow_close,
    .vectors = local_method_vectors,
    .plan = local_method_plan,
};
