/* eval_timing: what a clock says of cells, in files of their own, so that results are the same bytes
 * whenever and wherever they are made.
 *
 *   OUTPUT/timings/<method>/<task>.json   format "skein-timing", version 1, the cell's identity,
 *                                         seconds, preparation_seconds
 *          timings.csv                    one line a cell; of a rule's those of the cell it chose
 *
 * A timing that is lost is no reason to compute a cell again. */
#ifndef SKEIN_EVAL_TIMING_H
#define SKEIN_EVAL_TIMING_H

#include "infer/eval/evaluation.h"

double timing_clock(void); /* seconds from some moment on */

/* Fills cell->timing of a cell that was read (eval_cell_read), where that is; zeroed where there is
 * none of its identity. A file that is there and cannot be read is STATUS_INPUT naming it. */
Status eval_timing_read(EvalCell *cell, const CellParts *parts, Error *err);
Status eval_timing_write(const EvalCell *cell, const CellParts *parts, Error *err);

/* timings.csv: task, method, seconds, preparation_seconds, examples_per_second, tokens_per_second. */
Status eval_timings_csv(const Evaluation *e, FILE *out, Error *err);

#endif
