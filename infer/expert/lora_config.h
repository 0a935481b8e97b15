/* lora_config: adapter_config.json of a PEFT LoRA or (IA)3. Inside of infer/expert, and for
 * `skein inspect`; others use expert.h. */
#ifndef SKEIN_LORA_CONFIG_H
#define SKEIN_LORA_CONFIG_H

#include "data/text/json.h"
#include "infer/expert/expert_kind.h"
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

/* target_modules, exclude_modules or feedforward_modules. */
typedef struct LoraModules {
  enum { MODULES_UNSAID, MODULES_ALL, MODULES_LISTED, MODULES_PATTERN } kind;
  json_t *list; /* MODULES_LISTED: full names or suffixes after a dot */
  NamePattern pattern;
} LoraModules;

enum { LORA_NOTES = 5 };

typedef struct LoraConfig {
  char *path;
  JsonDoc doc;
  ExpertKind kind; /* peft_type */
  int64_t rank;    /* of a LoRA, as are alpha, rslora and the rules; 0: not said */
  double alpha;
  bool rslora;
  const char *base_name; /* "" when the file does not say */
  LoraRules ranks, alphas;
  LoraModules targets, excluded;
  LoraModules feedforward;      /* of an (IA)3 */
  bool some_layers;             /* layers_to_transform: declared modules may have no factors */
  bool encoder_alone;           /* trained on a T5EncoderModel: so may those of a decoder */
  const char *note[LORA_NOTES]; /* what was taken for something else, or from elsewhere */
  int notes;
  char *passed; /* one of them: the keys that are not known */
} LoraConfig;

/* Reads `<dir>/adapter_config.json`. Keys that would change the arithmetic and are not supported, or
 * are not known, are STATUS_INPUT by name (lora_keys.h). lora_alpha defaults as in PEFT; without r
 * the factors say their rank. Free with lora_config_free, also after failure. */
Status lora_config_read(LoraConfig *config, const char *dir, Error *err);
void lora_config_free(LoraConfig *config); /* a zeroed LoraConfig is allowed */

/* The kind of the adapter in `dir`, of which nothing else is read. */
Status lora_config_kind(const char *dir, ExpertKind *kind, Error *err);
/* STATUS_INPUT unless it is an adapter of that kind. */
Status lora_config_require(const LoraConfig *config, ExpertKind kind, Error *err);

/* Rank (0: not said) and alpha of the module of that name. Like all that follows these fail only
 * where a pattern
 * of the file takes more than its limits (name_pattern.h). */
Status lora_config_rank(const LoraConfig *config, const char *module, int64_t *rank, Error *err);
Status lora_config_alpha(const LoraConfig *config, const char *module, double *alpha, Error *err);

/* Whether target_modules and exclude_modules say that a module has factors; LORA_ALLOWED: they
 * leave it open. */
typedef enum LoraWant { LORA_FORBIDDEN, LORA_ALLOWED, LORA_DEMANDED } LoraWant;
Status lora_config_wants(const LoraConfig *config, const char *module, LoraWant *want, Error *err);
/* STATUS_MISMATCH unless it wants the module covered, or not covered, as the file of tensors `file`
 * has it. */
Status lora_config_check_covers(const LoraConfig *config, const char *module, bool covered,
                                const char *file, Error *err);

/* Whether feedforward_modules says that the inputs of a module are rescaled, and not its outputs. A
 * name in a list counts where the module's name ends in it, after a dot or not, as in PEFT. */
typedef enum FeedForward { FEEDFORWARD_UNSAID, FEEDFORWARD_NO, FEEDFORWARD_YES } FeedForward;
Status lora_config_feedforward(const LoraConfig *config, const char *module, FeedForward *said,
                               Error *err);

#endif
