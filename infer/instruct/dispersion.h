/* dispersion: how far apart several instructions of one name are, each from other examples, beside
 * how far those of other names are. A router that compares instructions needs the second to be
 * larger.
 *
 * The distance of two vectors is 1 - their cosine. */
#ifndef SKEIN_DISPERSION_H
#define SKEIN_DISPERSION_H

#include <stdint.h>

typedef struct Dispersion {
  double within; /* mean distance of two of its instructions */
  int nearest;   /* the name whose instructions are nearest; -1: there is no other */
  double apart;  /* mean distance of one of its and one of theirs */
  int strayed;   /* how many of its instructions but the first are nearer to another name's first
                    than to its own: queries that the global term sends elsewhere */
  int taken_for; /* the name that most of these are nearest to, the first of equals; -1: none */
} Dispersion;

/* Vectors [names * samples, dim], those of a name one after the other; samples >= 2. Into out
 * [names]. */
void dispersion_measure(Dispersion *out, const float *vector, int names, int samples, int64_t dim);

#endif
