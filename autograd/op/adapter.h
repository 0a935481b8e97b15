/* adapter: what is put beside a linear y = x W^T: a kind, with its forward and its backward.
 *
 * A kind works in one of two ways. It takes part in the linear's own products: it adds terms to
 * that of y, and in backward to that of dx, so that nothing is read twice (adapter_low_rank.c). Or
 * it stands around them, made of operations: it changes what W multiplies, or what comes of it
 * (adapter_rescale.c). To add a kind, write its file beside those. */
#ifndef SKEIN_ADAPTER_H
#define SKEIN_ADAPTER_H

#include "autograd/op/gate_sigmoid.h"
#include "autograd/op/routed.h"
#include "autograd/product/low_rank.h"
#include "autograd/product/matmul.h"

typedef struct AdapterKind AdapterKind;

/* An adapter of one linear; its tensors must outlive the tape. */
typedef struct Adapter {
  const AdapterKind *kind; /* NULL: there is none */
  LowRank low_rank;        /* of adapter_low_rank */
  Tensor *rescale;         /* of adapter_rescale_input and _output: l [1, d_in], or [1, d_out] */
  SigmoidGate gate;        /* what it weighs is the change that the adapter makes to y */
  const Routed *routed;    /* of adapter_routed */
} Adapter;

enum { ADAPTER_TENSORS = 3 };

struct AdapterKind {
  const char *name;

  /* Of a kind that takes part in the products; all NULL: it does not. */

  /* Its tensors that may need a gradient, NULL where absent. */
  void (*tensors)(const Adapter *a, Tensor *tensor[ADAPTER_TENSORS]);
  /* What forward and backward need of x [T, d_in], in the arena: it lives as long as the tape's
   * nodes. NULL where the context failed. */
  void *(*save)(Context *c, const Adapter *a, Tensor *x);
  /* Adds its terms to the product of y [T, d_out]; their operands live until it is made. */
  void (*forward)(Context *c, const void *saved, Product *y);
  /* Given dy [T, d_out], adds to the gradients of its tensors and, where dx is not NULL, its terms
   * to the product of dx [T, d_in]. */
  void (*backward)(Context *c, const void *saved, const Tensor *x, Mat dy, Product *dx);

  /* Of a kind that stands around them: what W multiplies in the place of x, and what is there in
   * the place of y = x W^T. NULL: x itself, y itself. */
  Tensor *(*input)(Context *c, const Adapter *a, Tensor *x);
  Tensor *(*output)(Context *c, const Adapter *a, Tensor *x, Tensor *y);
};

/* A low-rank update behind an optional sigmoid gate: y += scale * sigma(x v^T) * (x A^T) B^T.
 * With h = x A^T, s = sigma(x v^T), g = dy B:
 *   dx += scale s g A + scale s' <h, g> v
 *   dA = scale (s g)^T x    dB = scale dy^T (s h)   dv = sum_t scale s' <h, g> x_t */
extern const AdapterKind adapter_low_rank;

/* Inputs or outputs rescaled element by element ((IA)3; Liu et al. 2022, arXiv 2205.05638, section
 * 3.3), behind an optional sigmoid gate s = sigma(x v^T), 1 without one:
 *   input    y = (x * (1 + s (l - 1))) W^T      = x W^T + s (x * (l - 1)) W^T
 *   output   y = (x W^T) * (1 + s (l - 1))      = x W^T + s (x W^T) * (l - 1) */
extern const AdapterKind adapter_rescale_input, adapter_rescale_output;

/* Experts of low rank behind a router (routed.h), whose gates learn; it has no sigmoid gate. */
extern const AdapterKind adapter_routed;

/* An adapter of low rank. */
static inline Adapter adapter_of(LowRank low_rank) {
  return (Adapter){.kind = &adapter_low_rank, .low_rank = low_rank};
}

/* An adapter that rescales inputs or outputs by l. */
static inline Adapter adapter_rescaling(Tensor *l, bool input) {
  return (Adapter){.kind = input ? &adapter_rescale_input : &adapter_rescale_output, .rescale = l};
}

static inline Mat tensor_mat(const Tensor *t) {
  return mat(t->data, t->rows, t->cols);
}

#endif
