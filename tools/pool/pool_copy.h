/* pool_copy: the files of a new expert, in the form in which pools hold them. */
#ifndef SKEIN_POOL_COPY_H
#define SKEIN_POOL_COPY_H

#include "infer/pool/pool_expert.h"

/* Makes the folder `to` and writes into it the files of an expert that was checked
 * (pool_describe_new); their hashes become the entry's. Configurations, gates and safetensors are
 * copied to the byte; PyTorch's files and the checkpoints of T-Few are converted, and that is
 * said. */
Status pool_copy_expert(const PoolManifest *m, const PoolSource *source, const Modules *modules,
                        const char *to, PoolEntry *entry, Error *err);

#endif
