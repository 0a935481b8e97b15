#include <stdlib.h>

#include "infer/predict/predict_internal.h"

static const ArenaMark EMPTY = {0, 0};

RouteQuery asking_query(const Asking *asking, const Item *item) {
  return (RouteQuery){.task = item->task ? item->task : asking->task,
                      .instruction = asking->instruction,
                      .input = item->input,
                      .own = item->instruction};
}

static Status begin_queries(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                            RouteBatch *batch, Error *err) {
  RouteQuery *query = calloc((size_t)n + 1, sizeof *query);
  if (!query) return error_set(err, STATUS_RUN, "out of memory: routing the items");
  for (int64_t i = 0; i < n; i++) query[i] = asking_query(asking, &item[i]);
  Status status = router_begin(p->router, query, n, batch, err);
  free(query);
  return status;
}

/* Reads the prompts for a router that does so before it plans. */
static Status probe_prompts(Predictor *p, const TokenList *input, const RouteBatch *batch,
                            Error *err) {
  if (!router_probes(p->router)) return STATUS_OK;
  RoutedForward probe;
  RouteWork before = {0};
  T5Config encoder = p->model->config; /* alone: cross-attention makes no keys here */
  encoder.decoder_layers = 0;
  routed_probe_init(&probe, p->router, batch);
  if (p->cost) {
    before = route_cost_work(p->cost);
    routed_forward_count(&probe, p->cost);
  }
  Context c = context_make(p->arena, NULL, p->settings.threads, err);
  c.precision = p->settings.precision;
  T5Run run = {p->model, &probe.adapters, false};
  Tensor *encoded = t5_encode(&c, &run, input->ids, tokens_ragged(input));
  if (p->cost)
    route_cost_probed(p->cost, before, t5_weight_multiply_adds(&encoder, tokens_total(input), 0));
  arena_release(p->arena, EMPTY);
  return encoded ? STATUS_OK : err->status;
}

Status predict_route(Predictor *p, const Asking *asking, const Item *item, const TokenList *input,
                     PredictRoute *out, Error *err) {
  *out = (PredictRoute){0};
  if (!p->router) return STATUS_OK;
  TRY(begin_queries(p, asking, item, input->count, &out->batch, err));
  TRY(probe_prompts(p, input, &out->batch, err));
  routed_forward_init(&out->forward, p->router, &out->batch, p->watcher);
  if (p->cost) routed_forward_count(&out->forward, p->cost);
  out->adapters = &out->forward.adapters;
  return STATUS_OK;
}

void predict_route_free(PredictRoute *r) {
  route_batch_free(&r->batch);
  *r = (PredictRoute){0};
}

Status predict_route_end(Predictor *p, Status status, const bool *keep, int64_t sequences,
                         Error *err) {
  const RouteWatcher *w = p->watcher;
  if (!w) return status;
  if (status == STATUS_OK && w->keep) return w->keep(w->arg, keep, sequences, err);
  if (status != STATUS_OK && w->drop) w->drop(w->arg);
  return status;
}
