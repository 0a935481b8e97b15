/* hash: SHA-256 through libcrypto. */
#ifndef SKEIN_HASH_H
#define SKEIN_HASH_H

#include <stddef.h>

#include "autograd/ground/status.h"

enum { HASH_HEX = 65 }; /* 64 lower-case hex digits and NUL */

typedef struct Hash Hash; /* a running digest */

Hash *hash_new(void); /* NULL when out of memory */
void hash_add(Hash *hash, const void *data, size_t size);
/* Adds the length of the string and then its bytes, so that fields cannot run together. */
void hash_add_string(Hash *hash, const char *text);
/* Writes the digest and frees `hash`. */
void hash_finish(Hash *hash, char hex[HASH_HEX]);

Status hash_file(const char *path, char hex[HASH_HEX], Error *err);

#endif
