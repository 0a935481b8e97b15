/* spectrum: the singular value decomposition of an update B A without the update: with B = Q_b R_b
 * and A^T = Q_a R_a it is Q_b (R_b R_a^T) Q_a^T, and only the core in the middle, which is at most as
 * wide as the rank, is decomposed. */
#ifndef SKEIN_SPECTRUM_H
#define SKEIN_SPECTRUM_H

#include <stdint.h>

#include "autograd/ground/status.h"

/* An update as two factors of doubles, row-major: b [d_out, rank], a [rank, d_in]. */
typedef struct Factors {
  int64_t d_out, d_in, rank;
  double *b, *a;
} Factors;

/* Zeroed. On failure *f is zeroed. */
Status factors_make(Factors *f, int64_t d_out, int64_t rank, int64_t d_in, Error *err);
void factors_free(Factors *f); /* zeroed Factors are allowed */

/* U diag(s) V^T: u [d_out, count], s [count] falling, vt [count, d_in]. */
typedef struct Spectrum {
  int64_t d_out, d_in, count;
  double *u, *s, *vt;
} Spectrum;

/* count is the smallest of rank, d_out and d_in. On failure *s is zeroed. */
Status spectrum_make(Spectrum *s, const Factors *f, Error *err);
void spectrum_free(Spectrum *s); /* a zeroed Spectrum is allowed */

/* The singular values that are more than rounding: above SPECTRUM_LEAST of the largest. */
int64_t spectrum_rank(const Spectrum *s);
#define SPECTRUM_LEAST 1e-10

#endif
