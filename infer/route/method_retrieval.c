/* retrieval: one expert for a whole input, the one whose instruction, or one of whose examples, is
 * nearest (Jang et al. 2023, arXiv 2302.03202; the baseline of Muqeeth et al. 2024,
 * arXiv 2402.05859). */
#include <assert.h>
#include <stdlib.h>

#include "infer/route/route_method.h"

typedef struct RetrievalSettings {
  int by; /* retrieval.by: GlobalBy */
} RetrievalSettings;

static const Option OPTION[] = {
    {"retrieval.by", OPTION_CHOICE, offsetof(RetrievalSettings, by), "instruction", 0, 0,
     "instruction|example", false,
     "what the query is compared with: experts' instructions or examples"},
};
static const SettingsGroup SETTINGS = {OPTION, 1, sizeof(RetrievalSettings)};

typedef struct Retrieval {
  const Pool *pool;
  GlobalRouter *global;
} Retrieval;

static void retrieval_close(void *self) {
  Retrieval *r = self;
  global_router_close(r->global);
  free(r);
}

static Status retrieval_open(void **self, const RouteParts *parts, Error *err) {
  const RetrievalSettings *s = router_own(parts->settings, &SETTINGS);
  Retrieval *r = *self = calloc(1, sizeof *r);
  if (!r) return error_set(err, STATUS_RUN, "out of memory: a router");
  r->pool = parts->pool;
  return global_router_open(&r->global, router_own(parts->settings, &global_settings),
                            (GlobalBy)s->by, parts->pool, parts->base, parts->threads, err);
}

static void retrieval_tell(const void *self, bool ended, RouteSay *say, void *arg) {
  const Retrieval *r = self;
  global_tell(r->global, ended, say, arg);
}

/* 1 at the expert of each query. */
static Status retrieval_begin(void *self, const RouteQuery *query, int64_t n, float *value,
                              Error *err) {
  Retrieval *r = self;
  int experts = pool_count(r->pool);
  for (int64_t i = 0; i < n; i++) {
    const double *cosine;
    TRY(global_cosines(r->global, &query[i], &cosine, err));
    value[i * experts + global_nearest(cosine, experts)] = 1;
  }
  return STATUS_OK;
}

static int32_t expert_of(const Retrieval *r, const RouteBatch *batch, int64_t example) {
  assert(example < batch->examples);
  int32_t expert = 0;
  while (batch->value[example * pool_count(r->pool) + expert] == 0) expert++;
  return expert;
}

/* The expert of each row's example, where it covers the module. */
static Plan *retrieval_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  (void)softmax;
  const Retrieval *r = self;
  const Rows *rows = call->rows;
  Plan *plan = plan_new(c, call->x->rows, 1);
  for (int64_t s = 0; plan && s < rows->sequence.count; s++) {
    int32_t expert = expert_of(r, call->batch, rows->source ? rows->source[s] : s);
    bool covers = pool_covers(r->pool, expert, call->module->id);
    for (int64_t t = rows->sequence.offset[s]; t < rows->sequence.offset[s + 1]; t++) {
      plan->expert[t] = covers ? expert : -1;
      plan->weight[t] = covers ? 1 : 0;
    }
  }
  return plan;
}

const RouteMethod route_retrieval = {
    .name = "retrieval",
    .help = "one expert for the whole input, by the similarity of instructions or of examples",
    .source = "Jang et al. 2023, arXiv 2302.03202",
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
    .reads_key = global_reads_key,
    .open = retrieval_open,
    .close = retrieval_close,
    .tell = retrieval_tell,
    .begin = retrieval_begin,
    .plan = retrieval_plan,
};
