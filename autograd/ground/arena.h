/* arena: a stack of memory for tensors.
 *
 *   chunk 0                      chunk 1
 *   [ used ............ | free ] [ used .. | free ........ ]
 *                                          ^ the only place that grows
 *
 * Allocation bumps a pointer; arena_release() rewinds to a mark and keeps the chunks, so a
 * training step touches fresh pages only once. Every address is 64-byte aligned. Under ASan,
 * released memory is poisoned and allocations are separated by red zones.
 * Invariant: chunks before the current one are never used again until a release rewinds to them. */
#ifndef SKEIN_ARENA_H
#define SKEIN_ARENA_H

#include <stddef.h>

typedef struct Arena Arena;

typedef struct ArenaMark {
  size_t chunk; /* index of the current chunk */
  size_t used;  /* bytes used in it */
} ArenaMark;

/* Returns NULL when out of memory. Free with arena_free (NULL is allowed). */
Arena *arena_new(void);
void arena_free(Arena *arena);

/* `bytes` uninitialised bytes, 64-byte aligned, valid until a release below them.
 * Returns NULL when out of memory. */
void *arena_alloc(Arena *arena, size_t bytes);

ArenaMark arena_mark(const Arena *arena);
void arena_release(Arena *arena, ArenaMark mark);

/* Bytes of address space held by the chunks now (they are never returned before arena_free). */
size_t arena_held(const Arena *arena);

#endif
