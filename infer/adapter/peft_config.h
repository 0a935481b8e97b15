/* peft_config: adapter_config.json of a PEFT LoRA or (IA)3.
 *
 * The room infer/adapter owns the kinds of adapters: their files, as PEFT and T-Few write them, and their
 * values. It knows the linears of a model as Modules. What an expert is beside its adapter, and which kind it
 * has, is infer/expert's: others use expert.h.
 *
 *   ON DISK                              READ BY             IN MEMORY
 *   adapter_config.json (PEFT)           peft_config.h       PeftConfig
 *   adapter_model.safetensors or .bin    lora_file.h         LoraFile: mapped, checked, unread
 *                                        ia3_file.h          Ia3File: the same
 *   finish.pt (T-Few)                    tfew_file.h         an Ia3File, too
 *                                        lora.h              Lora: a LoraFactor a linear, in f32
 *                                        ia3.h               Ia3: a vector a linear, in f32 */
#ifndef SKEIN_PEFT_CONFIG_H
#define SKEIN_PEFT_CONFIG_H

#include "data/text/json.h"
#include "infer/adapter/name_pattern.h"
#include "infer/adapter/peft_type.h"

/* One entry of rank_pattern or alpha_pattern. */
typedef struct PeftRule {
  NamePattern pattern;
  double value;
} PeftRule;

typedef struct PeftRules {
  PeftRule *rule; /* in file order: the first that matches counts */
  size_t count;
} PeftRules;

/* target_modules, exclude_modules or feedforward_modules. */
typedef struct PeftModules {
  enum { MODULES_UNSAID, MODULES_ALL, MODULES_LISTED, MODULES_PATTERN } kind;
  json_t *list; /* MODULES_LISTED: full names or suffixes after a dot */
  NamePattern pattern;
} PeftModules;

enum { PEFT_NOTES = 5 };

typedef struct PeftConfig {
  char *path;
  JsonDoc doc;
  PeftType kind; /* peft_type */
  int64_t rank;  /* of a LoRA, as are alpha, rslora and the rules; 0: not said */
  double alpha;
  bool rslora;
  const char *base_name; /* "" when the file does not say */
  PeftRules ranks, alphas;
  PeftModules targets, excluded;
  PeftModules feedforward;      /* of an (IA)3 */
  bool some_layers;             /* layers_to_transform: declared modules may have no factors */
  bool encoder_alone;           /* trained on a T5EncoderModel: so may those of a decoder */
  const char *note[PEFT_NOTES]; /* what was taken for something else, or from elsewhere */
  int notes;
  char *passed; /* one of them: the keys that are not known */
} PeftConfig;

/* Reads `<dir>/adapter_config.json`. Keys that would change the arithmetic and are not supported, or
 * are not known, are STATUS_INPUT by name (peft_keys.h). lora_alpha defaults as in PEFT; without r
 * the factors say their rank. Free with peft_config_free, also after failure. */
Status peft_config_read(PeftConfig *config, const char *dir, Error *err);
void peft_config_free(PeftConfig *config); /* a zeroed PeftConfig is allowed */

/* The kind of the adapter in `dir`, of which nothing else is read. */
Status peft_config_kind(const char *dir, PeftType *kind, Error *err);
/* STATUS_INPUT unless it is an adapter of that kind. */
Status peft_config_require(const PeftConfig *config, PeftType kind, Error *err);

/* Rank (0: not said) and alpha of the module of that name. Like all that follows these fail only
 * where a pattern
 * of the file takes more than its limits (name_pattern.h). */
Status peft_config_rank(const PeftConfig *config, const char *module, int64_t *rank, Error *err);
Status peft_config_alpha(const PeftConfig *config, const char *module, double *alpha, Error *err);

/* Whether target_modules and exclude_modules say that a module has factors; PEFT_ALLOWED: they
 * leave it open. */
typedef enum PeftWant { PEFT_FORBIDDEN, PEFT_ALLOWED, PEFT_DEMANDED } PeftWant;
Status peft_config_wants(const PeftConfig *config, const char *module, PeftWant *want, Error *err);
/* STATUS_MISMATCH unless it wants the module covered, or not covered, as the file of tensors `file`
 * has it. */
Status peft_config_check_covers(const PeftConfig *config, const char *module, bool covered,
                                const char *file, Error *err);

/* Whether feedforward_modules says that the inputs of a module are rescaled, and not its outputs. A
 * name in a list counts where the module's name ends in it, after a dot or not, as in PEFT. */
typedef enum FeedForward { FEEDFORWARD_UNSAID, FEEDFORWARD_NO, FEEDFORWARD_YES } FeedForward;
Status peft_config_feedforward(const PeftConfig *config, const char *module, FeedForward *said,
                               Error *err);

#endif
