#include "tools/trace/trace_order.h"

#include <math.h>
#include <stdlib.h>

typedef struct Placed {
  float key;
  int expert;
} Placed;

static int compare_placed(const void *a, const void *b) {
  const Placed *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? 1 : -1;
  return x->expert - y->expert;
}

int *trace_order(const Trace *t, const ExpertTerms *terms) {
  size_t experts = (size_t)t->terms.experts;
  Placed *placed = calloc(experts, sizeof *placed);
  int *order = calloc(experts, sizeof *order);
  for (size_t e = 0; placed && e < experts; e++)
    placed[e] = (Placed){t->terms.scored ? terms[e].logit : terms[e].softmax, (int)e};
  if (placed) qsort(placed, experts, sizeof *placed, compare_placed);
  for (size_t i = 0; placed && order && i < experts; i++) order[i] = placed[i].expert;
  if (!placed) free(order);
  if (!placed) order = NULL;
  free(placed);
  return order;
}

bool trace_takes_part(const Trace *t, int module, int expert, const ExpertTerms *terms) {
  return pool_covers(t->parts.pool, expert, module) &&
         !(t->terms.scored && isinf(terms[expert].logit));
}
