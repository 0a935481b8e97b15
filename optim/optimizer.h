/* optimizer: an update rule as a step sees it: a list of parameters is changed by their gradients.
 *
 * The room optim owns the parameters' list (params.h), the update rules (adamw.h, adafactor.h),
 * clipping (clip.h) and learning-rate schedules (schedule.h). It may touch no model, no file and no
 * settings: it knows tensors. */
#ifndef SKEIN_OPTIMIZER_H
#define SKEIN_OPTIMIZER_H

#include "optim/params.h"

/* One update of all parameters. */
typedef struct OptimizerStep {
  int64_t update; /* the number of updates including this one, >= 1 */
  double learning_rate;
  float grad_scale; /* gradients are multiplied by it as they are read (clip_factor) */
  int threads;      /* the bits do not depend on it */
} OptimizerStep;

typedef struct Optimizer {
  const void *rule; /* borrowed; what `update` makes of it is its own affair */
  /* Changes the parameters, and may use their gradients up. */
  void (*update)(const void *rule, Param *params, int64_t n, const OptimizerStep *step);
} Optimizer;

#endif
