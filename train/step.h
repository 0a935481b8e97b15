/* step: one optimizer step, and the loss without one.
 *
 * The loss of a batch is the sum of what its micro-batches add to it, weighed by the numbers of the
 * whole batch, so how it is cut changes nothing beyond rounding. Of an ordinary batch it is the sum
 * of its target tokens' cross-entropies divided by their number. */
#ifndef SKEIN_STEP_H
#define SKEIN_STEP_H

#include "data/examples/batch.h"
#include "infer/t5/t5.h"
#include "optim/optimizer.h"

/* Another loss. All is borrowed. */
typedef struct BatchLoss {
  /* What a micro-batch adds to the loss of the batch `of` [1, 1]; NULL: the ordinary loss. */
  Tensor *(*micro)(Context *c, const T5Run *run, const MicroBatch *m, const Batch *of,
                   const void *arg);
  /* What there is besides, of which nothing is learnt. */
  double (*constant)(const Batch *of, const void *arg);
  const void *arg; /* of both */
} BatchLoss;

/* The memory that steps work in; made once a run. */
typedef struct Stepper {
  Arena *arena;
  Tape *tape;
  int threads;
  bool recompute;
  Precision precision;
  BatchLoss loss; /* zeroed: the ordinary loss */
} Stepper;

/* STATUS_USAGE where the processor has no such precision. */
Status stepper_init(Stepper *s, int threads, bool recompute, Precision precision, Error *err);
void stepper_free(Stepper *s); /* a zeroed Stepper is allowed */

/* What is learnt: parameters in the forward of a model, and how they change. All is borrowed. */
typedef struct Learner {
  T5 *model;
  const AdapterSet *adapters; /* NULL: the plain base */
  Param *param;               /* [params] tensors of the model or of the adapters */
  int64_t params;
  Optimizer optimizer;
  double clip_norm; /* global gradient norm; 0: no clipping */
} Learner;

typedef struct StepResult {
  double loss;      /* of the batch, nats */
  double grad_norm; /* global L2 norm before clipping */
  bool skipped;     /* loss or gradient was NaN or Inf: no update was made */
} StepResult;

/* Forward, backward and update number `update` (from 1) with learning rate `lr`. */
Status step_train(Stepper *s, const Learner *l, const Batch *batch, int64_t update, float lr,
                  StepResult *result, Error *err);

/* The loss of a batch with the given adapters; nothing is recorded. */
Status step_loss(Stepper *s, T5 *model, const AdapterSet *adapters, const Batch *batch,
                 double *loss, Error *err);

/* The ordinary loss of each example for itself, in the order of the micro-batches, nats: sum
 * [batch->examples] over its target tokens. The batch has no choices (asserted). */
Status step_example_losses(Stepper *s, T5 *model, const AdapterSet *adapters, const Batch *batch,
                           double *sum, Error *err);

#endif
