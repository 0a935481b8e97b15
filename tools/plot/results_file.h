/* results_file: what an evaluation found, read back from its table.json (infer/eval/eval_table.h):
 * its tasks in the order of the tables, the scores of its methods, and their means. */
#ifndef SKEIN_RESULTS_FILE_H
#define SKEIN_RESULTS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "data/text/json.h"

typedef struct ResultTask {
  const char *name, *metric; /* the first of its metrics */
  const char *own;           /* the expert that was trained on it; NULL: none */
  const char *oracle;        /* the expert that an oracle chose for it; NULL: there was none */
  int group;
} ResultTask;

typedef struct ResultMethod {
  const char *name;
  bool sees_labels; /* it is a rule that chooses by the scores themselves ... */
  bool oracle;      /* ... for every task */
} ResultMethod;

/* A method on a task, in percent by the first metric of the task. */
typedef struct ResultCell {
  const char *state; /* "done", "failed", "open"; NULL: it was not asked for */
  bool scored;
  double score, low, high;
  int64_t items;
  const char *expert; /* that a rule chose; NULL: none did */
  const char *error;  /* why it failed; NULL: it did not */
} ResultCell;

/* The mean of a method over the tasks of a group, in percent. */
typedef struct ResultMean {
  bool scored;
  double score, low, high;
  int open;            /* tasks of the group without a score, which are why there is no mean */
  bool counted;        /* what it cost is known: */
  double added, bytes; /* multiply-adds a token beside the base's, and weights that were read */
} ResultMean;

typedef struct Results {
  JsonDoc doc; /* owns the texts */
  char *path;
  const char *pool;     /* NULL: none */
  ResultTask *task;     /* [tasks] */
  ResultMethod *method; /* [methods] those of the tables */
  const char **group;   /* [groups] in order of first appearance */
  ResultMean *mean;     /* [groups + 1, methods], the last of all tasks */
  ResultCell *cell;     /* [tasks, methods] */
  int tasks, methods, groups;
  json_t *place; /* of each task in `task`, by its name */
} Results;

/* Reads DIR/table.json. STATUS_INPUT naming file and field when it is not that of an evaluation. */
Status results_read(Results *r, const char *dir, Error *err);
void results_free(Results *r); /* a zeroed Results is allowed */

/* The place of a task in the tables, -1: it is not in them. */
int results_find_task(const Results *r, const char *name);

#endif
