/* gates_pool: the pool of a run with its base. */
#ifndef SKEIN_GATES_POOL_H
#define SKEIN_GATES_POOL_H

#include "infer/pool/pool.h"
#include "infer/t5/base.h"
#include "train/gates/gates_run.h"

/* Opens both with the checks of pool_open, the base where the settings or else the pool say it is, and
 * fills its fingerprint. What was opened before a failure is the caller's to close. */
Status gates_pool_open(const GatesSettings *s, Base *base, char base_hash[HASH_HEX], Pool **pool,
                       Error *err);

#endif
