/* router: a method of routing, chosen by settings, over an opened pool, and the adapters that make
 * a forward a routed one. What a forward needs beside the router is its own (RoutedForward), so
 * one router serves several forwards. */
#ifndef SKEIN_ROUTER_H
#define SKEIN_ROUTER_H

#include "infer/route/route_method.h"

typedef struct Router Router;

/* Whether the settings can be met by so many experts of the pool at `dir`: STATUS_USAGE naming the
 * setting where they cannot. router_open asks this too. */
Status router_check(const RouterSettings *s, const char *dir, int experts, Error *err);

/* Reads the per-module vectors of all experts (gates, activations, prototypes) and checks them; the
 * experts' factors stay unread unless the method needs them. `pool` NULL is allowed for methods
 * that read none. pool and base must outlive the router. */
Status router_open(Router **r, const RouterSettings *s, Pool *pool, const Base *base, int threads,
                   Error *err);
void router_close(Router *r);        /* NULL is allowed */
int router_experts(const Router *r); /* of its pool; 0 of a method that reads none */

/* Makes what the method needs of `n` queries; free with route_batch_free. Equal texts are embedded
 * once in the life of the router. */
Status router_begin(Router *r, const RouteQuery *query, int64_t n, RouteBatch *batch, Error *err);
void route_batch_free(RouteBatch *b); /* a zeroed RouteBatch is allowed */

/* Says what who routes should know, a line each: how queries are embedded, once it is opened; with
 * `ended`, when all are routed, what of them was not read. */
void router_tell(const Router *r, bool ended, RouteSay *say, void *arg);

/* From now on plans are made and shown to watchers, and the base runs alone. */
void router_watch_only(Router *r);

/* A forward on the examples of a batch. */
typedef struct RoutedForward {
  const Router *router;
  const RouteBatch *batch;
  const RouteWatcher *watcher; /* or NULL */
  RouteCost *cost;             /* NULL: nobody counts */
  bool probing;
  AdapterSet adapters; /* of the forward; refers to this struct, which must stay in place */
} RoutedForward;

/* Whether its batches are to be probed: a forward of the prompts of the examples, one sequence each,
 * with the adapters of routed_probe_init, before any with those of routed_forward_init. */
bool router_probes(const Router *r);
/* Router and batch must outlive the forward, which fills the batch; nobody watches it. */
void routed_probe_init(RoutedForward *f, const Router *r, const RouteBatch *batch);

/* Router, batch and watcher must outlive the forward. */
void routed_forward_init(RoutedForward *f, const Router *r, const RouteBatch *batch,
                         const RouteWatcher *watcher);
/* Counts what the forward does into *cost (of the router's pool), which must outlive it. */
void routed_forward_count(RoutedForward *f, RouteCost *cost);

#endif
