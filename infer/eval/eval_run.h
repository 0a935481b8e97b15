/* eval_run: an evaluation from its spec to finished cells.
 *
 * The room infer/eval owns evaluations: tasks x methods as a file says them (eval_spec.h), cells
 * and what they depend on (eval_cell.h, eval_identity.h), the rules that choose by label, means and
 * tables, and the axes of ablations. It may not touch a model, a plan or a score's formula: it asks
 * infer/predict, infer/route and infer/metric, and it prints nothing.
 *
 * Opening checks everything that can be checked without computing: files, labels, names, sizes. The
 * rules (oracle, best-individual) add the methods `expert-NAME` whose cells they choose from. */
#ifndef SKEIN_EVAL_RUN_H
#define SKEIN_EVAL_RUN_H

#include <signal.h>

#include "infer/eval/evaluation.h"

/* How the program watches. Every member may be NULL. */
typedef struct EvalWatch {
  void *arg;
  /* Items of a cell that are answered, and of all that are to be. */
  void (*items)(void *arg, const EvalTask *task, const EvalMethod *method, int64_t done,
                int64_t total);
  void (*cell)(void *arg, const EvalTask *task, const EvalMethod *method, const EvalCell *cell);
  /* What who evaluates should know of a method's router (router_tell); those of several methods may
   * be the same. */
  void (*note)(void *arg, const char *line);
  /* Non-zero asks to stop: the cell that is being computed is dropped. */
  const volatile sig_atomic_t *stop;
} EvalWatch;

/* Makes an output and takes its lock: STATUS_USAGE for a directory of other things, STATUS_RUN naming
 * the holder. What killed runs left there is swept. */
Status evaluation_take_output(const char *output, Lock **lock, Error *err);

/* The experts that a method runs on, while no other is asked for; NULL for the plain base. */
Status evaluation_pool(Evaluation *e, const EvalMethod *m, Pool **pool, Error *err);

/* Writes nothing. With `force` no finished cell is taken over. Close with evaluation_close whatever
 * is returned. */
Status evaluation_open(Evaluation *e, EvalSpec *spec, bool force, Error *err);

/* Takes the lock of the output, which evaluation_close lets go (STATUS_RUN, naming its holder, when
 * another process has it), and computes the open cells, each whole or not at all, then what the rules choose. A cell that fails
 * is CELL_FAILED with its error, and the others go on. STATUS_INTERRUPTED: finished cells stay. */
Status evaluation_run(Evaluation *e, const EvalWatch *watch, Error *err);

#endif
