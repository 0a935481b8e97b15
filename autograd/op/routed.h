/* routed: the experts of one linear behind a router whose gates learn, as PHATGOOSE routes them
 * (Muqeeth et al. 2024, arXiv 2402.05859, section 3):
 *
 *   s_te = LN(x_t) . LN(v_e) / sqrt(d_in),   LN without affine, eps 1e-5, biased variance
 *
 * and what op_routed makes of these logits (ops.h). infer/route computes the same for a pool that is
 * run, by other means, and divides by (sum + 1e-6) where this divides by the sum. */
#ifndef SKEIN_ROUTED_H
#define SKEIN_ROUTED_H

#include "autograd/product/low_rank.h"

typedef struct Routed {
  const LowRank *expert; /* [experts] a NULL: has none at this linear; some expert has */
  int experts;
  int top_k;          /* at least 1; more than there are: all of them */
  Tensor *gates;      /* v [experts, d_in] f32 */
  Tensor *one, *zero; /* [1, d_in] what LN without affine multiplies by and adds */
} Routed;

#endif
