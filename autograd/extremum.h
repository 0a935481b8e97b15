/* extremum: the smaller and the larger of two sizes. */
#ifndef SKEIN_AUTOGRAD_EXTREMUM_H
#define SKEIN_AUTOGRAD_EXTREMUM_H

#include <stdint.h>

static inline int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static inline int64_t max64(int64_t a, int64_t b) {
  return a > b ? a : b;
}

#endif
