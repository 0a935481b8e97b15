/* adapter: what is put beside a linear y = x W^T: a kind, with its forward and its backward.
 *
 * A kind takes part in the linear's own products: it adds terms to that of y, and in backward to
 * that of dx, so that nothing is read twice. To add a kind, write its file beside
 * adapter_low_rank.c. */
#ifndef SKEIN_ADAPTER_H
#define SKEIN_ADAPTER_H

#include "autograd/product/low_rank.h"
#include "autograd/product/matmul.h"

typedef struct AdapterKind AdapterKind;

/* An adapter of one linear; its tensors must outlive the tape. */
typedef struct Adapter {
  const AdapterKind *kind; /* NULL: there is none */
  LowRank low_rank;        /* of adapter_low_rank */
} Adapter;

enum { ADAPTER_TENSORS = 3 };

struct AdapterKind {
  const char *name;
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
};

/* A low-rank update behind an optional sigmoid gate: y += scale * sigma(x v^T) * (x A^T) B^T.
 * With h = x A^T, s = sigma(x v^T), g = dy B:
 *   dx += scale s g A + scale s' <h, g> v
 *   dA = scale (s g)^T x    dB = scale dy^T (s h)   dv = sum_t scale s' <h, g> x_t */
extern const AdapterKind adapter_low_rank;

/* An adapter of that kind. */
static inline Adapter adapter_of(LowRank low_rank) {
  return (Adapter){&adapter_low_rank, low_rank};
}

static inline Mat tensor_mat(const Tensor *t) {
  return mat(t->data, t->rows, t->cols);
}

#endif
