/* peft_save: the two files of a PEFT directory, adapter_model.safetensors and adapter_config.json.
 * For lora_save.c and ia3_save.c. */
#ifndef SKEIN_PEFT_SAVE_H
#define SKEIN_PEFT_SAVE_H

#include "data/tensors/safetensors.h"
#include "data/text/json_put.h"

/* What the configurations of all kinds begin with; NULL when out of memory. */
json_t *peft_config_new(const char *peft_type, const char *base_name);

/* Writes both into `dir`, which is made if needed. Takes the names of the n items, which are owned,
 * and the configuration; NULL items or configuration: out of memory. A base_name that is not UTF-8
 * is STATUS_USAGE. */
Status peft_save(const char *dir, const char *base_name, SafetensorsItem *items, size_t n,
                 json_t *config, Error *err);

#endif
