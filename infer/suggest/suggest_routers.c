/* Whom the tokens of the sample go to first under a router. */
#include <stdio.h>
#include <stdlib.h>

#include "infer/route/routing_stats.h"
#include "infer/suggest/suggest_internal.h"

bool suggest_needs_gates(const SuggestRequest *r, SuggestColumn *c) {
  int without = 0, first = -1;
  for (int e = 0; e < pool_count(r->pool); e++) {
    if (pool_entry(r->pool, e)->hash[POOL_GATE][0]) continue;
    if (without++ == 0) first = e;
  }
  if (without == 0) return true;
  snprintf(c->missing, sizeof c->missing, "%d of %d experts have no gates, the first is '%.200s'",
           without, pool_count(r->pool), pool_entry(r->pool, first)->name);
  return false;
}

bool suggest_needs_loras(const SuggestRequest *r, SuggestColumn *c) {
  for (int e = 0; e < pool_count(r->pool); e++) {
    if (pool_kind(r->pool, e) == PEFT_LORA) continue;
    snprintf(c->missing, sizeof c->missing,
             "works on the factors of LoRAs, and the expert '%.200s' is an %s",
             pool_entry(r->pool, e)->name, peft_type_title(pool_kind(r->pool, e)));
    return false;
  }
  return true;
}

static Status route_block(void *arg, Predictor *p, int64_t first, int64_t n, Error *err) {
  const SuggestRequest *r = arg;
  Score score[SUGGEST_BLOCK] = {0};
  char *text[SUGGEST_BLOCK] = {0};
  bool scored = r->targets != TARGETS_NONE;
  TRY(scored ? suggest_scores(r, p, first, n, score, err)
             : predict_texts(p, &r->asking, r->item + first, n, text, err));
  for (int64_t i = 0; i < n; i++) {
    score_free(&score[i]);
    free(text[i]);
  }
  return STATUS_OK;
}

static Status route_all(const SuggestRequest *r, SuggestColumn *c, const char *method,
                        RoutingStats *stats, Error *err) {
  Router *router;
  RouteWatcher watcher = routing_stats_watcher(stats);
  TRY(suggest_router(r, method, NULL, &router, err));
  Status status =
      suggest_pass(r, c, router, &watcher, method, route_block, (void *)(uintptr_t)r, err);
  router_close(router);
  return status;
}

Status suggest_by_router(Suggestion *s, const SuggestRequest *r, SuggestWay way, Error *err) {
  static const char *const METHOD[SUGGEST_WAYS] = {
      [SUGGEST_GATES] = "phatgoose", [SUGGEST_ARROW] = "arrow", [SUGGEST_NORM] = "norm"};
  SuggestColumn *c = &s->column[way];
  RoutingStats *stats;
  c->weight = calloc((size_t)s->experts, sizeof *c->weight);
  if (!c->weight) return suggest_no_memory(err);
  TRY(routing_stats_new(&stats, pool_modules(r->pool), s->experts, err));
  Status status = route_all(r, c, METHOD[way], stats, err);
  for (int e = 0; e < s->experts && status == STATUS_OK; e++) {
    c->value[e] = routing_stats_value(stats, STATISTIC_TOP1, -1, e);
    c->weight[e] = routing_stats_value(stats, STATISTIC_WEIGHT, -1, e);
  }
  c->items = r->items;
  routing_stats_free(stats);
  return status;
}
