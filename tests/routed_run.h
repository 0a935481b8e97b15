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

/* The logits of the whole batch, which the caller frees; *seen, zeroed but for `experts`, gets the
 * weights. */
float *routed_run(const RoutedCase *k, Router *router, RoutedSeen *seen);
/* The golden tensor of this name has the same experts, exactly, and their weights. */
void routed_compare(const RoutedCase *k, const char *name, const RoutedSeen *seen, Comparison *c);

#endif
