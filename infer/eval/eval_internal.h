/* eval_internal: what the files eval_*.c share. */
#ifndef SKEIN_EVAL_INTERNAL_H
#define SKEIN_EVAL_INTERNAL_H

#include "infer/eval/eval_run.h"
#include "infer/predict/predict.h"

/* The lists of the file, into spec->task and spec->method. */
Status eval_read_tasks(EvalSpec *spec, Error *err);
Status eval_read_methods(EvalSpec *spec, Error *err);

/* Settings of one method that do not go together. */
Status eval_check_method(const EvalMethod *m, const char *place, Error *err);
/* A field of a CSV file, quoted where it must be (RFC 4180). */
void eval_csv_field(const char *text, FILE *out);

void eval_task_free(EvalTask *task);
void eval_method_free(EvalMethod *method); /* NULL is allowed */

/* Checks names and sizes against the pool, and adds the expert methods that the rules need. */
Status eval_check_methods(const Evaluation *e, Error *err);
Status eval_add_experts(Evaluation *e, Error *err);
/* Marks the cells of expert methods that the rules choose from; others are marked already. */
void eval_want_choices(Evaluation *e);
/* Fills the cells of the rules from finished ones. */
void eval_choose(Evaluation *e);

/* Identities: of base and tokenizer; of what a method reads of the pool. */
Status eval_base_identity(Evaluation *e, Error *err);
Status eval_experts_identity(const Evaluation *e, const EvalMethod *m, char hex[HASH_HEX],
                             Error *err);

/* The long forms (eval_table.h). */
Status eval_long_csv(const Evaluation *e, FILE *out, Error *err);
Status eval_long_json(const Evaluation *e, FILE *out, Error *err);
Status eval_failures_jsonl(const Evaluation *e, FILE *out, Error *err);

/* Answers the items of a task and scores the answers, into the cell, which is then CELL_DONE, and
 * its files. */
typedef struct Answering {
  const Base *base;
  Router *router;   /* NULL: the plain base */
  const Pool *pool; /* of the router; NULL without statistics */
  const CellParts *parts;
  const EvalWatch *watch;
} Answering;
Status eval_answer(const Answering *a, EvalCell *cell, Error *err);

#endif
