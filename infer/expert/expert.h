/* expert: what an expert is.
 *
 * The room infer/expert owns experts: their files, their values, and what is derived from these.
 * It knows the linears of a model as Modules and neither the model itself, nor pools, nor routers.
 *
 *   ON DISK                              READ BY             IN MEMORY
 *   adapter_config.json (PEFT)           lora_config.h       LoraConfig
 *   adapter_model.safetensors or .bin    lora_file.h         LoraFile: mapped, checked, unread
 *                                        lora.h              Lora: a LoraFactor a linear, in f32
 *   gate.safetensors                     gate.h              Gate: a vector a linear, in f32
 *   gate or activation.safetensors       vector_file.h       VectorFile: mapped, checked, unread
 *   (from the factors)                   arrow.h             Arrow's prototype of a linear
 *
 * An expert covers some linears of a model and leaves the others as they are. Its adapter decides
 * which; its gate and its vectors have exactly those. */
#ifndef SKEIN_EXPERT_H
#define SKEIN_EXPERT_H

#include "infer/expert/lora_factor.h"

/* Whether the expert covers the module with this id. `factor` is that of a Lora or a LoraFile. */
bool expert_covers(const LoraFactor *factor, int module);

#endif
