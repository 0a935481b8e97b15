/* hash: SHA-256 through libcrypto. */
#ifndef SKEIN_HASH_H
#define SKEIN_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "autograd/ground/status.h"

enum { HASH_HEX = 65 }; /* 64 lower-case hex digits and NUL */

typedef struct Hash Hash; /* a running digest */

/* What libcrypto allocates with from now on, in place of malloc, realloc and free; to be called before
 * anything else here. It crashes where it has no memory as it is first used, so a program gives it
 * functions that end the program then. `place` and `line` are of its sources. */
typedef struct HashMemory {
  void *(*take)(size_t size, const char *place, int line);
  void *(*change)(void *memory, size_t size, const char *place, int line);
  void (*give)(void *memory, const char *place, int line);
} HashMemory;
void hash_set_memory(const HashMemory *memory);

Hash *hash_new(void); /* NULL when out of memory */
void hash_add(Hash *hash, const void *data, size_t size);
/* Adds the length of the string and then its bytes, so that fields cannot run together. */
void hash_add_string(Hash *hash, const char *text);
/* Writes the digest and frees `hash`. */
void hash_finish(Hash *hash, char hex[HASH_HEX]);

/* The text is a digest: 64 lower-case hexadecimal digits. */
bool hash_valid(const char *text);

Status hash_file(const char *path, char hex[HASH_HEX], Error *err);

#endif
