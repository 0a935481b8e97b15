/* pool_world: a tiny base and a pool of three experts of unequal shapes, for the tests of pools. */
#ifndef SKEIN_TESTS_POOL_WORLD_H
#define SKEIN_TESTS_POOL_WORLD_H

#include "tests/scratch.h"
#include "tests/tiny_pool.h"

enum { POOL_WORLD = 3 };

/* Unequal ranks, one that covers a part of the modules, one in bf16. */
extern const TinyExpert POOL_EXPERT[POOL_WORLD];

/* Writes the pool into the scratch directory `s`, as "pool"; the model is the caller's. */
T5 *pool_world(Scratch *s);
/* Opens all of it; the caller closes. */
Pool *pool_world_open(Scratch *s, T5 *model);

#endif
