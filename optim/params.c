#include "optim/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Status params_init(Param *params, int64_t n, Error *err) {
  for (int64_t i = 0; i < n; i++) params[i].m = params[i].v = NULL;
  for (int64_t i = 0; i < n; i++) {
    size_t count = (size_t)tensor_count(params[i].tensor);
    params[i].m = calloc(count, sizeof(float));
    params[i].v = calloc(count, sizeof(float));
    if (params[i].m && params[i].v) continue;
    params_free(params, n);
    return error_set(err, STATUS_RUN, "%s: out of memory for its moments (%zu elements)",
                     params[i].name, count);
  }
  return STATUS_OK;
}

void params_free(Param *params, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    free(params[i].m);
    free(params[i].v);
    params[i].m = params[i].v = NULL;
  }
}

void params_zero_grad(Param *params, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    Tensor *t = params[i].tensor;
    memset(t->grad, 0, (size_t)tensor_count(t) * sizeof(float));
  }
}

double params_grad_norm(const Param *params, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const Tensor *t = params[i].tensor;
    for (int64_t j = 0; j < tensor_count(t); j++) sum += (double)t->grad[j] * (double)t->grad[j];
  }
  return sqrt(sum);
}
