/* peft_keys: which keys of a PEFT LoRA's adapter_config.json may be there. Inside of
 * infer/adapter/peft_config.c. */
#ifndef SKEIN_PEFT_KEYS_H
#define SKEIN_PEFT_KEYS_H

#include "data/text/json.h"

/* STATUS_INPUT naming a key that changes what an adapter computes in a way that skein does not, and
 * an init_lora_weights that changed the base. A key that is not known may do so where it is true, an
 * object or an array, and is refused; a number or a text (the name of a run) is passed over, as PEFT
 * does. Null, false and what is empty turn a key off. `*passed` says which keys were passed
 * over, "" where none was; it is the caller's to free. */
Status peft_keys_check(const JsonDoc *doc, char **passed, Error *err);

/* Null, false, an empty array, object or text, or nothing: what turns a key off. */
bool peft_key_is_off(const json_t *value);

#endif
