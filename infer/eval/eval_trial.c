#include "infer/eval/eval_trial.h"

#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/eval/eval_timing.h"
#include "infer/eval/eval_visit.h"

enum { TRIED_ITEMS = 16 };
static const double CELL_SECONDS = 1, ALL_SECONDS = 30; /* after which less, or nothing, is tried */

/* What is known of the cells. */
typedef struct Trial {
  const Evaluation *e;
  double *seconds; /* [methods, tasks] an item takes; 0: not measured */
  double answering;
  EvalCost *cost;
} Trial;

static double *item_seconds(const Trial *x, int method, int task) {
  return &x->seconds[(size_t)method * (size_t)x->e->spec->tasks + (size_t)task];
}

/* ---- trying ---- */

/* Every method is measured on its first task, every task with its first method. */
static bool is_measured(const Trial *x, int method, int task) {
  bool method_first = true, task_first = true;
  for (int t = 0; t < task; t++) method_first = method_first && *item_seconds(x, method, t) == 0;
  for (int m = 0; m < method; m++) task_first = task_first && *item_seconds(x, m, task) == 0;
  return (method_first || task_first) && x->answering < ALL_SECONDS;
}

static Status try_cell(void *arg, const Answering *a, int method, int task, EvalCell *cell,
                       Error *err) {
  Trial *x = arg;
  const int64_t items = is_measured(x, method, task) ? TRIED_ITEMS : 0;
  EvalTry tried = {.items = items, .seconds = CELL_SECONDS};
  const double began = timing_clock();
  (void)cell;
  TRY(eval_answer_try(a, &tried, err));
  /* The very first warms what all need, and all others are measured by it: once more. */
  if (items > 0 && x->cost->answers == 0) TRY(eval_answer_try(a, &tried, err));
  x->answering += timing_clock() - began;
  *item_seconds(x, method, task) = tried.item_seconds;
  x->cost->answers += tried.answered;
  if (tried.more_bytes > x->cost->more_bytes) x->cost->more_bytes = tried.more_bytes;
  return STATUS_OK;
}

/* ---- the rest ---- */

/* The mean of what is measured of a method (task -1) or of a task (method -1), or of all; 0: nothing
 * is. */
static double mean_seconds(const Trial *x, int method, int task) {
  double sum = 0;
  int n = 0;
  for (int m = 0; m < x->e->spec->methods; m++) {
    for (int t = 0; t < x->e->spec->tasks; t++) {
      const double s = *item_seconds(x, m, t);
      if (s > 0 && (method < 0 || m == method) && (task < 0 || t == task)) sum += s, n++;
    }
  }
  return n ? sum / n : 0;
}

/* A method that is slow on one task is as slow on another, beside the same first method. */
static double expected_seconds(const Trial *x, int method, int task) {
  const double measured = *item_seconds(x, method, task);
  if (measured > 0) return measured;
  for (int m = 0; m < method; m++) {
    for (int t = 0; t < task; t++) {
      const double both = *item_seconds(x, m, t);
      const double its = *item_seconds(x, method, t), other = *item_seconds(x, m, task);
      if (both > 0 && its > 0 && other > 0) return its * other / both;
    }
  }
  const double its = mean_seconds(x, method, -1), other = mean_seconds(x, -1, task);
  return its > 0 ? its : other > 0 ? other : mean_seconds(x, -1, -1);
}

static double open_seconds(const Trial *x) {
  double sum = 0;
  for (int m = 0; m < x->e->spec->methods; m++) {
    for (int t = 0; t < x->e->spec->tasks; t++) {
      if (x->e->spec->method[m]->rule != EVAL_ROUTED) continue;
      if (evaluation_cell(x->e, m, t)->state != CELL_OPEN) continue;
      sum += expected_seconds(x, m, t) * (double)evaluation_asked(x->e, t);
    }
  }
  return sum;
}

/* ---- the output ---- */

/* What evaluation_run asks of it, without making it. */
static Status check_output(const Evaluation *e, Error *err) {
  const char *output = e->spec->settings.output;
  char *path = path_below(output, EVAL_LOCK);
  if (!path) return error_set(err, STATUS_RUN, "out of memory: the output's lock");
  Status status = dir_check_makeable(output, err);
  if (status == STATUS_OK) status = lock_look(path, EVAL_LOCK_DOES, err);
  free(path);
  return status;
}

Status evaluation_try(Evaluation *e, EvalCost *cost, Error *err) {
  const EvalWatch watch = {0};
  *cost = (EvalCost){0};
  TRY(check_output(e, err));
  Trial x = {.e = e, .cost = cost};
  x.seconds = calloc((size_t)e->spec->methods * (size_t)e->spec->tasks, sizeof *x.seconds);
  if (!x.seconds) return error_set(err, STATUS_RUN, "out of memory: a trial");
  const double began = timing_clock();
  Status status = evaluation_visit(e, &watch, try_cell, &x, err);
  /* What is not answering is opening, which the run does, too. */
  cost->seconds = open_seconds(&x) + (timing_clock() - began - x.answering);
  free(x.seconds);
  return status;
}
