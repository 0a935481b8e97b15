/* routed_case: a base, experts and what PyTorch made of every method on them: LoRAs in
 * tests/golden/routed (tests/oracle/routed.py), and both kinds in tests/golden/mixed (mixed.py). */
#ifndef SKEIN_TESTS_ROUTED_CASE_H
#define SKEIN_TESTS_ROUTED_CASE_H

#include "infer/t5/t5.h"
#include "tests/parity.h"
#include "tests/scratch.h"

enum { ROUTED_EXPERTS = 4, ROUTED_SEQUENCES = 3, ROUTED_TOKENS = 64, ROUTED_LINEARS = 64 };

/* The golden case and the pool made of it. */
typedef struct RoutedCase {
  const char *name; /* "routed" or "mixed" */
  json_t *expected;
  TensorTable tensors;
  T5 *model;
  char *pool, *queries; /* paths */
  int64_t in_at[ROUTED_SEQUENCES + 1], out_at[ROUTED_SEQUENCES + 1];
  int32_t input[ROUTED_TOKENS], decoder[ROUTED_TOKENS];
} RoutedCase;

/* Reads a case, one of these or "released" (tests/oracle/released.py); nothing is written. */
RoutedCase *routed_case_open(Scratch *s, const char *name);
/* The same of "routed" and "mixed", and writes the pool and its embeddings into the scratch
 * directory. */
RoutedCase *routed_case(Scratch *s, const char *name);
void routed_case_close(RoutedCase *k);

/* The golden values called name + suffix, *n of them. */
const float *routed_want(const RoutedCase *k, const char *name, const char *suffix, int64_t *n);

#endif
