/* gate_sigmoid: the gate of an expert (PHATGOOSE; Muqeeth et al. 2024, arXiv 2402.05859, section
 * 3): the weight s = sigma(x . v) of its update, one a token. Its backward is that of the update it
 * weighs (adapter_low_rank.c). */
#ifndef SKEIN_GATE_SIGMOID_H
#define SKEIN_GATE_SIGMOID_H

#include "autograd/product/low_rank.h"

/* s [T] = sigma(x v^T) of x [T, d_in] and v [1, d_in], in the arena; NULL without a gate, and where
 * memory is out. The stats of the expert, where it has some, count every s. */
float *gate_sigmoid(Context *c, const Tensor *x, const LowRank *expert);

#endif
