/* released_key: the names that tensors of experts have in checkpoints of others. <m> is the name of
 * a linear, <i> the number of an expert; "base_model.model." may stand before any of them.
 *
 *   NAME                                          SHAPE       WRITTEN BY
 *   <m>._addons.expert_lora.layer1__<i>           [d_in, r]   PHATGOOSE: A transposed
 *   <m>._addons.expert_lora.layer2__<i>           [r, d_out]  PHATGOOSE: B transposed
 *   <m>._addons.router.expert_embeddings__<i>     [d_in]      PHATGOOSE: the gate
 *   <m>._addons.expert_lora.expert_input_gate     [d_in]      PHATGOOSE: the gate of a gate's run
 *   <m>.expert_lora_a, <m>.expert_lora_b          [r, d_in]   PHATGOOSE: an expert before its gates
 *   <m>.lora_A.default.weight, .lora_B.default... [r, d_in]   GLIDER, PEFT in memory
 *   <m>.lora_A.weight, .lora_B.weight             [r, d_in]   PEFT on disk
 *   <m>.lora_gate.default                         [d_in]      GLIDER: the gate
 *   <m>.lora_gate.default.weight                  [1, d_in]   GLIDER: the gate in memory
 *   <m>.lora_gate, <m>.gate                       [d_in]      a gate by itself
 *   encoder.embed_tokens.weight, decoder...       any         left over by both: aliases of the
 *                                                             base's shared.weight, not used
 *
 * Sources: the code of r-three/phatgoose (scripts/concatenate.py, scripts/manipulations.py,
 * src/models/addons/moe.py) and UNITES-Lab/glider (src/utils/manipulation.py). */
#ifndef SKEIN_RELEASED_KEY_H
#define SKEIN_RELEASED_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ReleasedPart {
  RELEASED_A,
  RELEASED_B,
  RELEASED_GATE,
  RELEASED_INPUT_GATE,
  RELEASED_PARTS,
  RELEASED_LEFT_OVER = RELEASED_PARTS,
  RELEASED_UNKNOWN,
} ReleasedPart;

typedef struct ReleasedKey {
  ReleasedPart part;
  const char *module; /* the name of a linear, perhaps, within the key: [module_size] */
  size_t module_size;
  int64_t expert; /* 0 where the name has no number */
  bool transposed;
} ReleasedKey;

ReleasedKey released_key(const char *name);

/* Whose names a file has. */
typedef enum ReleasedStyle { STYLE_PHATGOOSE, STYLE_GLIDER } ReleasedStyle;

/* The name of RELEASED_A, _B or _GATE of a linear in a new string; NULL when out of memory.
 * GLIDER's names have no number. */
char *released_name(ReleasedStyle style, ReleasedPart part, const char *module, int expert);

#endif
