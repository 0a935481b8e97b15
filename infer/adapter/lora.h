/* lora: a PEFT LoRA directory as a set of low-rank factors in memory, one a covered linear. */
#ifndef SKEIN_LORA_H
#define SKEIN_LORA_H

#include "data/file/hash.h"
#include "data/tensors/weights.h"
#include "infer/adapter/lora_factor.h"
#include "infer/module/linear.h"

typedef struct Lora {
  LoraFactor *factor; /* [count], by Module.id; see lora_covers */
  int count;          /* of the modules */
  int covered;
  bool rslora;
  char *base_name;            /* base_model_name_or_path as the adapter records it, or "" */
  char fingerprint[HASH_HEX]; /* SHA-256 over name, shape, scale and values of the factors */
} Lora;

/* Reads a PEFT directory (adapter_config.json, adapter_model.safetensors or .bin). rank_pattern and
 * alpha_pattern are matched as PEFT does (full name or suffix after a dot, as regular expression).
 * Refused by name: other peft_type, use_dora, bias != none, lora_bias, modules_to_save,
 * fan_in_fan_out, layer_replication, target_parameters, trainable_token_indices, and any tensor
 * that is not a factor of a linear of `modules`. Every tensor is used exactly once. Factors are
 * widened to f32 and need no gradient. */
Status lora_open(Lora **lora, const char *dir, const Modules *modules, Error *err);

/* An adapter that covers nothing yet, for readers of files: they make the factors, count them in
 * `covered` and call lora_fingerprint. */
Status lora_blank(Lora **lora, const Modules *modules, Error *err);
/* Fresh trainable factors on the linears whose last name component is in `targets`
 * ("all-linear" or a comma-separated list such as "q,v"; one that matches nothing is an error):
 * A ~ N(0, 0.01^2) keyed by seed, B = 0, as in the code of PHATGOOSE (r-three/phatgoose). */
Status lora_new(Lora **lora, const Modules *modules, int rank, float alpha, const char *targets,
                uint64_t seed, Error *err);
/* Writes a PEFT directory that peft reads (made if needed), the factors narrowed to `dtype`;
 * `base_name` is recorded as it is. */
Status lora_save(const Lora *lora, const Modules *modules, const char *dir, const char *base_name,
                 Dtype dtype, Error *err);
void lora_close(Lora *lora); /* NULL is allowed */

/* Recomputes `fingerprint` from the values in memory. */
Status lora_fingerprint(const Lora *lora, const Modules *modules, char hex[HASH_HEX], Error *err);

/* Slots that add this expert to a model, without gates; free slot with free(). */
Status lora_adapters(const Lora *lora, AdapterSet *set, Error *err);

#endif
