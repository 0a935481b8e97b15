/* Going over the sample. */
#include <stdlib.h>

#include "autograd/ground/extremum.h"
#include "infer/suggest/suggest_internal.h"

Status suggest_no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: ranking the experts");
}

static Status set_router(const SuggestRequest *r, const char *method, const char *expert,
                         OptionSet *set, Error *err) {
  TRY(options_copy(set, r->router, err));
  TRY(options_put(set, "router", method, "suggest", err));
  return expert ? options_put(set, "expert", expert, "suggest", err) : STATUS_OK;
}

Status suggest_router(const SuggestRequest *r, const char *method, const char *expert,
                      Router **router, Error *err) {
  OptionSet set = {0};
  RouterSettings settings;
  bool lowered;
  *router = NULL;
  Status status = router_settings_init(&set, &settings, err);
  if (status == STATUS_OK) status = set_router(r, method, expert, &set, err);
  if (status == STATUS_OK)
    status = router_settings_fit(&set, &settings, pool_count(r->pool), &lowered, err);
  if (status == STATUS_OK)
    status = router_open(router, &settings, r->pool, r->base, r->settings->threads, err);
  options_free(&set);
  return status;
}

static Status answer_blocks(const SuggestRequest *r, SuggestColumn *c, Predictor *p,
                            const char *what, SuggestAnswer *answer, void *arg, Error *err) {
  for (int64_t first = 0; first < r->items; first += SUGGEST_BLOCK) {
    int64_t n = min64(SUGGEST_BLOCK, r->items - first);
    if (r->watch.stop && *r->watch.stop)
      return error_set(err, STATUS_INTERRUPTED, "interrupted; nothing was ranked");
    TRY(answer(arg, p, first, n, err));
    c->passes += n;
    if (r->watch.items) r->watch.items(r->watch.arg, what, first + n, r->items);
  }
  return STATUS_OK;
}

Status suggest_pass(const SuggestRequest *r, SuggestColumn *c, Router *router,
                    const RouteWatcher *watcher, const char *what, SuggestAnswer *answer, void *arg,
                    Error *err) {
  Predictor *p = NULL;
  PredictSettings settings = *r->settings;
  settings.beams = 1;
  settings.max_output = 1; /* of items without targets the first token is enough */
  TRY(predictor_open(&p, r->base, router, watcher, &settings, err));
  Status status = answer_blocks(r, c, p, what, answer, arg, err);
  predictor_close(p);
  return status;
}

Status suggest_scores(const SuggestRequest *r, Predictor *p, int64_t first, int64_t n, Score *score,
                      Error *err) {
  return predict_scores(p, &r->asking, r->item + first, n, score, err);
}
