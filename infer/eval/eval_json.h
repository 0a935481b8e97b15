/* eval_json: JSON of an evaluation, filled key by key. A value that cannot be made (a text that is
 * no UTF-8, a number that is not finite, no memory) is NULL, and what it was to stand in fails with
 * it: `eval_put(...) && eval_put(...)` is whole or false. */
#ifndef SKEIN_EVAL_JSON_H
#define SKEIN_EVAL_JSON_H

#include "infer/eval/eval_cell.h"

/* Each takes the value. */
bool eval_put(json_t *object, const char *key, json_t *value);
bool eval_append(json_t *list, json_t *value);
/* The value, or where it is not whole NULL, and it is dropped. */
json_t *eval_whole(json_t *value, bool whole);

json_t *eval_text_json(const char *text);        /* NULL is null */
json_t *eval_score_json(const CellScore *score); /* {metric, score, low, high} */

#endif
