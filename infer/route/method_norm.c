/* norm: the experts whose updates answer the token most strongly. Needs nothing but adapters.
 *
 *   s_i = |B_i A_i u| = |R_i (A_i u)|,   R_i^T R_i = B_i^T B_i (Cholesky), r x r
 *
 * which is the norm of S V^T u for the singular value decomposition U S V^T of B_i A_i (SpectR; Fleshman
 * and Van Durme 2025, arXiv 2504.03454). The scale alpha / r takes no part, as there.
 *
 * With norm.spectrum: false it is |V^T u|, the length of the part of u that the update sees, whatever
 * it makes of it (SMILE; Tang et al. 2024, arXiv 2408.10174). With M = R_i A_i and L L^T = M M^T that is
 * |L^-1 R_i (A_i u)|: no singular value is ever computed. SMILE's own gate looks at the first singular
 * vectors alone, norm.rank; of one it is Arrow's |u . p_i|.
 *
 * With norm.prefilter: k only the k experts with the largest |u . p_i| are looked at, p_i the prototype
 * of Arrow (LAG; arXiv 2507.05346, with spectrum: false and top_k: 1 as printed there).
 *
 * Under glider what instructions add is added to the norms by which experts are chosen and of which a
 * softmax is taken; the prefilter, and proportional weights, are of what it is without.
 *
 * SEQR (arXiv 2509.18093) computes the same norms where all experts share one A, there as |R_i (A u)|
 * with the Q R of B_i; with top_k: 1 and a calibration this is its rule, for any A. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "infer/expert/norm_core.h"
#include "infer/route/method_arrow.h"
#include "infer/route/route_pairs.h"

typedef enum NormWeights { WEIGHTS_UNIFORM, WEIGHTS_SOFTMAX, WEIGHTS_PROPORTIONAL } NormWeights;

typedef struct NormSettings {
  int weights;       /* norm.weights: NormWeights */
  int64_t prefilter; /* norm.prefilter: 0 is off */
  bool spectrum;     /* norm.spectrum */
  int64_t rank;      /* norm.rank: 0 is all */
} NormSettings;

static const Option OPTION[] = {
    {"norm.weights", OPTION_CHOICE, offsetof(NormSettings, weights), "uniform", 0, 0,
     "uniform|softmax|proportional", false,
     "of the chosen experts: alike (SpectR), softmax of their norms (SMILE), or as their norms"},
    {"norm.prefilter", OPTION_INT, offsetof(NormSettings, prefilter), "0", 0, 1e6, NULL, false,
     "look at this many experts alone, chosen by arrow first (LAG); 0: at all"},
    {"norm.spectrum", OPTION_BOOL, offsetof(NormSettings, spectrum), "true", 0, 0, NULL, false,
     "norms of what updates make of a token; false: of what they see of it (SMILE)"},
    {"norm.rank", OPTION_INT, offsetof(NormSettings, rank), "0", 0, 1e6, NULL, false,
     "of the first so many singular vectors of an update alone (SMILE); 0: of all"},
};
static const SettingsGroup SETTINGS = {OPTION, sizeof OPTION / sizeof *OPTION,
                                       sizeof(NormSettings)};

static const ScoreKind STRETCHED = {"norm", POOL_ADAPTER}, SEEN = {"norm seen", POOL_ADAPTER};

static const ScoreKind *norm_scores(const RouterSettings *settings) {
  const NormSettings *s = router_own(settings, &SETTINGS);
  return s->spectrum ? &STRETCHED : &SEEN;
}

typedef struct Norm {
  LocalMethod arrow; /* local is NULL without a prefilter */
  NormSettings settings;
  Selection selection;
  Pool *pool;
  int modules;
  Calibration *calibration; /* NULL: norms are taken as they are */
  float **core; /* [experts * modules] C_i [r, r] with s_i = |C_i (A_i u)|; NULL: not covered */
} Norm;

/* ---- opening ---- */

static void norm_close(void *self) {
  Norm *m = self;
  for (int i = 0; m->core && i < pool_count(m->pool) * m->modules; i++) free(m->core[i]);
  free(m->core);
  calibration_close(m->calibration);
  local_method_close(&m->arrow);
  free(m);
}

typedef struct Making {
  Norm *method;
  const LowRank *factor; /* [experts * modules] */
} Making;

static Status make_one(void *arg, int64_t task, int worker, Error *err) {
  (void)worker;
  const Making *w = arg;
  const LowRank *f = &w->factor[task];
  const NormSettings *s = &w->method->settings;
  if (!f->a) return STATUS_OK;
  float *core = w->method->core[task] = malloc((size_t)(f->a->rows * f->a->rows) * sizeof *core);
  if (!core) return error_set(err, STATUS_RUN, "out of memory: norms");
  return norm_core(f, s->spectrum, s->rank, core, err);
}

