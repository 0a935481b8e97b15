/* eval_trial: what an evaluation would do, tried, and what it would cost.
 *
 * A trial goes the way of a run (eval_visit.h): it opens what the run would open, so it refuses
 * what the run would refuse, and it answers a few items of some cells to see how long they take. It
 * writes nothing. */
#ifndef SKEIN_EVAL_TRIAL_H
#define SKEIN_EVAL_TRIAL_H

#include "infer/eval/evaluation.h"

typedef struct EvalCost {
  double seconds;    /* about, of all open cells */
  double more_bytes; /* about, of a full forward beyond the largest that was tried */
  int64_t answers;   /* items that were answered to know it */
} EvalCost;

/* STATUS_RUN where the output cannot be written or another process evaluates into it. Cells that
 * would fail are CELL_FAILED with their error; the others stay open. */
Status evaluation_try(Evaluation *e, EvalCost *cost, Error *err);

#endif
