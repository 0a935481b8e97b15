#include "autograd/ground/array.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

/* The least power of two that is not below the count; 0 of 0. */
static size_t room_for(size_t count) {
  return count < 2 ? count : (size_t)1 << (64 - __builtin_clzll(count - 1));
}

void *array_grow(void *array, size_t count, size_t more, size_t size) {
  assert(more > 0);
  if (more > SIZE_MAX / 2 - count) return NULL;
  size_t wanted = room_for(count + more), bytes;
  if (wanted == room_for(count)) return array;
  return __builtin_mul_overflow(wanted, size, &bytes) ? NULL : realloc(array, bytes);
}
