/* eval_choose: the rules that look at the labels and choose from finished cells.
 *
 *   oracle           the expert of the task, else the best one on it by its first metric
 *   best-individual  the expert with the largest sum of first metrics over all tasks
 *
 * Of equals the first in the pool's order. Neither is zero-shot: they say
 * what routing could reach (the baselines of PHATGOOSE, arXiv 2402.05859, and for tasks that have
 * an expert of GLIDER, arXiv 2410.07172). */
#ifndef SKEIN_EVAL_CHOOSE_H
#define SKEIN_EVAL_CHOOSE_H

#include "infer/eval/evaluation.h"

/* Fills the cells of the rules. A choice among experts of which one failed fails. */
void eval_choose(Evaluation *e);

#endif
