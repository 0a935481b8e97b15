#include "infer/adapter/values.h"

#include <inttypes.h>
#include <math.h>

/* x - x is 0 of a finite x and NaN of any other; a sum keeps a NaN. */
static bool all_finite(const float *x, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += x[i] - x[i];
  return sum == 0;
}

Status values_check(const Tensor *t, const char *file, const char *name, Error *err) {
  if (all_finite(t->data, tensor_count(t))) return STATUS_OK;
  for (int64_t i = 0; i < tensor_count(t); i++) {
    if (isfinite(t->data[i])) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: %s: [%" PRId64 ", %" PRId64 "]: is %s, want a finite number", file, name,
                     i / t->cols, i % t->cols, isnan(t->data[i]) ? "NaN" : "infinite");
  }
  return STATUS_OK;
}

Status values_copy(Tensor *to, const Tensor *from, const char *file, const char *name, Error *err) {
  TRY(tensor_create(to, from->rows, from->cols, false, err));
  dtype_widen(to->data, from->store, from->dtype, (size_t)tensor_count(to));
  Status status = values_check(to, file, name, err);
  if (status != STATUS_OK) tensor_destroy(to);
  return status;
}
