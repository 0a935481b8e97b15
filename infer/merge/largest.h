/* largest: which numbers of a matrix, or of several, are the k of largest magnitude. They are read
 * twice and none is kept: the bits of a magnitude rise with it, so two rounds of counting, by the
 * upper and then the lower half of the bits, find the k-th exactly. Of equal magnitudes the first in
 * order are taken. */
#ifndef SKEIN_LARGEST_H
#define SKEIN_LARGEST_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers above `least` in magnitude, and the first `equal` of those that equal it. */
typedef struct Largest {
  float least;
  int64_t equal;
} Largest;

enum { LARGEST_BUCKETS = 1 << 16 };

typedef struct LargestCount {
  int64_t bucket[LARGEST_BUCKETS];
  int64_t wanted; /* how many are to come from the chosen bucket and, in round 0, from all */
  uint32_t upper; /* the chosen upper half */
  int round;
} LargestCount;

/* Begins to look for the `wanted` largest. */
void largest_begin(LargestCount *c, int64_t wanted);
/* Of each number once in round 0, and once again after largest_turn. */
void largest_count(LargestCount *c, const float *x, int64_t n);
void largest_turn(LargestCount *c);
/* `wanted` is at most the number of all (asserted); 0 keeps none. */
Largest largest_end(const LargestCount *c);

/* Whether the next number in order is among them; counts `equal` down. */
static inline bool largest_takes(Largest *l, float x) {
  float magnitude = x < 0 ? -x : x;
  if (magnitude != l->least) return magnitude > l->least;
  return l->equal-- > 0;
}

#endif
