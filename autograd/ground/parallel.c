#include "autograd/ground/parallel.h"

#include <omp.h>

void parallel_for(int threads, int64_t tasks, ParallelTask task, void *arg) {
  if (threads <= 1 || tasks <= 1) {
    for (int64_t i = 0; i < tasks; i++) task(arg, i, 0);
    return;
  }
  int used = tasks < threads ? (int)tasks : threads;
#pragma omp parallel for schedule(dynamic, 1) num_threads(used)
  for (int64_t i = 0; i < tasks; i++) task(arg, i, omp_get_thread_num());
}

typedef struct Trials {
  ParallelTrial task;
  void *arg;
  int64_t failed; /* the first task that has failed so far */
  Error error;    /* its own */
} Trials;

static void note_failure(Trials *t, int64_t task, const Error *error) {
#pragma omp critical(first_failure)
  if (task < t->failed) {
    t->failed = task;
    t->error = *error;
  }
}

static void run_trial(void *arg, int64_t task, int worker) {
  Trials *t = arg;
  Error own = {0};
  if (t->task(t->arg, task, worker, &own) != STATUS_OK) note_failure(t, task, &own);
}

Status parallel_try(int threads, int64_t tasks, ParallelTrial task, void *arg, Error *err) {
  Trials t = {task, arg, tasks, {0}};
  parallel_for(threads, tasks, run_trial, &t);
  return t.failed == tasks ? STATUS_OK : error_set(err, t.error.status, "%s", t.error.text);
}

int parallel_processors(void) {
  return omp_get_num_procs();
}
