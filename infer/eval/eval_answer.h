/* eval_answer: one cell from its items: answers, scores and files. */
#ifndef SKEIN_EVAL_ANSWER_H
#define SKEIN_EVAL_ANSWER_H

#include "infer/eval/eval_run.h"
#include "infer/predict/predict.h"

typedef struct Answering {
  const Base *base;
  Router *router;   /* NULL: the plain base */
  const Pool *pool; /* of the router; NULL without statistics */
  const CellParts *parts;
  const EvalWatch *watch;
  double preparation; /* seconds that opening the router took */
} Answering;

/* Answers the items of a task and scores the answers, into the cell, which is then CELL_DONE, and
 * its files. */
Status eval_answer(const Answering *a, EvalCell *cell, Error *err);

/* A few answers, to see how long they take; nothing is written and no cell filled. */
typedef struct EvalTry {
  int64_t items;       /* to try at most, spread over the task's; 0: open everything alone */
  double seconds;      /* after which no more are */
  int64_t answered;    /* found out: how many were */
  double item_seconds; /* an item takes */
  double more_bytes;   /* a full forward would take beyond the largest that was tried */
} EvalTry;
Status eval_answer_try(const Answering *a, EvalTry *tried, Error *err);

#endif
