/* eval_answer: one cell from its items: answers, scores and files. */
#ifndef SKEIN_EVAL_ANSWER_H
#define SKEIN_EVAL_ANSWER_H

#include "infer/eval/eval_run.h"
#include "infer/predict/predict.h"

typedef struct Answering {
  const Base *base;
  Router *router;   /* NULL: the plain base */
  const Pool *pool; /* of the router; NULL without statistics */
  const CellParts *parts;
  const EvalWatch *watch;
} Answering;

/* Answers the items of a task and scores the answers, into the cell, which is then CELL_DONE, and
 * its files. */
Status eval_answer(const Answering *a, EvalCell *cell, Error *err);

#endif
