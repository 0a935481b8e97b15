#include "tools/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autograd/matmul.h"

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
  return proc_bytes("/proc/meminfo", "MemAvailable");
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

double machine_sgemm_rate(int threads) {
  enum { N = 2048, ROUNDS = 4 };
  Error error = {0};
  Context c = {.arena = arena_new(), .threads = threads, .error = &error};
  Tensor *x = c.arena ? tensor_new(&c, 3 * N, N) : NULL;
  double best = 0;
  for (int64_t i = 0; x && i < tensor_count(x); i++) x->data[i] = (float)(i % 97) / 97;
  for (int round = 0; x && round < ROUNDS; round++) {
    Mat a = mat(x->data, N, N), b = mat(a.data + N * N, N, N), y = mat(b.data + N * N, N, N);
    double start = machine_seconds();
    matmul_nn(&c, 1, a, b, 0, y);
    double rate = 2.0 * N * N * N / (machine_seconds() - start);
    if (rate > best) best = rate;
  }
  arena_free(c.arena);
  return best;
}
