/* route: which experts run on which rows, and the one executor that runs them.
 *
 * A plan gives each row (token) of one linear up to `slots` experts and their weights. Every method
 * of routing is a way to fill plans. Among experts of equal weight the lowest index is chosen. */
#ifndef SKEIN_ROUTE_H
#define SKEIN_ROUTE_H

#include "infer/pool/pool.h"

typedef struct Plan {
  int64_t rows;
  int slots;
  int32_t *expert; /* [rows, slots] distinct experts of a row, -1: none */
  float *weight;   /* [rows, slots] */
} Plan;

/* Uninitialised, in the arena; NULL with the context's error set. */
Plan *plan_new(Context *c, int64_t rows, int slots);

/* How experts are selected from logits (methods.md 1.6, 2.4, 5.1). */
typedef enum Normalise {
  NORMALISE_ALL,    /* softmax over all experts, the k largest divided by (their sum + 1e-6) */
  NORMALISE_CHOSEN, /* softmax over the k chosen logits (Arrow of MTTL) */
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

/* What the weights multiply: outputs, y += sum_i w_i s_i B_i A_i x; or parameters (methods.md 5.1),
 * y += (sum_i w_i s_i B_i) (sum_j w_j A_j) x, factors of smaller rank padded with zeros. */
typedef enum Aggregate { AGGREGATE_OUTPUT, AGGREGATE_PARAMETER } Aggregate;

/* Adds the planned experts' outputs at `linear` to y [T, d_out]. Experts that do not cover the
 * linear must not be planned (asserted). Rows are grouped by expert, so the cost depends on the
 * number of planned pairs and not on the size of the pool; the sum of a row is taken in order of
 * expert index, so it does not depend on the number of threads. */
void route_execute(Context *c, Pool *pool, int module, const Plan *plan, Aggregate how,
                   const Tensor *x, Tensor *y);

#endif
