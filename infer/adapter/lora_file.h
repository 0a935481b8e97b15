/* lora_file: a PEFT LoRA directory mapped and checked, its values unread. For lora.c, expert_file.c
 * and pool*.c; others use expert.h or pool.h. */
#ifndef SKEIN_LORA_FILE_H
#define SKEIN_LORA_FILE_H

#include "data/tensors/weights.h"
#include "infer/adapter/lora_factor.h"
#include "infer/adapter/peft_config.h"
#include "infer/module/modules.h"

typedef struct LoraFile {
  PeftConfig config;
  const char *path; /* of the file of the adapter, borrowed from `weights` */
  Weights *weights;
  LoraFactor *factor; /* [count], by Module.id; a and b as weights_locate leaves them */
  int count;          /* modules of the model */
  int covered;
} LoraFile;

/* Opens the directory with every check of lora_open except that of values. On failure *f is
 * zeroed. */
Status lora_file_open(LoraFile *f, const char *dir, const Modules *modules, Error *err);
void lora_file_close(LoraFile *f); /* a zeroed LoraFile is allowed */

/* The name of the tensor of factor `which` ('A' or 'B') in a new string; NULL when out of memory.
 */
char *lora_tensor_name(const char *module, char which);
/* STATUS_INPUT where the tensor `key` of the file `path` is no factor of a linear, saying what it is
 * instead: a factor of an embedding or of the head, a bias, a weight saved whole, of DoRA. */
Status lora_tensor_check(const char *path, const char *key, Error *err);

#endif
