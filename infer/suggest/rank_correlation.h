/* rank_correlation: how far two rankings of the same things agree. */
#ifndef SKEIN_RANK_CORRELATION_H
#define SKEIN_RANK_CORRELATION_H

#include "autograd/ground/status.h"

/* Spearman's correlation of a [n] and b [n] (Spearman 1904): Pearson's of their ranks, equal values
 * having the mean of theirs. NaN where all values of one are equal, and below two values. */
Status rank_correlation(const double *a, const double *b, int n, double *out, Error *err);

#endif
