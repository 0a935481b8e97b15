/* params: the list of tensors that are trained, with what update rules keep for each. */
#ifndef SKEIN_PARAMS_H
#define SKEIN_PARAMS_H

#include "autograd/tensor.h"

/* A tensor that is trained, with the state of its update rule. `tensor` is borrowed. */
typedef struct Param {
  const char *name; /* borrowed; unique in a list */
  Tensor *tensor;   /* owned elsewhere; needs_grad, grad allocated by tensor_create */
  float *m, *v;     /* first and second moment, like tensor; made by params_init */
} Param;

/* Allocates zeroed moments; on failure none are kept. params_free frees the moments only. */
Status params_init(Param *params, int64_t n, Error *err);
void params_free(Param *params, int64_t n);
void params_zero_grad(Param *params, int64_t n);

/* Global L2 norm of all gradients, summed in double in a fixed order. NaN or Inf if any is. */
double params_grad_norm(const Param *params, int64_t n);

#endif
