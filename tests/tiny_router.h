/* tiny_router: routers over a pool of four small experts, and forwards through them. */
#ifndef SKEIN_TESTS_TINY_ROUTER_H
#define SKEIN_TESTS_TINY_ROUTER_H

#include "infer/route/router.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

/* The same sums in another order, through five blocks. */
#define ROUTED_CLOSE 1e-4

enum { ROUTED_EXPERTS = 4, ROUTED_VOCAB = 37 };

/* sort, count and translate cover every linear, with ranks 3, 5 and 3; rhyme only q, v and wo. */
extern const TinyExpert ROUTED_EXPERT[ROUTED_EXPERTS];
/* A pool of both kinds with the same names and covered linears,: sort is a LoRA,
 * the others are (IA)3; count rescales inputs of q and wo, the others outputs. */
extern const TinyExpert MIXED_EXPERT[ROUTED_EXPERTS];
/* Queries nearest to translate, count and sort. */
extern const RouteQuery ROUTED_QUERY[TINY_SEQUENCES];

/* The world of a group of tests, *state; made and removed as its setup and teardown. */
typedef struct RoutedWorld {
  T5 *model;
  const TinyExpert *expert; /* [ROUTED_EXPERTS] of the pool */
  char pool[96];
  TinyBatch batch;
} RoutedWorld;
int routed_setup(void **state);
int mixed_setup(void **state);
int routed_teardown(void **state);

/* A pool, perhaps in part, and a router over it. */
typedef struct Routing {
  const RoutedWorld *world;
  Pool *pool;
  Router *router;
} Routing;

/* `settings`: key=value, separated by spaces; `only`: the one expert, NULL: all. What router_open
 * says; everything else must succeed. */
Status routing_try(Routing *r, const RoutedWorld *w, const char *settings, const char *only,
                   Error *err);
Routing routing_open(const RoutedWorld *w, const char *settings, const char *only);
void routing_close(Routing *r);

/* Begins the queries [from, to), reads their prompts where the router does, and a forward on them, which `watcher` (or NULL) sees. */
typedef struct RoutedBatch {
  RouteBatch batch;
  RoutedForward forward;
} RoutedBatch;
void routing_begin(const Routing *r, int64_t from, int64_t to, const RouteWatcher *watcher,
                   RoutedBatch *b);
void routing_end(RoutedBatch *b);
/* Logits [tokens, ROUTED_VOCAB] of the sequences [from, to) of the batch. */
void routed_forward(const RoutedWorld *w, const AdapterSet *adapters, int64_t from, int64_t to,
                    int threads, float *logits);

/* Of the whole batch. */
typedef struct Logits {
  float z[TINY_TOKENS * ROUTED_VOCAB];
} Logits;
Logits routing_run(const RoutedWorld *w, const Routing *r, int threads);
/* The same, seen by a watcher (or NULL). */
Logits routing_watched(const RoutedWorld *w, const Routing *r, const RouteWatcher *watcher,
                       int threads);
/* Opens a router, runs it and closes it. */
Logits routed_logits(const RoutedWorld *w, const char *settings, const char *only);

double logits_apart(const RoutedWorld *w, const Logits *a, const Logits *b);
void expect_same(const RoutedWorld *w, const Logits *a, const Logits *b); /* to the bit */
void expect_near(const RoutedWorld *w, const char *what, const Logits *a, const Logits *b);

#endif
