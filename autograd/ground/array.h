/* array: arrays that grow at their end, by doubling.
 *
 * Invariant: an array of `count` elements has room for as many as the next power of two says, so no
 * capacity need be kept beside the count. It holds for NULL with a count of 0, for what array_grow
 * returned, and when elements are dropped from the end. */
#ifndef SKEIN_ARRAY_H
#define SKEIN_ARRAY_H

#include <stddef.h>

/* `array` with room for `more` elements (1 or more) of `size` bytes behind its `count`, perhaps
 * elsewhere; new room is not initialised. NULL when out of memory, and then the array is as it was.
 * Free with free(). */
void *array_grow(void *array, size_t count, size_t more, size_t size);

#endif
