/* eval_table: the tables of a finished evaluation.
 *
 *   OUTPUT/table.txt .md .tex   per group: methods by tasks and their mean; then the groups' means;
 *                               of `tables_by` each for every value of the label (eval_split.h);
 *                               scores with half of their 95 % interval, the best marked;
 *                               what each method cost (eval_cost.h);
 *                               where items are left out or choices are one, a line says so
 *          table.csv            one line a cell and metric, with its interval
 *          table.json           the same and everything that was evaluated; of a task how many items
 *                               were asked and left out, which and why, and "same_choices" and
 *                               "alike_choices" (data/examples/item_choices.h)
 *          timings.csv          what a clock said of the cells (eval_timing.h), which is in no table
 *          failures.jsonl       the cells that failed, one line each; not there when none did
 */
#ifndef SKEIN_EVAL_TABLE_H
#define SKEIN_EVAL_TABLE_H

#include "infer/eval/eval_grid.h"
#include "infer/eval/evaluation.h"

typedef struct EvalTable {
  const Evaluation *e;
  Grid *grid; /* [grids] */
  int grids;
} EvalTable;

/* Finds out which scores are best (eval_best.h), reading the predictions of those that may be.
 * Free with eval_table_free whatever is returned; the evaluation must outlive it. */
Status eval_table_make(EvalTable *t, const Evaluation *e, Error *err);
void eval_table_free(EvalTable *t);

/* The text of the tables. */
Status eval_table_text(const EvalTable *t, FILE *out, Error *err);
/* All files. */
Status eval_table_write(const EvalTable *t, Error *err);

#endif
