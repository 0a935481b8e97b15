#include "infer/predict/predict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "autograd/kernel/kernels.h"
#include "infer/predict/generation.h"

/* The user's own stands in its place. */
static void pass_over(GenerationConfig *g, const char *key) {
  json_t *value = json_object_get(g->taken, key);
  if (!value) return;
  json_object_set(g->unused, key, value);
  json_object_del(g->taken, key);
}

void generation_settle(PredictSettings *s, PredictGiven given, GenerationConfig *g) {
  s->generation = g;
  if (given.max_output) {
    pass_over(g, "max_length");
    pass_over(g, "max_new_tokens");
  } else if (g->max_output > 0) {
    s->max_output = g->max_output;
  }
  if (given.beams) {
    pass_over(g, "num_beams");
  } else if (g->beams > 0) {
    s->beams = (int)g->beams;
  }
  if (given.length_penalty) {
    pass_over(g, "length_penalty");
  } else if (!isnan(g->length_penalty)) {
    s->length_penalty = g->length_penalty;
  }
}

static Status check_settings(const PredictSettings *s, Error *err) {
  if (s->max_input < 1 || s->max_target < 1 || s->max_output < 1 || s->batch_tokens < 1) {
    return error_set(err, STATUS_USAGE, "maximum numbers of tokens must be at least 1");
  }
  if (s->precision == PRECISION_BF16)
    TRY(kernels_require_bf16(kernels_default(), "precision", err));
  if (s->beams < 1) return error_set(err, STATUS_USAGE, "beams: got %d, want 1 or more", s->beams);
  return STATUS_OK;
}

static Status check_parts(const T5 *model, const RouteWatcher *watcher, const PredictSettings *s,
                          Error *err) {
  int64_t vocab = model->config.vocab_size;
  if (generation_continuations(s) > vocab) {
    return error_set(err, STATUS_USAGE,
                     "beams: got %d, want at most %" PRId64 " with the vocabulary of %" PRId64,
                     s->beams, vocab * s->beams / generation_continuations(s), vocab);
  }
  if (watcher && s->beams > 1) {
    return error_set(err, STATUS_USAGE,
                     "routing statistics are those of one sequence an input; collect them with 1 "
                     "beam");
  }
  return STATUS_OK;
}

Status predictor_open(Predictor **out, const Base *base, Router *router,
                      const RouteWatcher *watcher, const PredictSettings *settings, Error *err) {
  *out = NULL;
  TRY(check_settings(settings, err));
  TRY(check_parts(base->model, watcher, settings, err));
  Predictor *p = calloc(1, sizeof *p);
  Arena *arena = arena_new();
  if (!p || !arena) {
    free(p);
    arena_free(arena);
    return error_set(err, STATUS_RUN, "out of memory: preparing to predict");
  }
  *p = (Predictor){.model = base->model,
                   .tokenizer = base->tokenizer,
                   .router = router,
                   .watcher = watcher,
                   .settings = *settings,
                   .arena = arena};
  *out = p;
  return STATUS_OK;
}

PredictLoss predictor_loss(const Predictor *p) {
  return p->loss;
}

PredictCost predictor_cost(const Predictor *p) {
  return (PredictCost){p->largest, arena_held(p->arena)};
}

PredictTokens predictor_tokens(const Predictor *p) {
  return p->tokens;
}

void predictor_count(Predictor *p, RouteCost *cost) {
  p->cost = cost;
}

void predictor_close(Predictor *p) {
  if (!p) return;
  arena_free(p->arena);
  free(p);
}
