/* eval_mean: the mean score of a method over the tasks of a group.
 *
 * It is of the first metrics of the tasks, and left out when one of them has no score. Its interval
 * takes tasks as independent: half-widths are added as squares. */
#ifndef SKEIN_EVAL_MEAN_H
#define SKEIN_EVAL_MEAN_H

#include "infer/eval/evaluation.h"

/* A mean over the tasks of a group (NULL: all); state CELL_UNWANTED when a score is missing. */
typedef struct EvalMean {
  CellState state;
  double score;
  Interval interval;
  int tasks;
} EvalMean;
EvalMean eval_mean(const Evaluation *e, int method, const char *group);

/* "accuracy", or in words what the first metrics of a group (NULL: all) are. */
const char *eval_metric_words(const EvalSpec *spec, const char *group);

#endif
