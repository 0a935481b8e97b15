/* eval_compared: finished evaluations as comparisons read them: methods, and what their items
 * scored, from OUTPUT/table.json and the predictions of its cells. */
#ifndef SKEIN_EVAL_COMPARED_H
#define SKEIN_EVAL_COMPARED_H

#include "data/text/json.h"
#include "infer/eval/eval_lines.h"

/* A finished cell; texts are borrowed from the run's document. */
typedef struct ComparedCell {
  const char *task, *group;
  const char *items; /* SHA-256 of the text of the task's file */
  const char *identity;
  Metric metric; /* the task's first */
  char *file;    /* of the cell, and of its predictions */
  char *predictions;
  EvalLines lines; /* read when they are first needed; without sums: not yet */
} ComparedCell;

typedef struct ComparedMethod {
  char *name; /* METHOD, or RUN:METHOD where there are several runs */
  ComparedCell *cell;
  int cells;
} ComparedMethod;

typedef struct ComparedRun {
  char *path; /* of table.json */
  JsonDoc doc;
} ComparedRun;

typedef struct Compared {
  ComparedMethod *method;
  int methods;
  ComparedRun *run; /* [runs] */
  int runs;
} Compared;

/* Reads runs [runs], each "DIR", which is all methods that its tables show, or "DIR:METHOD,...".
 * STATUS_USAGE for a method that is not there, or named twice; STATUS_INPUT for what is no finished
 * evaluation. Free with compared_free whatever is returned. */
Status compared_read(Compared *c, const char *const *run, int runs, Error *err);
void compared_free(Compared *c); /* a zeroed Compared is allowed */

/* The cell of a task; NULL where the method has none. */
ComparedCell *compared_cell(const ComparedMethod *m, const char *task);
/* Reads the lines of a cell. STATUS_INPUT where they are of another cell than table.json was
 * written of. */
Status compared_lines(ComparedCell *cell, const EvalLines **lines, Error *err);

#endif
