/* adamw: Adam with decoupled weight decay (Loshchilov & Hutter 2019), bias-corrected, as
 * torch.optim.AdamW. At update t = 1, 2, ...
 *
 *   p *= 1 - lr wd
 *   m  = b1 m + (1 - b1) g
 *   v  = b2 v + (1 - b2) g^2
 *   p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps) */
#ifndef SKEIN_ADAMW_H
#define SKEIN_ADAMW_H

#include "optim/optimizer.h"

/* In double, so that 1 - beta is as exact as in the reference. */
typedef struct AdamW {
  double beta1, beta2, eps, weight_decay;
} AdamW;

/* beta 0.9, 0.999, eps 1e-8, no decay: what PHATGOOSE (arXiv 2402.05859, code) trains with. */
AdamW adamw_defaults(void);

/* One update with learning rate lr; `update` is the number of updates including this one (>= 1);
 * gradients are multiplied by `grad_scale` (clip_factor) as they are read. The bits do not depend
 * on `threads`. */
void adamw_update(const AdamW *rule, Param *params, int64_t n, int64_t update, double lr,
                  float grad_scale, int threads);

/* The rule as an optimizer; it is borrowed. */
Optimizer adamw_optimizer(const AdamW *rule);

#endif