static Status make_cores(Norm *m, int threads, Error *err) {
  int count = pool_count(m->pool) * m->modules;
  LowRank *factor = calloc((size_t)count, sizeof *factor);
  m->core = calloc((size_t)count, sizeof *m->core);
  Status status =
      factor && m->core ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: norms");
  for (int i = 0; i < count && status == STATUS_OK; i++)
    status = pool_factor(m->pool, i / m->modules, i % m->modules, &factor[i], err);
  Making making = {m, factor};
  if (status == STATUS_OK) status = parallel_try(threads, count, make_one, &making, err);
  free(factor);
  return status;
}

static Status norm_check(const RouterSettings *settings, Error *err) {
  const NormSettings *s = router_own(settings, &SETTINGS);
  const CalibrationSettings *calibration = router_own(settings, &calibration_settings);
  if (calibration->file && s->weights == WEIGHTS_PROPORTIONAL)
    return error_set(err, STATUS_USAGE,
                     "norm.weights: proportional is of lengths, and calibrated ones are none; take "
                     "uniform or softmax");
  if (calibration->file && s->rank > 0)
    return error_set(err, STATUS_USAGE,
                     "calibration: is of norms by all singular vectors; leave norm.rank out");
  if (s->prefilter == 0 || settings->top_p < 1 || s->prefilter >= settings->top_k) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "norm.prefilter: is %" PRId64 ", below top_k, which is %" PRId64, s->prefilter,
                   settings->top_k);
}

static Status norm_open(void **self, const RouteParts *parts, Error *err) {
  static const LocalRule ARROW = {.absolute = true, .temperature = 1};
  const RouterSettings *s = parts->settings;
  Norm *m = *self = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "out of memory: a router");
  m->settings = *(const NormSettings *)router_own(s, &SETTINGS);
  m->selection = (Selection){(int)s->top_k, s->top_p, NORMALISE_CHOSEN};
  m->pool = parts->pool;
  m->modules = pool_modules(parts->pool)->count;
  TRY(calibration_open(&m->calibration, s, parts->pool, norm_scores(s), err));
  if (m->settings.prefilter > 0) {
    TRY(arrow_open_prototypes(&m->arrow, parts, &ARROW, err));
    m->arrow.selection = (Selection){(int)m->settings.prefilter, 1, NORMALISE_CHOSEN};
  }
  return make_cores(m, parts->threads, err);
}

static Tensor *norm_vectors(const void *self, const Module *module) {
  const Norm *m = self;
  return m->arrow.local ? local_vectors(m->arrow.local, module) : NULL;
}

/* ---- planning ---- */

/* Every expert that covers the module, or those that arrow lets pass. */
static Plan *candidates(Context *c, const Norm *m, const RouteCall *call) {
  Tensor *unused;
  RouteCall arrow = *call;
  arrow.terms = NULL; /* they are the norms', as is what is added */
  arrow.bias = NULL;
  if (m->arrow.local) return local_method_plan(c, &m->arrow, &arrow, &unused);
  int experts = pool_count(m->pool);
  Plan *plan = plan_new(c, call->x->rows, experts);
  for (int64_t i = 0; plan && i < plan->rows * experts; i++) {
    int expert = (int)(i % experts);
    plan->expert[i] = pool_covers(m->pool, expert, call->module->id) ? expert : -1;
    plan->weight[i] = 1;
  }
  return plan;
}

/* Norms of one row of a plan of candidates, in the places of their experts. */
typedef struct Scoring {
  const Norm *method;
  const Plan *candidate;
  const RoutePairs *pairs;
  const float *h; /* [pairs, rank] A_i u */
  int module;
  Tensor *z; /* [T, experts] */
} Scoring;

static float core_norm(const float *core, const float *h, int64_t n) {
  double norm = 0;
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += (double)core[i * n + k] * (double)h[k];
    norm += sum * sum;
  }
  return (float)sqrt(norm);
}

static void score_row(void *arg, int64_t row, int worker) {
  (void)worker;
  const Scoring *s = arg;
  const Plan *plan = s->candidate;
  float *z = s->z->data + row * s->z->cols;
  for (int64_t i = 0; i < s->z->cols; i++) z[i] = -INFINITY;
  for (int64_t slot = row * plan->slots; slot < (row + 1) * plan->slots; slot++) {
    int32_t expert = plan->expert[slot];
    if (expert < 0) continue;
    const float *h = s->h + s->pairs->pair[slot] * s->pairs->rank;
    const float *core = s->method->core[expert * s->method->modules + s->module];
    float norm = core_norm(core, h, s->pairs->adapter[expert].low_rank.a->rows);
    z[expert] = calibrated(s->method->calibration, s->module, expert, norm);
  }
}

