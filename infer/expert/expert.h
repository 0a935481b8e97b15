/* expert: what an expert is.
 *
 * The room infer/expert owns experts: an adapter of some kind with its gate, and what is derived from them.
 * It knows the linears of a model as Modules and neither the model itself, nor pools, nor routers.
 *
 *   ON DISK                              READ BY             IN MEMORY
 *   an adapter (infer/adapter)           expert_file.h       ExpertFile: a LoraFile or an Ia3File
 *                                        expert.h            Expert: a Lora or an Ia3
 *   gate.safetensors                     gate.h              Gate: a vector a linear, in f32
 *   gate or activation.safetensors       vector_file.h       VectorFile: mapped, checked, unread
 *   checkpoints of PHATGOOSE, GLIDER     released.h          experts of one file, read one by one
 *   (from the factors)                   arrow.h             Arrow's prototype of a linear
 *
 * An expert covers some linears of a model and leaves the others as they are. Its adapter decides
 * which; its gate and its vectors have exactly those. */
#ifndef SKEIN_EXPERT_H
#define SKEIN_EXPERT_H

#include "infer/adapter/ia3.h"
#include "infer/adapter/lora.h"
#include "infer/adapter/peft_type.h"

/* An expert in memory: one of its kinds, the others NULL. */
typedef struct Expert {
  Lora *lora;
  Ia3 *ia3;
} Expert;

/* Opens the PEFT directory of an expert of any kind, or a checkpoint of T-Few, as lora_open or
 * ia3_open. On failure *e is
 * zeroed. */
Status expert_open(Expert *e, const char *dir, const Modules *modules, Error *err);
void expert_close(Expert *e); /* a zeroed Expert is allowed; zeroes it */

PeftType expert_kind(const Expert *e);
/* Whether the expert covers the module with this id. */
bool expert_covers(const Expert *e, int module);
/* SHA-256 over names and values, as it was opened or made. */
const char *expert_fingerprint(const Expert *e);
/* The same computed again from the values in memory. */
Status expert_hash(const Expert *e, const Modules *modules, char hex[HASH_HEX], Error *err);
/* Slots that add this expert to a model, without gates; free slot with free(). */
Status expert_adapters(const Expert *e, AdapterSet *set, Error *err);

#endif
