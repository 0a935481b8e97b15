#include <stdlib.h>

#include "infer/predict/predict_internal.h"

RouteQuery asking_query(const Asking *asking, const Item *item) {
  return (RouteQuery){.task = item->task ? item->task : asking->task,
                      .instruction = item->instruction ? item->instruction : asking->instruction,
                      .input = item->input};
}

Status predict_route(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                     PredictRoute *out, Error *err) {
  *out = (PredictRoute){0};
  if (!p->router) return STATUS_OK;
  RouteQuery *query = calloc((size_t)n + 1, sizeof *query);
  if (!query) return error_set(err, STATUS_RUN, "out of memory: routing the items");
  for (int64_t i = 0; i < n; i++) query[i] = asking_query(asking, &item[i]);
  Status status = router_begin(p->router, query, n, &out->batch, err);
  free(query);
  if (status != STATUS_OK) return status;
  routed_forward_init(&out->forward, p->router, &out->batch, p->watcher);
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
