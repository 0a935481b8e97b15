#include "train/run_settings.h"

#include <string.h>

/* One row of the option table: key, type, field, default, bounds, choices, required, help. */
#define FIELD(path) offsetof(RunSettings, path)
#define PATH(key, path, must, help) \
  { key, OPTION_PATH, FIELD(path), NULL, 0, 0, NULL, must, help }
#define TEXT(key, path, initial, help) \
  { key, OPTION_STRING, FIELD(path), initial, 0, 0, NULL, false, help }
#define INT(key, path, initial, min, max, help) \
  { key, OPTION_INT, FIELD(path), initial, min, max, NULL, false, help }
#define REAL(key, path, initial, min, max, help) \
  { key, OPTION_REAL, FIELD(path), initial, min, max, NULL, false, help }
#define BOOL(key, path, initial, help) \
  { key, OPTION_BOOL, FIELD(path), initial, 0, 0, NULL, false, help }
#define CHOICE(key, path, initial, choices, help) \
  { key, OPTION_CHOICE, FIELD(path), initial, 0, 0, choices, false, help }
#define LIST(key, path, initial, help) \
  { key, OPTION_LIST, FIELD(path), initial, 0, 0, NULL, false, help }

#define SIZE_MOST  1048576
#define COUNT_MOST 1e9
#define SEED_MOST  9007199254740992.0 /* 2^53: what every JSON reader keeps exactly */

/* clang-format off: a table */
#define DATA_OPTIONS                                                                     \
  PATH("data.train", data.train, true, "training examples, JSONL or JSONL.zst"),         \
      PATH("data.valid", data.valid, false,                                              \
           "validation examples; without them the last step is the result"),             \
      TEXT("data.input_key", data.input_key, "input", "JSON key of the input text"),     \
      TEXT("data.target_key", data.target_key, "target", "JSON key of the target text"), \
      INT("data.max_input", data.max_input, "512", 1, SIZE_MOST,                         \
          "input tokens kept, EOS included"),                                            \
      INT("data.max_target", data.max_target, "512", 1, SIZE_MOST,                       \
          "target tokens kept, EOS included")

#define RUN_OPTIONS                                                      \
  PATH("output", output, true, "directory of the run; made if missing"), \
      CHOICE("recipe", recipe, "custom", "custom|phatgoose|glider|mttl", \
             "named set of train.* values; what you set yourself wins"), \
      INT("threads", threads, "2", 1, 256, "threads; changes speed, not one bit of the result")

#define TRAIN_OPTIONS                                                                             \
  INT("train.steps", train.steps, "100", 0, COUNT_MOST, "optimizer steps"),                       \
      INT("train.batch_size", train.batch_size, "1024", 1, 1e7, "examples an optimizer step"),    \
      INT("train.max_tokens", train.max_tokens, "8192", 1, COUNT_MOST,                            \
          "tokens a micro-batch (inputs + targets); changes memory, not the batch"),              \
      REAL("train.learning_rate", train.learning_rate, "5.0e-3", 0, 1e3, "peak learning rate"),   \
      CHOICE("train.schedule", train.schedule, "constant", "constant|linear|cosine",              \
             "learning rate after warm-up"),                                                      \
      REAL("train.warmup_ratio", train.warmup_ratio, "0.06", 0, 1,                                \
           "share of the steps that warm up"),                                                    \
      REAL("train.beta2", train.beta2, "0.999", 0.5, 0.999999, "decay of AdamW's second moment"), \
      REAL("train.weight_decay", train.weight_decay, "0.0", 0, 1e3, "decoupled weight decay"),    \
      REAL("train.clip_norm", train.clip_norm, "1.0", 0, 1e9,                                     \
           "global gradient norm; 0: no clipping"),                                               \
      INT("train.seed", train.seed, "42", 0, SEED_MOST,                                           \
          "seed of shuffling, noise and initial values"),                                         \
      BOOL("train.shuffle", train.shuffle, "true", "false keeps file order"),                     \
      BOOL("train.recompute", train.recompute, "false",                                           \
           "keep block inputs only, recompute blocks in backward: less memory, same bits"),       \
      CHOICE("train.precision", train.precision, "f32", PRECISION_CHOICES,                        \
             "of products with frozen weights; bf16 is faster where the processor has it"),       \
      INT("train.eval_every", train.eval_every, "20", 0, COUNT_MOST,                              \
          "steps between validations; 0: only at the end"),                                       \
      INT("train.eval_examples", train.eval_examples, "0", 0, COUNT_MOST,                         \
          "validation examples used; 0: all"),                                                    \
      INT("train.patience", train.patience, "0", 0, COUNT_MOST,                                   \
          "stop after so many validations without improvement; 0: never"),                        \
      INT("train.save_every", train.save_every, "10", 1, COUNT_MOST, "steps between checkpoints")

