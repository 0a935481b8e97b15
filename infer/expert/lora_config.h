/* lora_config: adapter_config.json of a PEFT LoRA. Inside of infer/expert/lora*, and for
 * `skein inspect`; others use lora.h. */
#ifndef SKEIN_LORA_CONFIG_H
#define SKEIN_LORA_CONFIG_H

#include "data/text/json.h"
#include "infer/expert/name_pattern.h"

/* One entry of rank_pattern or alpha_pattern. */
typedef struct LoraRule {
  NamePattern pattern;
  double value;
} LoraRule;

typedef struct LoraRules {
  LoraRule *rule; /* in file order: the first that matches counts */
  size_t count;
} LoraRules;

/* target_modules or exclude_modules. */
typedef struct LoraModules {
  enum { MODULES_UNSAID, MODULES_ALL, MODULES_LISTED, MODULES_PATTERN } kind;
  json_t *list; /* MODULES_LISTED: full names or suffixes after a dot */
  NamePattern pattern;
} LoraModules;

enum { LORA_NOTES = 4 };

typedef struct LoraConfig {
  char *path;
  JsonDoc doc;
  int64_t rank; /* 0: not said */
  double alpha;
  bool rslora;
  const char *base_name; /* "" when the file does not say */
  LoraRules ranks, alphas;
  LoraModules targets, excluded;
  bool some_layers;             /* layers_to_transform: declared modules may have no factors */
  bool encoder_alone;           /* trained on a T5EncoderModel: so may those of a decoder */
  const char *note[LORA_NOTES]; /* what was taken for something else, or from elsewhere */
  int notes;
} LoraConfig;

/* Reads `<dir>/adapter_config.json`. Keys that would change the arithmetic and are not supported, or
 * are not known, are STATUS_INPUT by name (lora_keys.h). lora_alpha defaults as in PEFT; without r
 * the factors say their rank. Free with lora_config_free, also after failure. */
Status lora_config_read(LoraConfig *config, const char *dir, Error *err);
void lora_config_free(LoraConfig *config); /* a zeroed LoraConfig is allowed */

/* Rank (0: not said) and alpha of the module of that name. Like all that follows these fail only where a pattern
 * of the file takes more than its limits (name_pattern.h). */
Status lora_config_rank(const LoraConfig *config, const char *module, int64_t *rank, Error *err);
Status lora_config_alpha(const LoraConfig *config, const char *module, double *alpha, Error *err);

/* Whether target_modules and exclude_modules say that a module has factors; LORA_ALLOWED: they
 * leave it open. */
typedef enum LoraWant { LORA_FORBIDDEN, LORA_ALLOWED, LORA_DEMANDED } LoraWant;
Status lora_config_wants(const LoraConfig *config, const char *module, LoraWant *want, Error *err);

#endif
