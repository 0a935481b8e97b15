/* How near the instruction of the task is to those of the experts. */
#include <stdio.h>
#include <stdlib.h>

#include "infer/embed/embed.h"
#include "infer/suggest/suggest_internal.h"

static const GlobalSettings *global_of(const SuggestRequest *r) {
  return router_own(r->router->settings, &global_settings);
}

/* What item i is compared by. */
static RouteQuery query_of(const SuggestRequest *r, int64_t i) {
  return asking_query(&r->asking, &r->item[i]);
}

/* The embedder finds vectors by the names of tasks and of experts, not by texts. */
static bool by_key(const SuggestRequest *r) {
  return global_of(r)->embedder == EMBEDDER_PRECOMPUTED;
}

static bool has_query(const SuggestRequest *r, int64_t i) {
  RouteQuery q = query_of(r, i);
  return by_key(r) ? q.task != NULL : query_there((QuerySource)global_of(r)->query.source, &q);
}

bool suggest_needs_instructions(const SuggestRequest *r, SuggestColumn *c) {
  int64_t found = 0;
  for (int64_t i = 0; i < r->items; i++) found += has_query(r, i);
  if (found == 0) {
    snprintf(c->missing, sizeof c->missing, "%s",
             by_key(r) ? "the task has no name; give one by --task, or by \"task\" in the lines"
                       : "the task has no instruction; give one by --instruction, or by "
                         "\"instruction\" in the lines");
    return false;
  }
  for (int e = 0; e < pool_count(r->pool) && !by_key(r); e++) {
    if (pool_entry(r->pool, e)->instruction[0]) continue;
    snprintf(c->missing, sizeof c->missing, "the expert '%.200s' has no instruction",
             pool_entry(r->pool, e)->name);
    return false;
  }
  return true;
}

static Status add_cosines(const SuggestRequest *r, SuggestColumn *c, GlobalRouter *g, Error *err) {
  int experts = pool_count(r->pool);
  for (int64_t i = 0; i < r->items; i++) {
    const double *cosine;
    RouteQuery q = query_of(r, i);
    if (!has_query(r, i)) continue;
    TRY(global_cosines(g, &q, &cosine, err));
    for (int e = 0; e < experts; e++) c->value[e] += cosine[e];
    c->items++;
  }
  for (int e = 0; e < experts; e++) c->value[e] /= (double)c->items;
  return STATUS_OK;
}

Status suggest_instructions(Suggestion *s, const SuggestRequest *r, SuggestWay way, Error *err) {
  GlobalRouter *g;
  TRY(global_router_open(&g, global_of(r), GLOBAL_BY_INSTRUCTION, r->pool, r->base,
                         r->settings->threads, err));
  const SuggestWatch *watch = &r->watch;
  if (watch->note) global_tell(g, false, watch->note, watch->arg);
  Status status = add_cosines(r, &s->column[way], g, err);
  if (watch->note) global_tell(g, true, watch->note, watch->arg);
  global_router_close(g);
  return status;
}
