/* gate_sigmoid: the gate of an expert (PHATGOOSE; Muqeeth et al. 2024, arXiv 2402.05859, section
 * 3): the weight s = sigma(x . v) of its update, one a token. Its backward is that of the update it
 * weighs (adapter_low_rank.c, op_rescale.c). */
#ifndef SKEIN_GATE_SIGMOID_H
#define SKEIN_GATE_SIGMOID_H

#include "autograd/tensor.h"

typedef struct GateStats {
  double sum;    /* of sigma over rows */
  int64_t count; /* rows */
} GateStats;

typedef struct SigmoidGate {
  Tensor *vector;   /* v [1, d_in], f32; NULL: no gate, sigma = 1 */
  GateStats *stats; /* if not NULL, every forward adds its gate values */
} SigmoidGate;

/* s [T] = sigma(x v^T) of x [T, d_in], in the arena; NULL without a gate, and where memory is out.
 */
float *gate_sigmoid(Context *c, const Tensor *x, const SigmoidGate *gate);

#endif
