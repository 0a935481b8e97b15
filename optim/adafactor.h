/* adafactor: Adafactor (Shazeer & Stern 2018, arXiv 1804.04235, algorithm 4) with a learning rate
 * from outside, without momentum, as transformers.Adafactor with relative_step=False. At update
 * t = 1, 2, ... of p [rows, cols], with b_t = 1 - t^decay and rms(x) = |x| / sqrt(number of x):
 *
 *   s  = g^2 + eps
 *   of a vector (one row or one column)   V = b_t V + (1 - b_t) s
 *   of a matrix                           V = R C / mean(R), with
 *     R = b_t R + (1 - b_t) mean of s over columns     [rows]
 *     C = b_t C + (1 - b_t) mean of s over rows        [cols]
 *   u  = g / sqrt(V), then u /= max(1, rms(u) / clip)
 *   a  = lr max(eps_scale, rms(p)) with scale_parameter, else lr
 *   p -= a wd p, then p -= a u
 *
 * R and C stand at the beginning of the first and of the second moment of the parameter, V is the
 * second moment. */
#ifndef SKEIN_ADAFACTOR_H
#define SKEIN_ADAFACTOR_H

#include "optim/optimizer.h"

typedef struct Adafactor {
  double eps, eps_scale, clip, decay, weight_decay;
  bool scale_parameter;
} Adafactor;

/* eps 1e-30 and 1e-3, clip 1, decay -0.8, no weight decay, scale_parameter: what T-Few (arXiv
 * 2205.05638, code) trains with. */
Adafactor adafactor_defaults(void);

/* The rule as an optimizer; it is borrowed. The bits do not depend on the number of threads. */
Optimizer adafactor_optimizer(const Adafactor *rule);

#endif