/* Norms [T, experts], -infinity where an expert is no candidate; NULL where there is none. */
static Tensor *norms(Context *c, const Norm *m, const RouteCall *call) {
  RoutePairs pairs;
  Plan *plan = candidates(c, m, call);
  if (!plan || !route_pairs_make(c, m->pool, call->module->id, plan, &pairs)) return NULL;
  LowRankPairs passes = route_pairs_passes(&pairs, false);
  float *h = context_alloc(c, (size_t)(pairs.pairs * pairs.rank) * sizeof *h);
  Tensor *z = tensor_new(c, call->x->rows, pool_count(m->pool));
  if (context_failed(c)) return NULL;
  low_rank_down(c, &passes, call->x, h);
  if (call->cost) route_cost_scored(call->cost, call->module, m->pool, plan);
  Scoring scoring = {m, plan, &pairs, h, call->module->id, z};
  parallel_for(c->threads, z->rows, score_row, &scoring);
  return z;
}

/* Weights of the chosen experts that are not their softmax. */
static void weigh_rows(Plan *plan, const Tensor *norm, NormWeights how) {
  if (how == WEIGHTS_SOFTMAX) return;
  for (int64_t t = 0; t < plan->rows; t++) {
    int32_t *expert = plan->expert + t * plan->slots;
    float *weight = plan->weight + t * plan->slots;
    double sum = 0;
    for (int i = 0; i < plan->slots; i++) {
      if (expert[i] < 0) continue;
      weight[i] = how == WEIGHTS_UNIFORM ? 1 : norm->data[t * norm->cols + expert[i]];
      sum += (double)weight[i];
    }
    for (int i = 0; i < plan->slots; i++)
      weight[i] = expert[i] < 0 || sum == 0 ? 0 : (float)((double)weight[i] / sum);
    for (int i = 0; i < plan->slots; i++)
      if (weight[i] == 0) expert[i] = -1;
  }
}

/* The norms, and what is added to them. */
static Tensor *biased(Context *c, const Tensor *norm, const RouteCall *call) {
  Tensor *z = tensor_new(c, norm->rows, norm->cols);
  if (!z) return NULL;
  memcpy(z->data, norm->data, (size_t)tensor_count(z) * sizeof *z->data);
  const Rows *rows = call->rows;
  for (int64_t s = 0; call->bias && s < rows->sequence.count; s++) {
    const float *bias = call->bias + (rows->source ? rows->source[s] : s) * z->cols;
    for (int64_t t = rows->sequence.offset[s]; t < rows->sequence.offset[s + 1]; t++)
      for (int64_t i = 0; i < z->cols; i++) z->data[t * z->cols + i] += bias[i];
  }
  return z;
}

static Plan *norm_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  const Norm *m = self;
  Tensor *norm = norms(c, m, call), *z = norm ? biased(c, norm, call) : NULL;
  if (!z) return NULL;
  *softmax = z;
  if (call->terms)
    *call->terms =
        (RouteTerms){.local = norm, .global = call->bias, .logit = biased(c, norm, call)};
  Plan *plan = plan_select(c, z, &m->selection);
  if (plan) weigh_rows(plan, norm, (NormWeights)m->settings.weights);
  return plan;
}

const RouteMethod route_norm = {
    .name = "norm",
    .help = "the k experts whose updates answer it most strongly, |BAu|; three ways to weigh them",
    .source =
        "Fleshman and Van Durme 2025, arXiv 2504.03454 (SpectR); Tang et al. 2024, arXiv "
        "2408.10174 (SMILE); arXiv 2507.05346 (LAG)",
    .local = "|BAu|, or what norm.spectrum: false makes of it, of what the module reads, u",
    .labels = {"Standard", "Private", "None", "Step", "Module", "Sparse", "Output",
               "Out-of-Distribution", "Zero-Shot"},
    .reads = READS_POOL,
    .uses = USES_ONLY | USES_TOP_K | USES_TOP_P,
    .lora_only = true,
    .chooses = true,
    .biased = true,
    .own = {&SETTINGS, &calibration_settings},
    .scores = norm_scores,
    .check = norm_check,
    .open = norm_open,
    .close = norm_close,
    .vectors = norm_vectors,
    .plan = norm_plan,
};
