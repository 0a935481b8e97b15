/* eval_split: tables of methods, split by a label of theirs (infer/route/route_labels.h). */
#ifndef SKEIN_EVAL_SPLIT_H
#define SKEIN_EVAL_SPLIT_H

#include "infer/eval/eval_grid.h"
#include "infer/eval/evaluation.h"

/* Replaces each of the grids [*grids], whose rows are method[row], by one for each value that the
 * label of `tables_by` has among them, in the order of the rows; rules, which have no labels, come
 * last. What is best stays what is best of all methods. Without the setting nothing is done. */
Status eval_split(const EvalSpec *spec, const int *method, Grid **grid, int *grids, Error *err);

#endif
