/* norm_core: the length of what an update makes of an input, from the r numbers A u alone. With the
 * singular value decomposition B A = U S V^T
 *
 *   |B A u| = |S V^T u| = |C (A u)|   with spectrum: C^T C = B^T B
 *             |V^T u|   = |C (A u)|   without: the part of u that the update sees
 *
 * C [r, r] is made by Cholesky factors of r x r Gram matrices, and no singular value is computed. Of
 * the first `rank` singular vectors alone (SMILE's rank of the router; Tang et al. 2024, arXiv
 * 2408.10174) C has those rows, by arrow_axes. */
#ifndef SKEIN_NORM_CORE_H
#define SKEIN_NORM_CORE_H

#include "autograd/op/ops.h"

/* Fills core [r, r]; `rank` 0, or at least r: of all singular vectors. */
Status norm_core(const LowRank *factor, bool spectrum, int64_t rank, float *core, Error *err);

#endif
