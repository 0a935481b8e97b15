/* affine: y = x W^T + b, of stored weights. */
#ifndef SKEIN_AFFINE_H
#define SKEIN_AFFINE_H

#include "autograd/op/ops.h"

typedef struct Affine {
  Tensor weight, bias; /* [d_out, d_in], [1, d_out] */
  bool biased;
} Affine;

static inline LinearOperands affine_operands(Affine *a) {
  return (LinearOperands){&a->weight, NULL, a->biased ? &a->bias : NULL};
}

/* y [T, d_out] of x [T, d_in]. */
static inline Tensor *affine_forward(Context *c, Affine *a, Tensor *x) {
  Tensor *y;
  op_linear_all(c, x, (LinearOperands[]){affine_operands(a)}, 1, &y);
  return y;
}

#endif
