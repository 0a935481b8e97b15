/* arrow: the prototype of an expert at one module, computed from its factors alone (Arrow routing,
 * Ostapenko et al. 2024, arXiv 2405.11157): the unit input that its update B A stretches most,
 * which is the first right singular vector of B A. The scale alpha / r does not turn it.
 *
 * With S S^T = B^T B and z the first eigenvector of S^T (A A^T) S, all r x r, it is A^T S z: no
 * matrix of d_out x d_in is ever made. */
#ifndef SKEIN_ARROW_H
#define SKEIN_ARROW_H

#include "autograd/op/ops.h"

/* Writes p [d_in], |p| = 1. A singular vector has no sign: the largest component is made positive,
 * of equally large ones the first. Where B A = 0, p is 0. */
Status arrow_prototype(const LowRank *factor, float *p, Error *err);

/* Writes w [r, r] and sigma [r]: the right singular vectors of B A are the rows of w A, sigma their
 * singular values, the largest first. A row of a singular value that is 0, up to the rounding of f32
 * factors, is 0. */
Status arrow_axes(const LowRank *factor, double *w, double *sigma, Error *err);

#endif
