/* eval_visit: every open cell in its turn, on the router that its method opens: the way that runs
 * and trials share. */
#ifndef SKEIN_EVAL_VISIT_H
#define SKEIN_EVAL_VISIT_H

#include "infer/eval/eval_answer.h"

/* What is done at a cell. STATUS_INTERRUPTED ends the visits; another failure is the cell's, which
 * becomes CELL_FAILED with the error. */
typedef Status EvalVisit(void *arg, const Answering *answering, int method, int task,
                         EvalCell *cell, Error *err);

/* Methods in order, tasks in order. Where a method cannot be opened, all its open cells fail. */
Status evaluation_visit(Evaluation *e, const EvalWatch *watch, EvalVisit *visit, void *arg,
                        Error *err);

#endif
