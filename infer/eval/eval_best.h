/* eval_best: which of the methods that see no labels is the best, where a test says so.
 *
 * The one with the highest score is compared with each of the others, item by item
 * (infer/metric/paired.h, its permutation test). It is the best where all p, corrected together
 * (Holm), are below 5 %; methods whose items all score the same are one, and best together. */
#ifndef SKEIN_EVAL_BEST_H
#define SKEIN_EVAL_BEST_H

#include "infer/eval/evaluation.h"

/* What items scored, read from the cells' files when it is first needed. */
typedef struct EvalScored EvalScored;

Status eval_scored_new(EvalScored **s, const Evaluation *e, Error *err);
void eval_scored_free(EvalScored *s); /* NULL is allowed */

/* Over the first metrics of some tasks [tasks], their mean: fills best [rows], of the methods
 * method[rows] those that are eligible. None is where a cell has no score, or no files are behind
 * the evaluation. */
typedef struct BestOf {
  const int *method;
  const bool *eligible;
  int rows;
  const int *task;
  int tasks;
} BestOf;
Status eval_best(EvalScored *s, const BestOf *of, bool *best, Error *err);

#endif
