/* route_allows: whether a pool allows a method, found out by opening a router as a run does. */
#ifndef SKEIN_ROUTE_ALLOWS_H
#define SKEIN_ROUTE_ALLOWS_H

#include "infer/route/router.h"

/* What it is asked of. */
typedef struct RouteAsked {
  Pool *pool; /* all experts */
  const Base *base;
  const char *sample;            /* of the base, as pool_open takes it */
  const char *const *assignment; /* [assignments] settings, "key=value" */
  int assignments;
  int threads;
} RouteAsked;

typedef struct RouteAnswer {
  bool allowed; /* with all experts of the pool */
  Error why;    /* it is not, of the first that lacks something */
  int *lacks;   /* [lacking] experts with which it is not allowed, each alone */
  int lacking;  /* 0: what is amiss is between experts, or not of the pool */
} RouteAnswer;

/* Opens the method with the settings that are assigned, else its defaults (`expert`: the first), and
 * where that fails with each expert alone. A failure that is not of the method (an unknown setting,
 * memory) is returned. Free with route_answer_free whatever is returned. */
Status route_allows(const RouteMethod *method, const RouteAsked *asked, RouteAnswer *answer,
                    Error *err);
void route_answer_free(RouteAnswer *answer); /* a zeroed one is allowed */

#endif
