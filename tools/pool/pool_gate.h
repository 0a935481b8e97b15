/* pool_gate: a file of gates that goes into a pool, made one of skein's where it is of others. */
#ifndef SKEIN_POOL_GATE_H
#define SKEIN_POOL_GATE_H

#include "infer/expert/gate.h"
#include "infer/pool/pool_manifest.h"

typedef struct PoolGate {
  const char *path; /* of a file of skein: the given one, or `made`; NULL: there are no gates */
  char *made;       /* a temporary file of the pool; NULL: there is none */
} PoolGate;

/* A file with the format of skein is taken as it is. Another (released_key.h has the names; without
 * metadata, or .pt) is read for the expert at `adapter`, a PEFT directory, and written as one of
 * unverified provenance into the pool's directory for the time of the addition; what is not used
 * of it, and what its values are, is said. `file` may be NULL: there are none. `required`: it is refused instead (STATUS_MISMATCH). */
Status pool_gate_take(PoolGate *g, const PoolManifest *m, const Modules *modules,
                      const char *adapter, const char *file, bool required, Error *err);
/* Says it where the run that made the gate doubts that it is trained. */
Status pool_gate_say_doubt(const PoolGate *g, Error *err);
void pool_gate_release(PoolGate *g); /* removes what was made; a zeroed PoolGate is allowed */

/* What is said of a gate whose own run doubts it; the word is put in. */
#define GATE_DOUBT \
  "verdict: %s: the run that made the gate does not call it trained; its report.txt says why"

/* STATUS_MISMATCH: the gate at `file` is unverified and that is not wanted. */
Status pool_gate_refuse(const char *file, Error *err);

#endif
