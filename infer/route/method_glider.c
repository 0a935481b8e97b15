/* glider: the scores of a local method, phatgoose's in the paper, and, added to them, how near the
 * instruction of the input is to that of each expert (Li et al. 2024, arXiv 2410.07172, section 3).
 * All else, which experts are chosen and how they are weighed, is the local method's. */
#include "infer/route/method_glider.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "infer/route/route_method.h"

#define REAL(key, field, initial, least, most, help) \
  { key, OPTION_REAL, offsetof(GliderSettings, field), initial, least, most, NULL, false, help }

extern const RouteMethod route_phatgoose, route_average_activation, route_arrow, route_norm;

/* In the order of the choices of global.over. */
static const RouteMethod *const OVER[] = {&route_phatgoose, &route_average_activation, &route_arrow,
                                          &route_norm};

static const Option OPTION[] = {
    {"global.over", OPTION_CHOICE, offsetof(GliderSettings, over), "phatgoose", 0, 0,
     "phatgoose|average-activation|arrow|norm", false,
     "glider: the method to whose scores it adds; settings of that method are read, too"},
    {"global.rule", OPTION_CHOICE, offsetof(GliderSettings, rule), "constant", 0, 0,
     "constant|threshold", false,
     "weight of the instructions' similarity: global.scale, or gamma * [max > threshold] + beta"},
    REAL("global.scale", scale, "3", -1e6, 1e6,
         "glider: the constant rule's weight; the paper's runs use 100 held-in, 3 held-out"),
    REAL("global.gamma", gamma, "100", -1e6, 1e6, "glider: of the threshold rule"),
    REAL("global.beta", beta, "3", -1e6, 1e6, "glider: of the threshold rule"),
    REAL("global.threshold", threshold, "0.8", -1, 1, "glider: of the threshold rule"),
};
static const SettingsGroup SETTINGS = {OPTION, sizeof OPTION / sizeof *OPTION,
                                       sizeof(GliderSettings)};

typedef struct Glider {
  const RouteMethod *over;
  void *local; /* the method's own */
  GliderSettings settings;
  GlobalRouter *global;
  int experts;
} Glider;

/* Of the two rules each reads its own numbers. */
static bool glider_reads_key(const RouterSettings *settings, const char *key) {
  const GliderSettings *s = router_own(settings, &SETTINGS);
  bool constant = strcmp(key, "global.scale") == 0;
  bool threshold = strcmp(key, "global.gamma") == 0 || strcmp(key, "global.beta") == 0 ||
                   strcmp(key, "global.threshold") == 0;
  if (!global_reads_key(settings, key)) return false;
  return s->rule == GLOBAL_CONSTANT ? !threshold : !constant;
}

static const RouteMethod *glider_over(const RouterSettings *settings) {
  const GliderSettings *s = router_own(settings, &SETTINGS);
  assert(OVER[s->over]->biased);
  return OVER[s->over];
}

static void glider_close(void *self) {
  Glider *g = self;
  if (g->local) g->over->close(g->local);
  global_router_close(g->global);
  free(g);
}

static Status glider_open(void **self, const RouteParts *parts, Error *err) {
  Glider *g = *self = calloc(1, sizeof *g);
  if (!g) return error_set(err, STATUS_RUN, "out of memory: a router");
  g->settings = *(const GliderSettings *)router_own(parts->settings, &SETTINGS);
  g->experts = pool_count(parts->pool);
  g->over = glider_over(parts->settings);
  TRY(g->over->open(&g->local, parts, err));
  return global_router_open(&g->global, router_own(parts->settings, &global_settings),
                            GLOBAL_BY_INSTRUCTION, parts->pool, parts->base, parts->threads, err);
}

static double largest_cosine(const double *cosine, int experts) {
  return cosine[global_nearest(cosine, experts)];
}

void glider_bias(const GliderSettings *s, const double *cosine, int experts, float *bias) {
  double scale = s->scale;
  if (s->rule == GLOBAL_THRESHOLD)
    scale = (largest_cosine(cosine, experts) > s->threshold ? s->gamma : 0) + s->beta;
  for (int i = 0; i < experts; i++) bias[i] = (float)(scale * cosine[i]);
}

static void glider_tell(const void *self, bool ended, RouteSay *say, void *arg) {
  const Glider *g = self;
  global_tell(g->global, ended, say, arg);
}

static Status glider_begin(void *self, const RouteQuery *query, int64_t n, float *value,
                           Error *err) {
  Glider *g = self;
  for (int64_t i = 0; i < n; i++) {
    const double *cosine;
    TRY(global_cosines(g->global, &query[i], &cosine, err));
    glider_bias(&g->settings, cosine, g->experts, value + i * g->experts);
  }
  return STATUS_OK;
}

static Tensor *glider_vectors(const void *self, const Module *module) {
  const Glider *g = self;
  return g->over->vectors(g->local, module);
}

static Plan *glider_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  const Glider *g = self;
  RouteCall local = *call;
  local.bias = call->batch->value;
  return g->over->plan(c, g->local, &local, softmax);
}

const RouteMethod route_glider = {
    .name = "glider",
    .help =
        "phatgoose, or another by `global.over`, with scale·cos(expert's instruction, query's "
        "instruction) added; `global.scale`, or `global.rule: threshold` (γ·1[max cos > p] + β)",
    .source = "Li et al. 2024, arXiv 2410.07172, section 3",
    .global = "scale·cos of the expert's instruction and that of the input",
    .labels = {.training = "Custom",
               .data = "Private",
               .routing_data = "None",
               .input = "Step",
               .depth = "Module",
               .selection = "Sparse",
               .aggregation = "Output",
               .generalization = "Multiple",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL | READS_INSTRUCTIONS,
    .uses = USES_ONLY | USES_TOP_K | USES_TOP_P,
    .chooses = true,
    .own = {&SETTINGS, &global_settings},
    .over = glider_over,
    .reads_key = glider_reads_key,
    .open = glider_open,
    .close = glider_close,
    .tell = glider_tell,
    .begin = glider_begin,
    .vectors = glider_vectors,
    .plan = glider_plan,
};
