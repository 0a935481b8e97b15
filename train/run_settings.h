/* run_settings: every setting of `skein train`, from one table an objective
 * (data/options/options.h). */
#ifndef SKEIN_RUN_SETTINGS_H
#define SKEIN_RUN_SETTINGS_H

#include <stdint.h>

#include "data/options/options.h"
#include "infer/expert/gate_maker.h"

typedef struct ObjectiveKind ObjectiveKind; /* train/objective.h */

typedef enum Recipe {
  RECIPE_CUSTOM,
  RECIPE_PHATGOOSE,
  RECIPE_GLIDER,
  RECIPE_MTTL,
  RECIPE_TFEW,
} Recipe;

/* What a recipe says of an objective, as the texts of its settings; weight decay is 0 and the
 * clipping norm 1 in all of them. There is no row for an objective that its authors did not train
 * that way. */
typedef struct RecipeRow {
  Recipe recipe;
  const char *steps, *learning_rate, *schedule, *warmup_ratio, *batch_size;
  const char *const *more; /* other keys and their values in turn, then NULL; NULL: none */
} RecipeRow;

typedef struct DataSettings {
  char *train, *valid; /* JSONL paths (data/options/path_list.h); valid may be NULL */
  int64_t mixture_cap; /* the most of a file that an epoch draws; 0: all */
  char *input_key, *target_key, *text_key, *choices_key, *label_key;
  int64_t max_input, max_target; /* tokens, EOS included */
} DataSettings;

typedef enum RunOptimizer { RUN_ADAMW, RUN_ADAFACTOR } RunOptimizer;

typedef struct TrainSettings {
  int64_t steps, batch_size, max_tokens;
  double learning_rate;
  int schedule; /* ScheduleKind */
  double warmup_ratio, beta2, weight_decay, clip_norm;
  int64_t seed;
  bool shuffle, recompute;
  int precision; /* Precision, of products with frozen weights */
  int64_t eval_every, eval_examples, patience, save_every;
  int optimizer; /* RunOptimizer */
  bool scale_parameter;
} TrainSettings;

typedef struct LoraSettings {
  int64_t rank;
  double alpha;
  char *targets;
  int dtype; /* Dtype of the saved factors */
} LoraSettings;

typedef struct Ia3Settings {
  char *targets, *feedforward;
  int dtype; /* Dtype of the saved vectors */
} Ia3Settings;

/* Weights of the losses of T-Few. */
typedef struct LossSettings {
  double language, choice, unlikely, length_norm;
  bool count_masked;
} LossSettings;

typedef struct ModelSettings {
  char *shape;     /* t5_config_named */
  char *tokenizer; /* file to use; NULL: train one on data.train */
  int64_t pieces;  /* of the tokenizer that is trained */
  int64_t vocab_size;
  int64_t d_model, d_kv, heads, d_ff, encoder_layers, decoder_layers; /* 0: as the shape says */
  double embedding_std, position_std;
  int dtype; /* Dtype of the saved weights */
} ModelSettings;

typedef struct CorruptionSettings {
  double rate, mean_span, target_rate;
} CorruptionSettings;

typedef struct RunSettings {
  const ObjectiveKind *objective;
  char *base, *expert, *output;
  int recipe; /* Recipe */
  int64_t threads;
  DataSettings data;
  TrainSettings train;
  LoraSettings lora;
  Ia3Settings ia3;
  LossSettings loss;
  ModelSettings model;
  CorruptionSettings corruption;
  GateMaker maker; /* no option: of whose gates a run is, which their file says */
} RunSettings;

/* "custom", "phatgoose", "glider", "mttl", "t-few". */
const char *recipe_name(int recipe);

/* Fills *settings with the defaults of the objective. Free with options_free. */
Status settings_init(OptionSet *set, RunSettings *settings, const ObjectiveKind *objective,
                     Error *err);

/* After all sources are read: every required key is there, and the recipe is applied to what is
 * still at its default. `name` stands for the file. */
Status settings_finish(OptionSet *set, const char *name, Error *err);

/* The settings that decide the result, one "key=value" line each: the identity of a run. Paths are
 * left out (the hashes of what they name, and of how much is drawn of each, are compared instead),
 * and so is what does not change a
 * bit of the result: threads, recomputation, how often to save. The caller frees; NULL when out of
 * memory. */
char *settings_identity(const OptionSet *set);

#endif
