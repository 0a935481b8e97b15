/* linear: the keyhole. Every adaptable linear of T5 goes through linear_forward:
 * y = W x + adapter(x). T5 knows no experts and experts know no T5; they meet in an AdapterSet, a
 * table with one slot a linear. */
#ifndef SKEIN_INFER_LINEAR_H
#define SKEIN_INFER_LINEAR_H

#include "autograd/ops.h"

typedef struct Linear {
  char *name;    /* "encoder.block.0.layer.0.SelfAttention.q" */
  Tensor weight; /* [d_out, d_in] */
  int id;        /* its slot in every AdapterSet of this model */
} Linear;

/* What is added to each linear. A slot with a == NULL adds nothing. */
typedef struct AdapterSet {
  LowRank *slot; /* [count] */
  int count;
} AdapterSet;

/* y [T, d_out] from x [T, d_in]; `adapters` NULL: the plain base. */
Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, Tensor *x);

#endif
