#include "infer/values.h"

#include <inttypes.h>
#include <math.h>

Status values_copy(Tensor *to, const Tensor *from, const char *file, const char *name, Error *err) {
  TRY(tensor_create(to, from->rows, from->cols, false, err));
  dtype_widen(to->data, from->store, from->dtype, (size_t)tensor_count(to));
  for (int64_t i = 0; i < tensor_count(to); i++) {
    if (isfinite(to->data[i])) continue;
    error_set(err, STATUS_INPUT, "%s: %s: [%" PRId64 ", %" PRId64 "]: is %s, want a finite number",
              file, name, i / to->cols, i % to->cols, isnan(to->data[i]) ? "NaN" : "infinite");
    tensor_destroy(to);
    return STATUS_INPUT;
  }
  return STATUS_OK;
}
