/* eval_experts: what the methods of an evaluation need of the pool. */
#ifndef SKEIN_EVAL_EXPERTS_H
#define SKEIN_EVAL_EXPERTS_H

#include "infer/eval/evaluation.h"

/* Checks names and sizes against the pool. */
Status eval_check_methods(const Evaluation *e, Error *err);
/* Adds the methods `expert-NAME` that the rules choose from. */
Status eval_add_experts(Evaluation *e, Error *err);
/* Marks the cells of those methods that the rules choose from; others are marked already. */
void eval_want_choices(Evaluation *e);

/* The identity of what a method reads of the pool. */
Status eval_experts_identity(const Evaluation *e, const EvalMethod *m, char hex[HASH_HEX],
                             Error *err);

#endif
