#include "tools/shell/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autograd/ground/memory_left.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"

double machine_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The number in kB after `key` in a /proc file, as bytes. */
static double proc_bytes(const char *path, const char *key) {
  FILE *f = fopen(path, "re");
  char line[256];
  double bytes = 0;
  while (f && fgets(line, sizeof line, f)) {
    size_t n = strlen(key);
    if (strncmp(line, key, n) == 0 && line[n] == ':') bytes = 1024 * strtod(line + n + 1, NULL);
  }
  if (f) fclose(f);
  return bytes;
}

double machine_memory_available(void) {
  return memory_left().memory;
}
double machine_peak_resident(void) {
  return proc_bytes("/proc/self/status", "VmHWM");
}

void machine_reset_peak(void) {
  FILE *f = fopen("/proc/self/clear_refs", "we");
  if (!f) return;
  fputs("5", f);
  fclose(f);
}

typedef struct PeakRun {
  const Kernels *kernels;
  int64_t rounds;
  float *sink;  /* [tasks] */
  double *work; /* [tasks] */
} PeakRun;

static void run_peak(void *arg, int64_t task, int worker) {
  (void)worker;
  PeakRun *p = arg;
  p->work[task] = p->kernels->peak(p->rounds, &p->sink[task]);
}

double machine_fma_rate(int threads) {
  enum { ROUNDS = 5, WORK = 20000 };
  double best = 0;
  float *sink = calloc((size_t)threads, sizeof *sink);
  double *work = calloc((size_t)threads, sizeof *work);
  PeakRun p = {kernels_default(), WORK, sink, work};
  for (int round = 0; sink && work && round < ROUNDS; round++) {
    double start = machine_seconds(), flops = 0;
    parallel_for(threads, threads, run_peak, &p);
    double seconds = machine_seconds() - start;
    for (int i = 0; i < threads; i++) flops += work[i];
    if (flops / seconds > best) best = flops / seconds;
  }
  free(sink);
  free(work);
  return best;
}
