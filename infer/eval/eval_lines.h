/* eval_lines: what the items of a cell scored, from the lines of its predictions (eval_cell.h). */
#ifndef SKEIN_EVAL_LINES_H
#define SKEIN_EVAL_LINES_H

#include "infer/eval/eval_cell.h"

typedef struct EvalLines {
  char **id;        /* [count] of the items, as their file has them */
  MetricSums *sums; /* [count] statistics by the metric that was asked */
  int64_t count;
} EvalLines;

/* Reads the file of a cell's predictions; with `ids`, else `id` stays NULL. STATUS_INPUT naming
 * file and line where a line does not say what this metric made of the item. Free with
 * eval_lines_free whatever is returned. */
Status eval_lines_read(EvalLines *lines, const char *path, Metric metric, bool ids, Error *err);
void eval_lines_free(EvalLines *lines); /* zeroed EvalLines are allowed */

/* The members "metrics" and, of corpus scores, "sums" of a line: what each of the metrics [metrics]
 * made of an item, whose statistics are `sums` [metrics]. Puts them into *line (json_put.h). */
void eval_lines_put(json_t **line, const Metric *metric, const MetricSums *sums, int metrics);

#endif
