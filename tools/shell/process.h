/* process: other programs, run without a shell. */
#ifndef SKEIN_PROCESS_H
#define SKEIN_PROCESS_H

#include <limits.h>
#include <stdbool.h>

#include "autograd/ground/status.h"

typedef struct ProcessResult {
  int code;       /* exit status; 128 + signal when it was killed */
  char line[256]; /* last line that is not blank of what it printed on stdout or stderr */
} ProcessResult;

/* Runs this program again with threads that soon sleep when they wait, unless the environment says
 * how they wait (OMP_WAIT_POLICY, GOMP_SPINCOUNT); OpenMP reads that before main. By default they
 * spin, which takes the core from the thread that is waited for where others use the cores too: a
 * model of the demo's size then runs 30 times slower. Returns where there is nothing to do. */
void process_calm_threads(char *const argv[]);

/* Ends the process with `line` on stderr and without any clean-up: for where memory or a mapped file
 * failed in the middle of a library. May be called from a signal handler. Of several threads that
 * end it at once, one speaks, and its status is that of the process. */
_Noreturn void process_end(const char *line, Status status);

/* The executable `name` in PATH. */
bool process_find(const char *name, char path[PATH_MAX]);

/* Runs argv[0] (a path) in the folder `dir` (NULL: this one) with no input, and waits for its end.
 * That it failed is told by `code`; not being able to run it is STATUS_RUN. */
Status process_run(char *const argv[], const char *dir, ProcessResult *result, Error *err);

#endif
