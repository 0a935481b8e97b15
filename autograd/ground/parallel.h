/* parallel: the only door to threads for number crunching.
 *
 * Work is cut into tasks by the *shape of the problem*, never by the number of threads, and each
 * task writes its own output; so results have the same bits for every thread count. */
#ifndef SKEIN_PARALLEL_H
#define SKEIN_PARALLEL_H

#include <stdint.h>

#include "autograd/ground/status.h"

/* `worker` is in [0, threads): an index for per-thread scratch, never for arithmetic. */
typedef void (*ParallelTask)(void *arg, int64_t task, int worker);

/* Runs task(arg, i, worker) for 0 <= i < tasks on up to `threads` threads; returns when all are
 * done. Tasks may run in any order. Must not be nested. */
void parallel_for(int threads, int64_t tasks, ParallelTask task, void *arg);

/* A task that may fail; the Error is its own. */
typedef Status (*ParallelTrial)(void *arg, int64_t task, int worker, Error *err);

/* As parallel_for; every task runs, whichever fail. Of the failures, the one told is that of the
 * first task in order, whatever the threads. */
Status parallel_try(int threads, int64_t tasks, ParallelTrial task, void *arg, Error *err);

/* Processors that this process may run on. */
int parallel_processors(void);

#endif
