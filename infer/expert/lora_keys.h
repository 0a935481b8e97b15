/* lora_keys: which keys of a PEFT LoRA's adapter_config.json may be there. Inside of
 * infer/expert/lora_config.c. */
#ifndef SKEIN_LORA_KEYS_H
#define SKEIN_LORA_KEYS_H

#include "data/text/json.h"

/* STATUS_INPUT naming a key that changes what an adapter computes in a way that skein does not, or
 * that is not known, unless its value is null, false, or empty; and an init_lora_weights that
 * changed the base. */
Status lora_keys_check(const JsonDoc *doc, Error *err);

/* Null, false, an empty array, object or text, or nothing: what turns a key off. */
bool lora_key_is_off(const json_t *value);

#endif
