/* gate: the sigmoid gate vectors of one expert, one a covered module; what they do to a token is in
 * autograd/op/gate_sigmoid.h.
 *
 * gate.safetensors holds one F32 tensor `<module>.gate` [d_in] a module, raw as trained
 * (standardisation belongs to the router), and in __metadata__:
 *
 *   KEY      VALUE
 *   format   "skein-gate"
 *   version  "1"
 *   base     fingerprint of the base (t5_fingerprint)
 *   expert   fingerprint of the expert (expert_fingerprint)
 *   recipe   name of the recipe, "custom" if none
 *   steps    optimizer steps behind these values
 *   seed     seed of the run
 */
#ifndef SKEIN_GATE_H
#define SKEIN_GATE_H

#include "infer/expert/expert.h"

typedef struct Gate {
  Tensor *vector; /* [count], by Module.id; [1, d_in] where gate_covers */
  int count;
} Gate;

typedef struct GateInfo {
  char base[HASH_HEX], expert[HASH_HEX], recipe[32];
  int64_t steps;
  uint64_t seed;
} GateInfo;

/* Zero gates (sigma = 1/2) on every module the expert covers, needing gradients. */
Status gate_new(Gate **gate, const Expert *expert, const Modules *modules, Error *err);
void gate_close(Gate *gate); /* NULL is allowed */

/* Whether there is a gate at the module with this id: where its expert covers it. */
bool gate_covers(const Gate *gate, int module);

Status gate_save(const Gate *gate, const Modules *modules, const char *path, const GateInfo *info,
                 Error *err);
/* Reads a gate file for this expert of the base with the fingerprint `base`: exactly the covered
 * modules, finite, of the right length; another base or expert fingerprint is STATUS_MISMATCH. The
 * vectors need no gradient. */
Status gate_open(Gate **gate, const char *path, const Expert *expert, const Modules *modules,
                 const char *base, GateInfo *info, Error *err);

/* Slots that add the expert behind its gates; free slot with free(). */
Status gate_adapters(const Gate *gate, const Expert *expert, AdapterSet *set, Error *err);

#endif
