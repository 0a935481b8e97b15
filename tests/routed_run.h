/* routed_run: the batch of a routed case through a router, and what PyTorch says of it. */
#ifndef SKEIN_TESTS_ROUTED_RUN_H
#define SKEIN_TESTS_ROUTED_RUN_H

#include "infer/route/router.h"
#include "tests/routed_case.h"

/* The weights of every row of every linear that routes. */
typedef struct RoutedSeen {
  int experts;
  int64_t rows[ROUTED_LINEARS];
  float weight[ROUTED_LINEARS][ROUTED_TOKENS * ROUTED_EXPERTS];
} RoutedSeen;

/* The experts of the case's pool in this list of names, and a router of these settings over them, which
 * has the case's queries. */
Pool *routed_open_pool(const RoutedCase *k, const json_t *only);
Router *routed_open_router(const RoutedCase *k, const char *method, const json_t *settings,
                           Pool *pool);

/* The logits of the whole batch, which the caller frees; *seen, zeroed but for `experts`, gets the
 * weights. */
float *routed_run(const RoutedCase *k, Router *router, RoutedSeen *seen);
/* The logits of the sequences [first, first + count), which the caller frees. */
float *routed_watch(const RoutedCase *k, Router *router, int first, int count,
                    const RouteWatcher *watcher);
/* The golden tensor of this name has the same experts, exactly, and their weights. */
void routed_compare(const RoutedCase *k, const char *name, const RoutedSeen *seen, Comparison *c);

#endif
