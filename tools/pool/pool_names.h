/* pool_names: the names of the experts of a checkpoint that has numbers for them. */
#ifndef SKEIN_POOL_NAMES_H
#define SKEIN_POOL_NAMES_H

#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct PoolNames {
  char **name; /* [count] valid names of experts, all different; owned */
  int count;
} PoolNames;

/* The names of `count` experts in the order of their numbers: of `file`, one a line (blank lines do
 * not count), or where it is NULL those of PHATGOOSE's pool of 36 sets of P3 (the order of
 * scripts/concatenate.py of r-three/phatgoose). Capitals become small letters, as GLIDER's code
 * names the same experts. STATUS_INPUT for another number of names, one that is there twice and one
 * that is none; STATUS_USAGE without a file for another number of experts, which are in
 * `checkpoint`. */
Status pool_names_read(PoolNames *names, const char *file, int count, const char *checkpoint,
                       Error *err);
void pool_names_free(PoolNames *names); /* a zeroed PoolNames is allowed */

/* A new string: the first `size` bytes of a name in small letters; NULL when out of memory. */
char *pool_name_small(const char *name, size_t size);

#endif
