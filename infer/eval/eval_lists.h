/* eval_lists: the lists of an evaluation's file, into its spec. Errors begin with file, line and
 * column. */
#ifndef SKEIN_EVAL_LISTS_H
#define SKEIN_EVAL_LISTS_H

#include "infer/eval/eval_spec.h"

/* `tasks` and `methods`, into spec->task and spec->method. */
Status eval_read_tasks(EvalSpec *spec, Error *err);
Status eval_read_methods(EvalSpec *spec, Error *err);

/* Settings of one method that do not go together; `place` begins the message. */
Status eval_check_method(const EvalMethod *m, const char *place, Error *err);

void eval_task_free(EvalTask *task);
void eval_method_free(EvalMethod *method); /* NULL is allowed */

#endif
