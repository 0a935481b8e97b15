/* dispersion: how far apart several instructions of one name are, each from other examples, beside
 * how far those of other names are. A router that compares instructions needs the second to be
 * larger.
 *
 * The distance of two vectors is 1 - their cosine. */
#ifndef SKEIN_DISPERSION_H
#define SKEIN_DISPERSION_H

#include <stdint.h>

/* The vectors of instructions, those of a name one after the other. */
typedef struct NamedVectors {
  const float *vector; /* [begin[names], dim] */
  const int *begin;    /* [names + 1] rows; every name has one at least */
  int names;
  int64_t dim;
} NamedVectors;

typedef struct Dispersion {
  double within; /* mean distance of two of its instructions; 0 of one alone */
  int nearest;   /* the name whose instructions are nearest; -1: there is no other */
  double apart;  /* mean distance of one of its and one of theirs */
  int strayed;   /* how many of its instructions but the first are nearer to another name's first
                    than to its own: queries that the global term sends elsewhere */
  int taken_for; /* the name that most of these are nearest to, the first of equals; -1: none */
} Dispersion;

/* Into out [names]. */
void dispersion_measure(Dispersion *out, const NamedVectors *v);

/* The mean distance of an instruction of the one and another one of the other, which may be the same
 * name; NaN of a name with one instruction and itself. */
double dispersion_distance(const NamedVectors *v, int name, int other);

/* The name that it cannot be told from: queries stray to it, or its instructions are as far from each
 * other as from that one's; -1: none. */
int dispersion_alike(const Dispersion *d);

#endif
