/* pool_import: a pool made of checkpoints of others, which appears whole or not at all. One file each
 * reads a format; what grows while it does is in import_add.h. */
#ifndef SKEIN_POOL_IMPORT_H
#define SKEIN_POOL_IMPORT_H

#include "tools/pool/import_add.h"

/* Reads the checkpoints that the options name into the import; of one format. */
Status pool_import_phatgoose(PoolImport *p, const PoolOptions *o, Error *err);
Status pool_import_glider(PoolImport *p, const PoolOptions *o, Error *err);

#endif
