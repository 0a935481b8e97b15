#include "tests/mutate.h"

#include <string.h>

size_t mutate(unsigned char *bytes, size_t size, const char *const *pieces, size_t piece_count,
              Rng *rng) {
  uint64_t edits = 1 + rng_below(rng, 4);
  for (uint64_t i = 0; i < edits; i++) {
    size_t at = (size_t)rng_below(rng, size);
    const char *piece = pieces[rng_below(rng, piece_count)];
    size_t length = strlen(piece);
    switch (rng_below(rng, 4)) {
      case 0:
        bytes[at] = (unsigned char)rng_next(rng);
        break;
      case 1:
        bytes[at] ^= (unsigned char)(1u << rng_below(rng, 8));
        break;
      case 2:
        memcpy(bytes + at, piece, length < size - at ? length : size - at);
        break;
      default:
        if (rng_below(rng, 8) == 0) size = at + 1;
    }
  }
  return size;
}
