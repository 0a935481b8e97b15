#include "infer/route/route_allows.h"

#include <stdlib.h>

#include "infer/route/router_options.h"

void route_answer_free(RouteAnswer *answer) {
  free(answer->lacks);
  *answer = (RouteAnswer){0};
}

/* The method's settings on a pool, which of one expert alone has no other top_k. */
static Status settle(const RouteMethod *m, const RouteAsked *asked, const Pool *pool,
                     OptionSet *set, RouterSettings *settings, Error *err) {
  const bool alone = pool != asked->pool;
  bool lowered;
  for (int i = 0; i < asked->assignments; i++) TRY(options_assign(set, asked->assignment[i], err));
  TRY(options_put(set, "router", m->name, "router", err));
  if (m->uses & USES_EXPERT) TRY(options_preset(set, "expert", pool_entry(pool, 0)->name, err));
  if (alone && (m->uses & USES_TOP_K)) TRY(options_put(set, "top_k", "1", "top_k", err));
  return router_settings_fit(set, settings, pool_count(pool), &lowered, err);
}

/* Opens and closes the method on a pool; *why says what prevents it. */
static Status try_method(const RouteMethod *m, const RouteAsked *asked, Pool *pool, Error *why,
                         Error *err) {
  OptionSet set;
  RouterSettings settings;
  Router *router = NULL;
  TRY(router_settings_init(&set, &settings, err));
  Status status = settle(m, asked, pool, &set, &settings, err);
  if (status == STATUS_OK) {
    const Status opened = router_open(&router, &settings, pool, asked->base, asked->threads, why);
    if (opened == STATUS_RUN) status = error_set(err, opened, "%s", why->text);
    router_close(router);
  }
  options_free(&set);
  return status;
}

static Status try_alone(const RouteMethod *m, const RouteAsked *asked, int expert,
                        RouteAnswer *answer, Error *err) {
  Pool *alone = NULL;
  Error why = {0};
  TRY(pool_open(&alone, pool_dir(asked->pool), pool_modules(asked->pool), asked->sample,
                pool_entry(asked->pool, expert)->name, err));
  const Status status = try_method(m, asked, alone, &why, err);
  pool_close(alone);
  if (why.status != STATUS_OK) answer->lacks[answer->lacking++] = expert;
  return status;
}

Status route_allows(const RouteMethod *m, const RouteAsked *asked, RouteAnswer *answer,
                    Error *err) {
  const int experts = pool_count(asked->pool);
  bool of_experts;
  *answer = (RouteAnswer){.lacks = calloc((size_t)experts + 1, sizeof *answer->lacks)};
  if (!answer->lacks) return error_set(err, STATUS_RUN, "out of memory: what a pool allows");
  TRY(try_method(m, asked, asked->pool, &answer->why, err));
  answer->allowed = answer->why.status == STATUS_OK;
  of_experts = !answer->allowed && answer->why.status != STATUS_USAGE; /* not of a setting */
  for (int i = 0; i < experts && of_experts; i++) TRY(try_alone(m, asked, i, answer, err));
  return STATUS_OK;
}
