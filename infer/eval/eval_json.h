/* eval_json: the values that several files of an evaluation hold, as JSON (json_put.h). */
#ifndef SKEIN_EVAL_JSON_H
#define SKEIN_EVAL_JSON_H

#include "infer/eval/eval_cell.h"

/* New values; NULL where they cannot be made. */
json_t *eval_text_json(const char *text);       /* NULL is null */
json_t *eval_scores_json(const EvalCell *cell); /* a list of {metric, score, low, high} */

#endif
