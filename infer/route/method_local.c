#include "infer/route/method_local.h"

#include <stdlib.h>
#include <string.h>

Status local_method_open(LocalMethod *m, const RouteParts *parts, const LocalRule *rule,
                         LocalVector *vector, void *arg, Error *err) {
  const RouterSettings *s = parts->settings;
  m->selection.top_k = (int)s->top_k;
  m->selection.top_p = s->top_p;
  LocalRule calibrated = *rule;
  if (rule->scores) TRY(calibration_open(&m->calibration, s, parts->pool, rule->scores, err));
  calibrated.calibration = m->calibration;
  return local_router_new(&m->local, pool_modules(parts->pool), pool_count(parts->pool),
                          &calibrated, vector, arg, parts->threads, err);
}

const ScoreKind score_gate = {"phatgoose", POOL_GATE},
                score_activation_mean = {"average-activation mean", POOL_ACTIVATION},
                score_activation_absolute = {"average-activation absolute", POOL_ACTIVATION};

static const ScoreKind *scores_of(PoolVector kind) {
  switch (kind) {
    case VECTOR_ACTIVATION_MEAN:
      return &score_activation_mean;
    case VECTOR_ACTIVATION_ABSOLUTE:
      return &score_activation_absolute;
    case VECTOR_GATE:
      break;
  }
  return &score_gate;
}

typedef struct StoredVectors {
  const Pool *pool;
  PoolVector kind;
} StoredVectors;

static Status stored_vector(void *arg, int expert, int module, float *out, bool *has, Error *err) {
  const StoredVectors *s = arg;
  return pool_vector(s->pool, s->kind, expert, module, out, has, err);
}

Status local_method_open_stored(LocalMethod *m, const RouteParts *parts, PoolVector kind,
                                Error *err) {
  int experts = pool_count(parts->pool);
  bool *as_is = calloc((size_t)experts + 1, sizeof *as_is);
  if (!as_is) return error_set(err, STATUS_RUN, "out of memory: a router");
  for (int i = 0; i < experts && kind == VECTOR_GATE; i++) {
    as_is[i] = pool_gate_form(parts->pool, i) != GATE_RAW;
  }
  LocalRule rule = {.standardise_input = true,
                    .standardise_vector = true,
                    .as_is = as_is,
                    .scores = scores_of(kind)};
  StoredVectors stored = {parts->pool, kind};
  Status status = local_method_open(m, parts, &rule, stored_vector, &stored, err);
  free(as_is);
  return status;
}

void local_method_close(LocalMethod *m) {
  local_router_free(m->local);
  calibration_close(m->calibration);
}

Tensor *local_method_vectors(const void *self, const Module *module) {
  const LocalMethod *m = self;
  return local_vectors(m->local, module);
}

/* The logits that the plan is made of, once more: call->z becomes weights. */
static const Tensor *logits_again(Context *c, const LocalMethod *m, const RouteCall *call,
                                  const float *bias) {
  Tensor *z = tensor_new(c, call->z->rows, call->z->cols);
  if (!z) return NULL;
  memcpy(z->data, call->z->data, (size_t)tensor_count(z) * sizeof *z->data);
  local_logits(c, m->local, call->module, call->rows, call->x, bias, z);
  return z;
}

Plan *local_method_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax) {
  const LocalMethod *m = self;
  const float *bias = call->bias;
  if (!call->z) return NULL;
  if (call->terms)
    *call->terms = (RouteTerms){.local = logits_again(c, m, call, NULL),
                                .global = bias,
                                .logit = logits_again(c, m, call, bias)};
  local_logits(c, m->local, call->module, call->rows, call->x, bias, call->z);
  *softmax = call->z;
  Plan *plan = plan_select(c, call->z, &m->selection);
  if (plan) plan->aggregate = m->aggregate;
  return plan;
}
