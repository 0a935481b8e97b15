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

int parallel_processors(void) {
  return omp_get_num_procs();
}
