#include "autograd/ground/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "autograd/ground/array.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(at, size)   ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
enum { RED_ZONE = 128 };
#else
#define POISON(at, size)   ((void)(at), (void)(size))
#define UNPOISON(at, size) ((void)(at), (void)(size))
enum { RED_ZONE = 0 };
#endif

enum { ALIGN = 64, HUGE = 2 << 20 };
static const size_t CHUNK_MIN = HUGE;
static const size_t CHUNK_MAX = (size_t)256 << 20; /* growth stops doubling here */

typedef struct Chunk {
  char *memory;
  size_t size;
} Chunk;

struct Arena {
  Chunk *chunk;
  size_t chunks;
  size_t current; /* index of the chunk in use; == chunks before the first allocation */
  size_t used;    /* bytes used in it */
};

Arena *arena_new(void) {
  return calloc(1, sizeof(Arena));
}

void arena_free(Arena *arena) {
  if (!arena) return;
  for (size_t i = 0; i < arena->chunks; i++) {
    UNPOISON(arena->chunk[i].memory, arena->chunk[i].size);
    munmap(arena->chunk[i].memory, arena->chunk[i].size);
  }
  free(arena->chunk);
  free(arena);
}

/* Appends a chunk of at least `bytes`; false when out of memory. */
static int add_chunk(Arena *arena, size_t bytes) {
  size_t size = arena->chunks ? arena->chunk[arena->chunks - 1].size * 2 : CHUNK_MIN;
  if (size > CHUNK_MAX) size = CHUNK_MAX;
  if (size < bytes) size = (bytes + HUGE - 1) / HUGE * HUGE;
  if (size < bytes) return 0;
  Chunk *grown = array_grow(arena->chunk, arena->chunks, 1, sizeof *grown);
  if (!grown) return 0;
  arena->chunk = grown;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  madvise(memory, size, MADV_HUGEPAGE);
  POISON(memory, size);
  arena->chunk[arena->chunks++] = (Chunk){memory, size};
  return 1;
}

void *arena_alloc(Arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX - ALIGN - RED_ZONE - HUGE) return NULL;
  size_t need = (bytes + ALIGN - 1) / ALIGN * ALIGN + RED_ZONE;
  while (arena->current < arena->chunks && need > arena->chunk[arena->current].size - arena->used) {
    arena->current++;
    arena->used = 0;
  }
  if (arena->current == arena->chunks && !add_chunk(arena, need)) return NULL;
  char *at = arena->chunk[arena->current].memory + arena->used;
  arena->used += need;
  UNPOISON(at, bytes);
  return at;
}

ArenaMark arena_mark(const Arena *arena) {
  return (ArenaMark){arena->current, arena->used};
}

void arena_release(Arena *arena, ArenaMark mark) {
  for (size_t i = mark.chunk; i < arena->chunks && i <= arena->current; i++) {
    size_t from = i == mark.chunk ? mark.used : 0;
    POISON(arena->chunk[i].memory + from, arena->chunk[i].size - from);
  }
  arena->current = mark.chunk;
  arena->used = mark.used;
}

size_t arena_held(const Arena *arena) {
  size_t held = 0;
  for (size_t i = 0; i < arena->chunks; i++) held += arena->chunk[i].size;
  return held;
}
