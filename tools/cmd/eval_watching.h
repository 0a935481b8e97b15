/* eval_watching: the cells of an evaluation computed before the eyes of a person at the terminal. */
#ifndef SKEIN_EVAL_WATCHING_H
#define SKEIN_EVAL_WATCHING_H

#include "infer/eval/eval_run.h"

/* Computes what is open, with progress on stderr and Ctrl-C caught. STATUS_PARTIAL when cells
 * failed. */
Status eval_compute(Evaluation *e, Error *err);

/* Which cells failed and why, those that failed alike in one line; `tried`: they would fail. */
void eval_list_failures(const Evaluation *e, bool tried);

#endif
