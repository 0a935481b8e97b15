/* ia3: an (IA)3 expert (Liu et al. 2022, arXiv 2205.05638, section 3.3) as vectors in memory, one a
 * covered linear. What they do to a token is in autograd/op/adapter.h.
 *
 * A PEFT directory holds one tensor `base_model.model.<module>.ia3_l` a module: [d_out, 1] where
 * outputs are rescaled, [1, d_in] where inputs are, which adapter_config.json says by
 * feedforward_modules. */
#ifndef SKEIN_IA3_H
#define SKEIN_IA3_H

#include "data/file/hash.h"
#include "infer/adapter/ia3_vector.h"
#include "infer/module/linear.h"

typedef struct Ia3 {
  Ia3Vector *vector; /* [count], by Module.id; see ia3_covers */
  int count;         /* of the modules */
  int covered;
  char *base_name;            /* base_model_name_or_path as the adapter records it, or "" */
  char fingerprint[HASH_HEX]; /* SHA-256 over name, side and values of the vectors */
} Ia3;

/* Reads a PEFT directory (adapter_config.json, adapter_model.safetensors) of peft_type IA3, or a
 * checkpoint of T-Few (tfew_file.h). Refused
 * by name: what lora_open refuses, a vector of another shape than its module has, one of inputs
 * where feedforward_modules says outputs and the other way round (STATUS_MISMATCH), and any tensor
 * that is no vector of a linear of `modules`. Vectors are widened to f32 and need no gradient. */
Status ia3_open(Ia3 **ia3, const char *dir, const Modules *modules, Error *err);

/* Trainable vectors of ones on the linears whose last name component is in `targets`
 * ("all-linear" or a comma-separated list such as "k,v,wo"), of inputs where it is in `feedforward`
 * too, which must be a part of the targets (STATUS_USAGE). */
Status ia3_new(Ia3 **ia3, const Modules *modules, const char *targets, const char *feedforward,
               Error *err);
/* Writes a PEFT directory that peft reads (made if needed), the vectors narrowed to `dtype`;
 * `base_name` is recorded as it is. */
Status ia3_save(const Ia3 *ia3, const Modules *modules, const char *dir, const char *base_name,
                Dtype dtype, Error *err);
void ia3_close(Ia3 *ia3); /* NULL is allowed */

/* Recomputes `fingerprint` from the values in memory. */
Status ia3_fingerprint(const Ia3 *ia3, const Modules *modules, char hex[HASH_HEX], Error *err);

/* Slots that put this expert around a model's linears, without gates; free slot with free(). */
Status ia3_adapters(const Ia3 *ia3, AdapterSet *set, Error *err);

#endif
