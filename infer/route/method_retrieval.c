/* retrieval: the same experts for a whole input, those whose instruction, or whose examples, are
 * nearest.
 *
 *   retrieval.k: 1           the nearest (Jang et al. 2023, arXiv 2302.03202; the baseline of
 *                            Muqeeth et al. 2024, arXiv 2402.05859; LoraRetriever's selection)
 *   weights: uniform         LoraRetriever's mixture, y = W x + 1/k sum_i D_i(x), and with
 *                            mode: fusion its fusion, the same of averaged factors (Zhao et al.
 *                            2024, arXiv 2402.09997, section 4.2)
 *   weights: softmax         LORAUTER's mixture of task vectors: softmax over the k of cos / tau
 *                            (arXiv 2601.21795; k 3, tau 0.2)
 *
 * With an update D_i(x) = s_i B_i A_i x a fusion is the mixture and the products of each expert's
 * B with the others' A beside it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "infer/route/route_examples.h"
#include "infer/route/route_kinds.h"

typedef enum RetrievalMode { RETRIEVAL_MIXTURE, RETRIEVAL_FUSION } RetrievalMode;

typedef struct RetrievalSettings {
  int by;      /* retrieval.by: GlobalBy */
  int64_t k;   /* retrieval.k */
  int mode;    /* retrieval.mode: RetrievalMode */
  int weights; /* retrieval.weights: ExampleWeights */
  double tau;  /* retrieval.tau */
} RetrievalSettings;

static const Option OPTION[] = {
    {"retrieval.by", OPTION_CHOICE, offsetof(RetrievalSettings, by), "instruction", 0, 0,
     "instruction|example|example-mean", false,
     "what the query is compared with: experts' instructions, examples, or the mean of those"},
    {"retrieval.k", OPTION_INT, offsetof(RetrievalSettings, k), "1", 1, 1e6, NULL, false,
     "the nearest experts that run, for all of an input"},
    {"retrieval.mode", OPTION_CHOICE, offsetof(RetrievalSettings, mode), "mixture", 0, 0,
     "mixture|fusion", false, "of several: weights multiply their outputs, or their parameters"},
    {"retrieval.weights", OPTION_CHOICE, offsetof(RetrievalSettings, weights), "uniform", 0, 0,
     "uniform|softmax", false,
     "of several: alike (LoraRetriever), or softmax of similarity / retrieval.tau (LORAUTER)"},
    {"retrieval.tau", OPTION_REAL, offsetof(RetrievalSettings, tau), "0.2", 1e-6, 1e6, NULL, false,
     "temperature of retrieval.weights: softmax"},
};
static const SettingsGroup SETTINGS = {OPTION, sizeof OPTION / sizeof *OPTION,
                                       sizeof(RetrievalSettings)};

typedef struct Retrieval {
  const Pool *pool;
  GlobalRouter *global;
  RetrievalSettings settings;
} Retrieval;

/* Of one expert there is nothing to weigh; inputs that are compared with examples have no other
 * text. */
static bool retrieval_reads_key(const RouterSettings *settings, const char *key) {
  const RetrievalSettings *s = router_own(settings, &SETTINGS);
  bool query = strncmp(key, "query", strlen("query")) == 0;
  if (query && s->by != GLOBAL_BY_INSTRUCTION) return false;
  if (strcmp(key, "retrieval.mode") == 0 || strcmp(key, "retrieval.weights") == 0) return s->k > 1;
  if (strcmp(key, "retrieval.tau") == 0) return s->k > 1 && s->weights == EXAMPLE_SOFTMAX;
  return global_reads_key(settings, key);
}

static void retrieval_close(void *self) {
  Retrieval *r = self;
  global_router_close(r->global);
  free(r);
}

static Status check_pool(const RetrievalSettings *s, const Pool *pool, Error *err) {
  if (s->k > pool_count(pool)) {
    return error_set(err, STATUS_USAGE,
                     "retrieval.k: is %" PRId64 ", but of %s %d experts take part", s->k,
                     pool_dir(pool), pool_count(pool));
  }
  if (s->k == 1 || s->mode == RETRIEVAL_MIXTURE) return STATUS_OK;
  return route_require_loras(pool, "retrieval with retrieval.mode: fusion", err);
}

static Status retrieval_open(void **self, const RouteParts *parts, Error *err) {
  Retrieval *r = *self = calloc(1, sizeof *r);
  if (!r) return error_set(err, STATUS_RUN, "out of memory: a router");
  r->settings = *(const RetrievalSettings *)router_own(parts->settings, &SETTINGS);
  r->pool = parts->pool;
  TRY(check_pool(&r->settings, r->pool, err));
  return global_router_open(&r->global, router_own(parts->settings, &global_settings),
                            (GlobalBy)r->settings.by, parts->pool, parts->base, parts->threads,
                            err);
}

static void retrieval_tell(const void *self, bool ended, RouteSay *say, void *arg) {
  const Retrieval *r = self;
  global_tell(r->global, ended, say, arg);
}

static Status retrieval_begin(void *self, const RouteQuery *query, int64_t n, float *value,
                              Error *err) {
  Retrieval *r = self;
  const RetrievalSettings *s = &r->settings;
  int experts = pool_count(r->pool);
  for (int64_t i = 0; i < n; i++) {
    const double *cosine;
    TRY(global_cosines(r->global, &query[i], &cosine, err));
    weigh_example(cosine, experts, (int)s->k, (ExampleWeights)s->weights, s->tau,
                  value + i * experts);
  }
  return STATUS_OK;
}

static Plan *retrieval_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  const Retrieval *r = self;
  Plan *plan = plan_by_example(c, r->pool, call, (int)r->settings.k);
  if (plan && r->settings.k > 1 && r->settings.mode == RETRIEVAL_FUSION)
    plan->aggregate = AGGREGATE_PARAMETER;
  return plan;
}

const RouteMethod route_retrieval = {
    .name = "retrieval",
    .help =
        "one expert for the whole input, by the similarity of instructions or of examples; "
        "`retrieval.k`: several",
    .source =
        "Jang et al. 2023, arXiv 2302.03202; Zhao et al. 2024, arXiv 2402.09997, section 4.2 "
        "(LoraRetriever); arXiv 2601.21795 (LORAUTER)",
    .labels = {.training = "Custom",
               .data = "Private",
               .routing_data = "None",
               .input = "Task",
               .depth = "Model",
               .selection = "Sparse",
               .aggregation = "None",
               .generalization = "Out-of-Distribution",
               .user_data = "Zero-Shot"},
    .reads = READS_POOL | READS_INSTRUCTIONS,
    .uses = USES_ONLY,
    .chooses = true,
    .own = {&global_settings, &SETTINGS},
    .reads_key = retrieval_reads_key,
    .open = retrieval_open,
    .close = retrieval_close,
    .tell = retrieval_tell,
    .begin = retrieval_begin,
    .plan = retrieval_plan,
};
