#include "train/run_settings.h"

#include <string.h>

#include "train/objective.h"

const char *recipe_name(int recipe) {
  static const char *const NAMES[] = {"custom", "phatgoose", "glider", "mttl", "t-few"};
  return NAMES[recipe];
}

Status settings_init(OptionSet *set, RunSettings *settings, const ObjectiveKind *objective,
                     Error *err) {
  *settings = (RunSettings){.objective = objective};
  return options_init(set, objective->option, objective->options, settings, err);
}

static Status preset_row(OptionSet *set, const RecipeRow *row, Error *err) {
  TRY(options_preset(set, "train.steps", row->steps, err));
  TRY(options_preset(set, "train.learning_rate", row->learning_rate, err));
  TRY(options_preset(set, "train.schedule", row->schedule, err));
  TRY(options_preset(set, "train.warmup_ratio", row->warmup_ratio, err));
  TRY(options_preset(set, "train.weight_decay", "0.0", err));
  TRY(options_preset(set, "train.clip_norm", "1.0", err));
  TRY(options_preset(set, "train.batch_size", row->batch_size, err));
  for (const char *const *more = row->more; more && *more; more += 2)
    TRY(options_preset(set, more[0], more[1], err));
  return STATUS_OK;
}

static Status apply_recipe(OptionSet *set, const RunSettings *s, const char *name, Error *err) {
  const ObjectiveKind *kind = s->objective;
  if (s->recipe == RECIPE_CUSTOM) return STATUS_OK;
  for (size_t i = 0; i < kind->recipes; i++) {
    if ((int)kind->recipe[i].recipe == s->recipe) return preset_row(set, &kind->recipe[i], err);
  }
  return error_set(err, STATUS_USAGE,
                   "%s: recipe: '%s' says nothing about `train %s`; use custom and set train.*",
                   name, recipe_name(s->recipe), kind->name);
}

Status settings_finish(OptionSet *set, const char *name, Error *err) {
  TRY(options_check_required(set, name, err));
  TRY(options_check_paths(set, err));
  return apply_recipe(set, set->settings, name, err);
}

/* Settings that do not change what a run computes are no part of its identity. */
static bool is_bound(const char *key, const void *arg) {
  static const char *const FREE[] = {
      "base",   "expert",          "data.train", "data.valid",      "data.mixture_cap",
      "output", "model.tokenizer", "threads",    "train.recompute", "train.save_every",
      "pool"};
  (void)arg;
  for (size_t i = 0; i < sizeof FREE / sizeof *FREE; i++) {
    if (strcmp(key, FREE[i]) == 0) return false;
  }
  return true;
}

char *settings_identity(const OptionSet *set) {
  return options_lines(set, is_bound, NULL);
}
