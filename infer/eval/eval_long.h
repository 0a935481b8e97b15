/* eval_long: the long forms of an evaluation, every cell with all it has. The files are named in
 * infer/eval/eval_table.h. */
#ifndef SKEIN_EVAL_LONG_H
#define SKEIN_EVAL_LONG_H

#include "infer/eval/evaluation.h"

Status eval_long_csv(const Evaluation *e, FILE *out, Error *err);
Status eval_long_json(const Evaluation *e, FILE *out, Error *err);
Status eval_failures_jsonl(const Evaluation *e, FILE *out, Error *err);

#endif
