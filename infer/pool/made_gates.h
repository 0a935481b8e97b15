/* made_gates: gates that were trained for experts of a pool by whoever collects it, as a directory:
 *
 *   gates.json                       the list, there when all of it is
 *   experts/<name>/gate.safetensors  the gates (infer/expert/gate.h)
 *
 * gates.json:
 *
 *   KEY      VALUE
 *   format   "skein-gates"
 *   version  1
 *   base     t5_fingerprint of the pool's base
 *   way      "share" or "joint" (infer/expert/gate_maker.h)
 *   data     SHA-256 of the collector's data
 *   gates    list of {name: of the expert, fingerprint: expert_fingerprint, file: SHA-256 of the
 *            gates, examples: that they were trained on} */
#ifndef SKEIN_MADE_GATES_H
#define SKEIN_MADE_GATES_H

#include <stdint.h>

#include "infer/expert/gate_maker.h"
#include "infer/pool/pool_manifest.h"

#define MADE_GATES "gates.json"

typedef struct MadeGate {
  char name[POOL_NAME_MAX + 1];
  char fingerprint[HASH_HEX], file[HASH_HEX];
  int64_t examples;
} MadeGate;

typedef struct MadeGates {
  GateMaker maker;
  char base[HASH_HEX];
  MadeGate *gate; /* [count] owned; no name is there twice */
  int count;
} MadeGates;

Status made_gates_read(MadeGates *g, const char *dir, Error *err);
Status made_gates_write(const MadeGates *g, const char *dir, Error *err);
void made_gates_free(MadeGates *g); /* a zeroed MadeGates is allowed */

/* DIR/experts/<name>, and the gates in it, below a mark (data/file/path.h), in a new string (NULL when
 * out of memory). */
char *made_gates_dir(const char *dir, const char *name);
char *made_gates_path(const char *dir, const char *name);

#endif
