/* run_options: rows of the settings tables of objectives (run_settings.h), for the files that
 * define one. Included nowhere else: its short names are for tables. */
#ifndef SKEIN_RUN_OPTIONS_H
#define SKEIN_RUN_OPTIONS_H

#include "autograd/tensor.h"
#include "train/option_rows.h"
#include "train/run_settings.h"

#define FIELD(path) offsetof(RunSettings, path)

#define RECIPE_CHOICES "custom|phatgoose|glider|mttl|t-few"

/* clang-format off: a table */
#define DATA_OPTIONS                                                                    \
  PATHS("data.train", data.train, true,                                                 \
        "training examples, JSONL or JSONL.zst; [FILE, ...] are drawn together, "       \
        "[{file: FILE, weight: NUMBER}, ...] in these proportions"),                    \
      INT("data.mixture_cap", data.mixture_cap, "0", 0, COUNT_MOST,                     \
          "examples that an epoch draws of a file at most, as T5 mixes tasks; 0: all"), \
      PATHS("data.valid", data.valid, false,                                            \
            "validation examples; without them the last step is the result"),           \
      EXAMPLE_OPTIONS

#define RUN_OPTIONS                                                        \
  OUTPUT("output", output, true, "directory of the run; made if missing"), \
      CHOICE("recipe", recipe, "custom", RECIPE_CHOICES,                   \
             "named set of train.* values; what you set yourself wins"),   \
      THREADS_OPTION

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
      INT("train.seed", train.seed, "42", 0, OPTION_INT_MOST,                                     \
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
/* clang-format on */

#endif