static const Option GATE_OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    PATH("expert", expert, true, "PEFT LoRA directory trained on that base"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

static const Option LORA_OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    INT("lora.rank", lora.rank, "16", 1, SIZE_MOST, "rank r of the factors"),
    REAL("lora.alpha", lora.alpha, "1", 0, 1e6, "the update is scaled by alpha / r"),
    LIST("lora.targets", lora.targets, "all-linear", "all-linear, or a list such as [q, v]"),
    CHOICE("lora.dtype", lora.dtype, "f32", "f32|f16|bf16", "storage of the saved factors"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

static const Option BASE_OPTIONS[] = {
    TEXT("model.shape", model.shape, "demo", "named shape: demo, t5-small, t5-v1_1-base, ..."),
    PATH("model.tokenizer", model.tokenizer, false,
         "spiece.model to use; without it one is trained"),
    INT("model.pieces", model.pieces, "2000", 16, SIZE_MOST,
        "pieces of the tokenizer that is trained"),
    INT("model.vocab_size", model.vocab_size, "0", 0, 1 << 24,
        "rows of the embedding; 0: what the tokenizer needs"),
    INT("model.d_model", model.d_model, "0", 0, SIZE_MOST,
        "width; 0: as the shape says (so below)"),
    INT("model.d_kv", model.d_kv, "0", 0, SIZE_MOST, "width of a head"),
    INT("model.heads", model.heads, "0", 0, SIZE_MOST, "attention heads"),
    INT("model.d_ff", model.d_ff, "0", 0, SIZE_MOST, "width of the feed-forward"),
    INT("model.encoder_layers", model.encoder_layers, "0", 0, 1024, "encoder blocks"),
    INT("model.decoder_layers", model.decoder_layers, "0", 0, 1024, "decoder blocks"),
    REAL("model.embedding_std", model.embedding_std, "1.0", 1e-6, 100,
         "spread of the initial embedding and head; smaller is learnt away sooner"),
    REAL("model.position_std", model.position_std, "0", 0, 100,
         "spread of the initial position biases; 0: d_model^-1/2; large: copying is learnt sooner"),
    CHOICE("model.dtype", model.dtype, "f32", "f32|f16|bf16", "storage of the saved weights"),
    REAL("corruption.rate", corruption.rate, "0.15", 0.01, 0.9, "share of tokens in noise spans"),
    REAL("corruption.mean_span", corruption.mean_span, "3", 1, 100,
         "mean length of a noise span, tokens"),
    REAL("corruption.target_rate", corruption.target_rate, "0.5", 0, 1,
         "share of examples whose target (or end) is denoised instead"),
    TEXT("data.text_key", data.text_key, "text",
         "JSON key of raw text, for lines without input and target"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

/* What the recipes say (methods.md 1.3, 1.4, 2.5, 5.1). A recipe has no row for an objective that
 * its authors did not train that way. */
typedef struct Preset {
  Recipe recipe;
  ObjectiveKind objective;
  const char *steps, *learning_rate, *schedule, *warmup_ratio, *batch_size;
} Preset;

static const Preset PRESETS[] = {
    {RECIPE_PHATGOOSE, OBJECTIVE_GATE, "100", "5e-3", "constant", "0.06", "1024"},
    {RECIPE_PHATGOOSE, OBJECTIVE_LORA, "1000", "5e-3", "constant", "0.06", "1024"},
    {RECIPE_GLIDER, OBJECTIVE_GATE, "200", "3e-3", "linear", "0.02", "128"},
    {RECIPE_GLIDER, OBJECTIVE_LORA, "1500", "3e-3", "linear", "0.02", "128"},
    {RECIPE_MTTL, OBJECTIVE_GATE, "100", "1e-3", "constant", "0.1", "4"},
};
/* clang-format on */

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *objective_name(ObjectiveKind kind) {
  static const char *const NAMES[] = {"gate", "lora", "base"};
  return NAMES[kind];
}

const char *recipe_name(int recipe) {
  static const char *const NAMES[] = {"custom", "phatgoose", "glider", "mttl"};
  return NAMES[recipe];
}

Status settings_init(OptionSet *set, RunSettings *settings, ObjectiveKind objective, Error *err) {
  *settings = (RunSettings){.objective = objective};
  switch (objective) {
    case OBJECTIVE_GATE:
      return options_init(set, GATE_OPTIONS, LENGTH(GATE_OPTIONS), settings, err);
    case OBJECTIVE_LORA:
      return options_init(set, LORA_OPTIONS, LENGTH(LORA_OPTIONS), settings, err);
    default:
      return options_init(set, BASE_OPTIONS, LENGTH(BASE_OPTIONS), settings, err);
  }
}

static Status apply_recipe(OptionSet *set, const RunSettings *s, const char *name, Error *err) {
  if (s->recipe == RECIPE_CUSTOM) return STATUS_OK;
  for (size_t i = 0; i < LENGTH(PRESETS); i++) {
    const Preset *p = &PRESETS[i];
    if ((int)p->recipe != s->recipe || p->objective != s->objective) continue;
    TRY(options_preset(set, "train.steps", p->steps, err));
    TRY(options_preset(set, "train.learning_rate", p->learning_rate, err));
    TRY(options_preset(set, "train.schedule", p->schedule, err));
    TRY(options_preset(set, "train.warmup_ratio", p->warmup_ratio, err));
    TRY(options_preset(set, "train.weight_decay", "0.0", err));
    TRY(options_preset(set, "train.clip_norm", "1.0", err));
    return options_preset(set, "train.batch_size", p->batch_size, err);
  }
  return error_set(err, STATUS_USAGE,
                   "%s: recipe: '%s' says nothing about `train %s`; use custom and set train.*",
                   name, recipe_name(s->recipe), objective_name(s->objective));
}

Status settings_finish(OptionSet *set, const char *name, Error *err) {
  TRY(options_check_required(set, name, err));
  return apply_recipe(set, set->settings, name, err);
}

static bool is_bound(const char *key, const void *arg) {
  static const char *const FREE[] = {"base",       "expert",          "data.train",
                                     "data.valid", "output",          "model.tokenizer",
                                     "threads",    "train.recompute", "train.save_every"};
  (void)arg;
  for (size_t i = 0; i < LENGTH(FREE); i++) {
    if (strcmp(key, FREE[i]) == 0) return false;
  }
  return true;
}

char *settings_identity(const OptionSet *set) {
  return options_lines(set, is_bound, NULL);
}
