/* evaluation: an opened evaluation: what it asks, of what, and the table of its cells. It is opened
 * and run by infer/eval/eval_run.h. */
#ifndef SKEIN_EVALUATION_H
#define SKEIN_EVALUATION_H

#include "data/file/lock.h"
#include "infer/eval/eval_cell.h"
#include "infer/t5/base.h"

/* The lock below the output, and what its holder does. */
#define EVAL_LOCK      ".lock"
#define EVAL_LOCK_DOES "is evaluating into this directory"

typedef struct Evaluation {
  EvalSpec *spec; /* borrowed; expert methods are added to it */
  Base base;
  Pool *pool; /* all experts; NULL without a pool */
  Pool *part; /* the experts of the method that ran last, where it has `only` */
  char *part_only;
  Lock *lock;       /* of the output, while cells are computed and written */
  ItemSet **items;  /* [tasks] */
  int64_t **sample; /* [tasks] the items that are asked (eval_sample.h); NULL: the first */
  EvalCell *cell;   /* [methods, tasks] */
  char program_identity[HASH_HEX], base_identity[HASH_HEX]; /* eval_identity.h */
} Evaluation;

EvalCell *evaluation_cell(const Evaluation *e, int method, int task);
/* How many cells of routed methods are in a state. */
int evaluation_count(const Evaluation *e, CellState state);
/* Items of a task that are asked; those that they were taken from, which are all of the file where
 * they are a sample, else themselves; and those that are left out before the last of these
 * (data/examples/items.h). 0 of an evaluation without files. */
int64_t evaluation_asked(const Evaluation *e, int task);
int64_t evaluation_offered(const Evaluation *e, int task);
int64_t evaluation_left_out(const Evaluation *e, int task);
/* Items that open cells will ask. */
int64_t evaluation_work(const Evaluation *e);

void evaluation_close(Evaluation *e); /* a zeroed Evaluation is allowed */

#endif
