#include "tools/cmd/train_activation.h"

#include <inttypes.h>

#include "data/options/options_paths.h"
#include "tools/shell/console.h"
#include "train/activation.h"

typedef struct Watching {
  Progress progress;
  bool begun;
} Watching;

static void on_seen(void *arg, int64_t examples, int64_t of) {
  Watching *w = arg;
  if (!w->begun) console_progress_begin(&w->progress, "train activation", 0, of);
  w->begun = true;
  console_progress_update(&w->progress, examples, "examples");
}

static void on_note(void *arg, const char *line) {
  Watching *w = arg;
  console_note(&w->progress, "%s", line);
}

static Status read_settings(OptionSet *set, const char *config, const char *const *assignment,
                            int assignments, Error *err) {
  if (config) TRY(options_read_file(set, config, err));
  for (int i = 0; i < assignments; i++) TRY(options_assign(set, assignment[i], err));
  TRY(options_check_required(set, config ? config : "command line", err));
  TRY(options_check_paths(set, err));
  if (config) options_tell_paths(set, config, console_line);
  return STATUS_OK;
}

static Status run_activation(const ActivationSettings *s, const ActivationHow *how, Error *err) {
  Watching w = {0};
  ActivationWatch watch = {&w, on_seen, on_note};
  int64_t used;
  Status status = activation_run(s, how, &watch, &used, err);
  console_progress_end(&w.progress);
  TRY(status);
  console_say("%s/activation.safetensors: the mean inputs of the modules over %" PRId64 " examples",
              s->output, used);
  return STATUS_OK;
}

Status train_activation(const char *config, const char *const *assignment, int assignments,
                        const ActivationHow *how, Error *err) {
  ActivationSettings settings = {0};
  OptionSet set = {0};
  Status status = activation_settings_init(&set, &settings, err);
  if (status == STATUS_OK) status = read_settings(&set, config, assignment, assignments, err);
  if (status == STATUS_OK) status = run_activation(&settings, how, err);
  options_free(&set);
  return status;
}

void train_activation_settings(SettingsSeen *seen, void *arg) {
  ActivationSettings settings;
  OptionSet set = {0};
  if (activation_settings_init(&set, &settings, NULL) == STATUS_OK)
    seen(arg, "Settings of train activation", &set);
  options_free(&set);
}
