/* route: which experts run on which rows, and the one executor that runs them.
 *
 * The room infer/route owns plans, their executor, every method of routing (a row of the table in
 * route_methods.c), the parts that methods share (logits of a token: route_local; similarity of an
 * input: route_global) and the watchers of plans. It knows pools and their modules, and no model.
 *
 * A plan gives each row (token) of one module up to `slots` experts and their weights. Every method
 * of routing is a way to fill plans. The tie rule: among experts of equal weight the lowest index
 * is chosen. */
#ifndef SKEIN_ROUTE_H
#define SKEIN_ROUTE_H

#include "infer/pool/pool.h"

/* What the weights multiply: outputs, y += sum_i w_i s_i B_i A_i x; or parameters (Arrow as MTTL
 * runs it; Ostapenko et al. 2024, arXiv 2405.11157),
 * y += (sum_i w_i s_i B_i) (sum_j w_j A_j) x, factors of smaller rank padded with zeros. */
typedef enum Aggregate { AGGREGATE_OUTPUT, AGGREGATE_PARAMETER } Aggregate;

typedef struct Plan {
  int64_t rows;
  int slots;
  int32_t *expert; /* [rows, slots] distinct experts of a row, -1: none */
  float *weight;   /* [rows, slots] */
  Aggregate aggregate;
} Plan;

/* Uninitialised but for its aggregate, which is AGGREGATE_OUTPUT; in the arena; NULL with the
 * context's error set. */
Plan *plan_new(Context *c, int64_t rows, int slots);

/* Every expert that covers the module, alike; NULL when nobody does, and where the context failed.
 */
Plan *plan_uniform(Context *c, const Pool *pool, int module, int64_t rows);

/* Adds the planned experts' outputs at the module to y [T, d_out], which is W x, where no expert of
 * the pool rescales inputs of the module. With D_e(x) the update of an expert at weight 1
 *
 *   y_t += sum_e w_te D_e(x_t),   D_e(x) = s_e B_e A_e x of a LoRA, (W x) * (l_e - 1) or
 *                                          W (x * (l_e - 1)) of an (IA)3
 *
 * Experts that do not cover the module must not be planned (asserted). Rows are grouped by expert, so the cost depends on the
 * number of planned pairs and not on the size of the pool; the sum of a row is taken in order of
 * expert index, first over those that rescale, so it does not depend on the number of threads. */
void route_execute(Context *c, Pool *pool, int module, const Plan *plan, const Tensor *x,
                   Tensor *y);

/* The same at a module whose inputs experts of the pool rescale, product and all: y, uninitialised,
 * becomes W x and the sum above, by one product with W for all of these experts together. `plan`
 * NULL: W x alone. */
void route_multiply(Context *c, Pool *pool, const Linear *linear, const Plan *plan, const Tensor *x,
                    Tensor *y);

/* What a method that scores experts made the plan of some rows of. An expert that takes no part at a
 * row, for it has no adapter there or was left out before, is at -infinity. */
typedef struct RouteTerms {
  const Tensor *local; /* [T, experts] by the row's own input; NULL: the method scores no rows */
  const float *global; /* [examples, experts] added to each row of an example; NULL: nothing is */
  const Tensor *logit; /* [T, experts] local + global, which the softmax is of */
} RouteTerms;

/* Sees every plan before it runs, and hears which of the sequences counted: of the choices of an
 * example the predicted one. Statistics and traces are watchers. */
typedef struct RouteWatcher {
  /* `softmax` [T, experts] is what the plan was selected from; of a method that does not select,
   * the plan's own weights. A failure goes to the context's error. */
  void (*see)(void *arg, Context *c, const Module *module, const Rows *rows, const Tensor *softmax,
              const Plan *plan);
  /* What was seen since the last call counts: all rows of the prompt, and those of the sequences
   * with keep[sequence] of the continuation. NULL: all the same. */
  Status (*keep)(void *arg, const bool *keep, int64_t sequences, Error *err);
  void (*drop)(
      void *arg); /* what was seen since the last call does not count; NULL: all the same */
  void *arg;
  /* Hears, just before `see`, what the plan was made of, where the method scores rows. NULL: nobody
   * asks, and terms are not kept. */
  void (*explain)(void *arg, const RouteTerms *terms);
} RouteWatcher;

#endif
