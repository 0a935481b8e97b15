/* mixture: in which order the examples of several files come.
 *
 * An epoch draws share[k] examples of file k, of all files together `epoch`:
 *
 *   as they are   share[k] = count[k]: every example once
 *   capped        share[k] = min(count[k], K), examples-proportional mixing with an artificial limit
 *                 (T5: Raffel et al. 2020, section 3.5.2): once, but K of a larger file
 *   weighed       share[k] = epoch w_k / sum w, rounded so that they add up to the number of all
 *                 examples (largest remainder, the first of equals)
 *
 * What stands where in an epoch is a permutation of its own. A file that is not drawn as it is goes on
 * in the next epoch where this one ended, and begins again, in another order, when all of it was
 * drawn: so no example comes twice before all of its file came once. */
#ifndef SKEIN_MIXTURE_H
#define SKEIN_MIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

typedef struct Mixture {
  int64_t *count, *share; /* [files] */
  size_t files;
  int64_t total, epoch; /* sums of them */
  bool uneven;          /* some share is not its count */
} Mixture;

/* Of these counts, each at least 1, as they are. Free with mixture_free. */
Status mixture_new(Mixture *m, const int64_t *count, size_t files, Error *err);
void mixture_free(Mixture *m); /* a zeroed Mixture is allowed */

void mixture_cap(Mixture *m, int64_t most);           /* at least 1 */
void mixture_weigh(Mixture *m, const double *weight); /* [files] each above 0 and finite */

/* Which example comes at a position of the endless stream: counted through the files, and how often
 * its file came to an end before. */
typedef struct MixturePlace {
  int64_t round, index;
} MixturePlace;
MixturePlace mixture_place(const Mixture *m, uint64_t seed, bool shuffle, int64_t position);

/* The file of an example that is counted through the files; *index becomes its number there. */
size_t mixture_file(const Mixture *m, int64_t *index);

#endif
