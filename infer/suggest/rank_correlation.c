#include "infer/suggest/rank_correlation.h"

#include <math.h>
#include <stdlib.h>

typedef struct Ranked {
  double value;
  int at;
} Ranked;

static int compare_ranked(const void *a, const void *b) {
  double x = ((const Ranked *)a)->value, y = ((const Ranked *)b)->value;
  return (x > y) - (x < y);
}

/* Ranks from 1 into rank [n]; `sorted` [n] is room. */
static void find_ranks(const double *value, int n, Ranked *sorted, double *rank) {
  for (int i = 0; i < n; i++) sorted[i] = (Ranked){value[i], i};
  qsort(sorted, (size_t)n, sizeof *sorted, compare_ranked);
  for (int i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && sorted[end].value == sorted[i].value;) end++;
    for (int k = i; k < end; k++) rank[sorted[k].at] = 0.5 * (i + 1 + end);
  }
}

/* The mean of ranks is (n + 1) / 2, ties or not. */
static double correlate_ranks(const double *a, const double *b, int n) {
  double mean = 0.5 * (n + 1), ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < n; i++) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : (double)NAN;
}

Status rank_correlation(const double *a, const double *b, int n, double *out, Error *err) {
  Ranked *sorted = malloc((size_t)(n + 1) * sizeof *sorted);
  double *rank = malloc((size_t)(2 * n + 1) * sizeof *rank);
  Status status = sorted && rank ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: ranks");
  if (status == STATUS_OK) {
    find_ranks(a, n, sorted, rank);
    find_ranks(b, n, sorted, rank + n);
    *out = correlate_ranks(rank, rank + n, n);
  }
  free(sorted);
  free(rank);
  return status;
}
