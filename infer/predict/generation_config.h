/* generation_config: how a base asks to be made to generate: its generation_config.json, or where
 * there is none the keys of that file in its config.json, as transformers reads them
 * (GenerationConfig.from_model_config). */
#ifndef SKEIN_GENERATION_CONFIG_H
#define SKEIN_GENERATION_CONFIG_H

#include <jansson.h>

#include "infer/predict/generation_rules.h"
#include "infer/t5/t5_config.h"

/* When beam search stops: where the best running beam is not above the worst result at its own
 * length (false), as soon as there are as many results as beams (true), or where it would not be
 * above at any length ("never"). */
typedef enum EarlyStopping { EARLY_BY_LENGTH, EARLY_AT_ONCE, EARLY_NEVER } EarlyStopping;

typedef struct GenerationConfig {
  char *path;            /* of the file that was read; owned */
  int64_t max_output;    /* tokens generated, EOS included; 0: not said */
  int64_t beams;         /* 0: not said */
  double length_penalty; /* NAN: not said */
  EarlyStopping early;
  int32_t start; /* of the decoder; -1: not said */
  GenerationRules rules;
  json_t *taken, *unused; /* the keys that count, and those that do not though they are set: key ->
                             its value, an array as the number of its elements */
} GenerationConfig;

/* Reads it for the base in `dir` with that configuration. Ids must be below its vocab_size.
 * max_length and min_length count the start of the decoder, max_new_tokens and min_new_tokens do
 * not and win. STATUS_INPUT by name for what is set and not computed: sampling, groups and
 * constraints of beams, and the like. Free with generation_config_free, also after failure. */
Status generation_config_read(GenerationConfig *g, const char *dir, const T5Config *config,
                              Error *err);
void generation_config_free(GenerationConfig *g); /* a zeroed one is allowed */

#endif
