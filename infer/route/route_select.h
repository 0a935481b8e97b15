/* route_select: a plan from logits: which experts each row goes to, and with which weights.
 *
 * Among experts of equal weight the lowest index is chosen. */
#ifndef SKEIN_ROUTE_SELECT_H
#define SKEIN_ROUTE_SELECT_H

#include "infer/route/route.h"

/* How chosen weights are normalised. */
typedef enum Normalise {
  NORMALISE_ALL,    /* softmax over all experts, the k largest divided by (their sum + 1e-6), as in
                       the released code of PHATGOOSE (Muqeeth et al. 2024, section 3) */
  NORMALISE_CHOSEN, /* softmax over the k chosen logits (Arrow; Ostapenko et al. 2024) */
} Normalise;

typedef struct Selection {
  int top_k;    /* of at least 1; more than there are experts: all of them */
  double top_p; /* below 1: replaces top_k: in ascending order drop experts while the running sum of
                   their softmax is <= 1 - p, always keep the last; softmax over the survivors */
  Normalise normalise;
} Selection;

/* Replaces logits [T, experts] by the softmax over all experts and returns the plan. An expert at
 * -infinity is never chosen; a row with nothing else gets no expert. Weights that are 0 in f32 are
 * dropped. */
Plan *plan_select(Context *c, Tensor *logits, const Selection *how);

#endif
