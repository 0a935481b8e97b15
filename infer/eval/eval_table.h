/* eval_table: the tables of a finished evaluation.
 *
 *   OUTPUT/table.txt .md .tex   per group: methods by tasks and their mean; then the groups' means
 *          table.csv            one line a cell and metric, with its interval
 *          table.json           the same and everything that was evaluated
 *          failures.jsonl       the cells that failed, one line each; not there when none did
 *
 * A mean is of the first metrics of the tasks; it is left out when one of them has no score. Its
 * interval takes tasks as independent: half-widths are added as squares. */
#ifndef SKEIN_EVAL_TABLE_H
#define SKEIN_EVAL_TABLE_H

#include "infer/eval/eval_grid.h"
#include "infer/eval/eval_run.h"

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

/* The text of the tables. */
Status eval_table_text(const Evaluation *e, FILE *out, Error *err);
/* All files. */
Status eval_table_write(const Evaluation *e, Error *err);

#endif
