/* adamw: Adam with decoupled weight decay (Loshchilov & Hutter 2019), bias-corrected, as
 * torch.optim.AdamW:  p *= 1 - lr wd;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;
 *   p -= lr / (1 - b1^t) * m / ( sqrt(v) / sqrt(1 - b2^t) + eps ),  t = 1, 2, ... */
#ifndef SKEIN_ADAMW_H
#define SKEIN_ADAMW_H

#include "autograd/tensor.h"

/* A tensor that is trained, with the state of its update rule. `tensor` is borrowed. */
typedef struct Param {
  const char *name; /* borrowed; unique in a list */
  Tensor *tensor;   /* owned elsewhere; needs_grad, grad allocated by tensor_create */
  float *m, *v;     /* first and second moment, like tensor; made by params_init */
} Param;

/* In double, so that 1 - beta is as exact as in the reference. */
typedef struct AdamW {
  double beta1, beta2, eps, weight_decay;
} AdamW;

/* beta 0.9, 0.999, eps 1e-8, no decay: the defaults of the reference recipes (methods.md 1.3). */
AdamW adamw_defaults(void);

/* Allocates zeroed moments; on failure none are kept. params_free frees the moments only. */
Status params_init(Param *params, int64_t n, Error *err);
void params_free(Param *params, int64_t n);
void params_zero_grad(Param *params, int64_t n);

/* Global L2 norm of all gradients, summed in double in a fixed order. NaN or Inf if any is. */
double params_grad_norm(const Param *params, int64_t n);

/* One update with learning rate lr; `update` is the number of updates including this one (>= 1);
 * gradients are multiplied by `grad_scale` (clip_factor) as they are read. The bits do not depend
 * on `threads`. */
void adamw_update(const AdamW *rule, Param *params, int64_t n, int64_t update, double lr,
                  float grad_scale, int threads);

#endif
