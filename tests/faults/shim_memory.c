/* malloc and its kin, of libc and with faults, and a clock that every run reads alike. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/shim.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  return shim_memory_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return shim_memory_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  return shim_memory_fails() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  return shim_memory_fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *made = memalign(alignment, size);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

/* A millisecond a look: outputs say how long things took, and are to be compared. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  static atomic_long looks;
  if (clock != CLOCK_MONOTONIC)
    return (int)shim_system_call(SYS_clock_gettime, (long[6]){clock, (long)now});
  long n = atomic_fetch_add(&looks, 1) + 1;
  *now = (struct timespec){1000 + n / 1000, n % 1000 * 1000000};
  return 0;
}
