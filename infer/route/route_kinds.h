/* route_kinds: which kinds of experts a router runs. */
#ifndef SKEIN_ROUTE_KINDS_H
#define SKEIN_ROUTE_KINDS_H

#include "infer/pool/pool.h"

/* STATUS_MISMATCH naming the first expert of the pool that is no LoRA, which `router`, in words,
 * cannot run. */
Status route_require_loras(const Pool *pool, const char *router, Error *err);

#endif
