/* eval_table: the tables of a finished evaluation.
 *
 *   OUTPUT/table.txt .md .tex   per group: methods by tasks and their mean; then the groups' means
 *                               where items are left out or choices are one, a line says so
 *          table.csv            one line a cell and metric, with its interval
 *          table.json           the same and everything that was evaluated; of a task how many items
 *                               were asked and left out, which and why, and "same_choices" and
 *                               "alike_choices" (data/examples/item_choices.h)
 *          failures.jsonl       the cells that failed, one line each; not there when none did
 */
#ifndef SKEIN_EVAL_TABLE_H
#define SKEIN_EVAL_TABLE_H

#include "infer/eval/evaluation.h"

/* The text of the tables. */
Status eval_table_text(const Evaluation *e, FILE *out, Error *err);
/* All files. */
Status eval_table_write(const Evaluation *e, Error *err);

#endif
