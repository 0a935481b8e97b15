/* suggest_internal: what the ways to rank share. */
#ifndef SKEIN_SUGGEST_INTERNAL_H
#define SKEIN_SUGGEST_INTERNAL_H

#include "infer/route/router_options.h"
#include "infer/suggest/suggest.h"

/* Whether the way has what it needs; else c->missing says what it lacks. */
typedef bool SuggestNeeds(const SuggestRequest *r, SuggestColumn *c);
/* Fills the column of a way that has. */
typedef Status SuggestRank(Suggestion *s, const SuggestRequest *r, SuggestWay way, Error *err);

SuggestNeeds suggest_needs_targets, suggest_needs_gates, suggest_needs_instructions,
    suggest_needs_loras;
SuggestRank suggest_likelihood, suggest_by_router, suggest_instructions;

/* A router of the request's settings, and of this method and expert (or NULL). */
Status suggest_router(const SuggestRequest *r, const char *method, const char *expert,
                      Router **router, Error *err);

/* Answers the items [first, first + n) and adds what is wanted of them. */
typedef Status SuggestAnswer(void *arg, Predictor *p, int64_t first, int64_t n, Error *err);
/* Goes over the sample with a router (NULL: the plain base), a block of items at a time; counts
 * c->passes. `what` is for the watch. */
Status suggest_pass(const SuggestRequest *r, SuggestColumn *c, Router *router,
                    const RouteWatcher *watcher, const char *what, SuggestAnswer *answer, void *arg,
                    Error *err);

/* Scores a block; free each with score_free. */
enum { SUGGEST_BLOCK = 64 };
Status suggest_scores(const SuggestRequest *r, Predictor *p, int64_t first, int64_t n, Score *score,
                      Error *err);

Status suggest_no_memory(Error *err);

#endif
