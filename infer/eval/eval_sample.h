/* eval_sample: which items of a task are asked, where `limit` leaves some out.
 *
 * Files are seldom shuffled: the first lines may all have one label. So the items are a sample,
 * drawn by sample.seed and asked in the order of their file. The sample of a smaller limit is part
 * of that of a larger one, and every method has the same. */
#ifndef SKEIN_EVAL_SAMPLE_H
#define SKEIN_EVAL_SAMPLE_H

#include "infer/eval/eval_spec.h"

/* Indices of the items that are asked, of `count`, ascending, in a new array of eval_task_limit's
 * size: those with the smallest of the random numbers that seed and index make. NULL where the
 * first are asked: all of them, or by sample.rule. */
Status eval_sample(const EvalSpec *spec, const EvalTask *task, int64_t count, int64_t **item,
                   Error *err);

#endif
