/* generation_keys: what the keys of a generation_config.json are for. Inside of
 * infer/predict/generation_config.c. */
#ifndef SKEIN_GENERATION_KEYS_H
#define SKEIN_GENERATION_KEYS_H

#include <jansson.h>
#include <stdbool.h>

typedef enum GenerationKey {
  KEY_READ,     /* by generation_config.c */
  KEY_SILENT,   /* changes no text */
  KEY_SAMPLING, /* changes what is drawn, and nothing is */
  KEY_REFUSED,  /* would change the text and is not computed */
  KEY_UNKNOWN,
} GenerationKey;

GenerationKey generation_key(const char *key);
/* The value asks for nothing: null, false, an empty array or object, or the neutral number of the
 * key. */
bool generation_key_is_off(const char *key, const json_t *value);

#endif
