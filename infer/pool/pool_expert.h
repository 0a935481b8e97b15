/* pool_expert: one expert of a pool, from its files. For pool.c and `skein pool`; others use
 * pool.h. */
#ifndef SKEIN_POOL_EXPERT_H
#define SKEIN_POOL_EXPERT_H

#include "infer/expert/expert_file.h"
#include "infer/expert/gate.h"
#include "infer/expert/vector_file.h"
#include "infer/pool/pool.h"

enum { POOL_VECTORS = VECTOR_ACTIVATION_ABSOLUTE + 1 };

/* What runs at one module, f32 and finite, in the mapped file or owned: the factors of a LoRA, or
 * the vector of an (IA)3. No rows: not used yet. */
typedef struct PoolPart {
  Tensor a, b;
  Tensor l;
} PoolPart;

typedef struct PoolExpert {
  const PoolEntry *entry; /* of the manifest */
  ExpertFile file;
  GateInfo gate_info;
  VectorFile gate, activation;  /* zeroed when the expert has none */
  Tensor *vector[POOL_VECTORS]; /* [modules] as weights_locate leaves them; NULL: has none */
  PoolPart *ready;              /* [modules] */
} PoolExpert;

/* Where an expert's files are. */
typedef struct PoolSource {
  const char *adapter;    /* PEFT directory */
  const char *gate;       /* NULL: none */
  const char *activation; /* NULL: none */
} PoolSource;

/* The files of an expert that is new, with the checks of pool_open; of the entry, which must outlive
 * *e, only the name is read, and its fingerprint is written, for which the values of the adapter are
 * read. `base` is the fingerprint of the model's base. On failure *e is zeroed. */
Status pool_expert_open_new(PoolExpert *e, PoolEntry *entry, const char *base,
                            const PoolSource *source, const Modules *modules, Error *err);
/* The same of expert `i` of the manifest, whose fingerprint is read. */
Status pool_expert_open_listed(PoolExpert *e, const PoolManifest *m, int i, const Modules *modules,
                               Error *err);
void pool_expert_close(PoolExpert *e);

/* Kind, rank, alpha and modules of the entry as the adapter has them, provenance and who trained it
 * as the gate does. */
void pool_expert_describe(const PoolExpert *e, PoolEntry *entry);
/* Reads every value: STATUS_INPUT for the first NaN or infinity. */
Status pool_expert_check_values(PoolExpert *e, const Modules *modules, Error *err);

/* expert_fingerprint of the adapter, whose values are read. */
Status pool_expert_fingerprint(PoolExpert *e, const Modules *modules, char hex[HASH_HEX],
                               Error *err);

/* pool_expert_adapter has read the module, or there is nothing to read. */
bool pool_expert_is_read(const PoolExpert *e, int module);
/* As pool_adapter and pool_vector, of a module that the expert covers. */
Status pool_expert_adapter(PoolExpert *e, const Module *module, Adapter *out, Error *err);
Status pool_expert_vector(const PoolExpert *e, PoolVector kind, const Module *module, float *out,
                          Error *err);

#endif
