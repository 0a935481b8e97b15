#include "infer/embed/embed_cosine.h"

#include <math.h>

/* In eight running sums: the order depends on n alone. */
double embed_dot(const float *a, const float *b, int64_t n) {
  enum { LANES = 8 };
  double sum[LANES] = {0}, total = 0;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int k = 0; k < LANES; k++) sum[k] += (double)a[i + k] * (double)b[i + k];
  }
  for (; i < n; i++) total += (double)a[i] * (double)b[i];
  for (int k = 0; k < LANES; k++) total += sum[k];
  return total;
}

double embed_norm(const float *a, int64_t n) {
  return fmax(sqrt(embed_dot(a, a, n)), 1e-8);
}
