/* mutate: seeded damage for tests of parsers that must survive any input. */
#ifndef SKEIN_TESTS_MUTATE_H
#define SKEIN_TESTS_MUTATE_H

#include <stddef.h>

#include "autograd/ground/rng.h"

/* Damages 1 to 4 places of `bytes`: random bytes, flipped bits, `pieces` of the format's own syntax
 * written over what was there, and now and then a cut. Returns the new size, at most `size`. */
size_t mutate(unsigned char *bytes, size_t size, const char *const *pieces, size_t piece_count,
              Rng *rng);

#endif
