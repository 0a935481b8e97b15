/* pool_keep: what an expert that replaces another keeps of it. */
#ifndef SKEIN_POOL_KEEP_H
#define SKEIN_POOL_KEEP_H

#include "tools/pool/pool_tool.h"

/* Where the options give no instruction or licence, `entry` gets those of expert `at`, whom it
 * replaces. Where they give no activation and the adapter is the same one, *activation becomes the
 * path of that expert's in the pool (owned by the caller; NULL: none). What is kept, and an
 * activation that goes, is said. */
Status pool_keep(PoolEntry *entry, char **activation, const PoolManifest *m, int at,
                 const PoolOptions *o, Error *err);

#endif
