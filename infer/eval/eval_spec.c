#include "infer/eval/eval_spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infer/eval/eval_internal.h"
#include "infer/eval/eval_keys.h"

#define COUNT_MOST    1e9
#define SIZE_MOST     1048576
#define SEED_MOST     9007199254740992.0 /* 2^53: what every JSON reader keeps exactly */
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One row of a table: key, type, field, default, bounds, choices, required, help. */
#define SETTING(field) offsetof(EvalSettings, field)

static const Option SETTINGS[] = {
    {"base", OPTION_PATH, SETTING(base), NULL, 0, 0, NULL, false,
     "Hugging Face T5 directory; unset: the pool's"},
    {"pool", OPTION_PATH, SETTING(pool), NULL, 0, 0, NULL, false,
     "pool of experts; only `base` does without"},
    {"output", OPTION_PATH, SETTING(output), "runs/eval", 0, 0, NULL, false,
     "directory of cells and tables; made if missing"},
    {"limit", OPTION_INT, SETTING(limit), "0", 0, COUNT_MOST, NULL, false,
     "items a task, the first of its file; 0: all"},
    {"threads", OPTION_INT, SETTING(threads), "2", 1, 256, NULL, false, "threads"},
    {"precision", OPTION_CHOICE, SETTING(precision), "f32", 0, 0, PRECISION_CHOICES, false,
     "of products with weights; bf16 is faster where the processor has it"},
    {"batch_tokens", OPTION_INT, SETTING(batch_tokens), "8192", 1, COUNT_MOST, NULL, false,
     "tokens in one forward; changes speed and memory"},
    {"max_input", OPTION_INT, SETTING(max_input), "512", 1, SIZE_MOST, NULL, false,
     "input tokens kept, EOS included"},
    {"max_target", OPTION_INT, SETTING(max_target), "512", 1, SIZE_MOST, NULL, false,
     "tokens of a choice kept, EOS included"},
    {"bootstrap.samples", OPTION_INT, SETTING(bootstrap_samples), "1000", 1, 1e7, NULL, false,
     "resamples of the items behind a 95 % interval"},
    {"bootstrap.seed", OPTION_INT, SETTING(bootstrap_seed), "1", 0, SEED_MOST, NULL, false,
     "seed of the resamples"},
    {"statistics", OPTION_BOOL, SETTING(statistics), "true", 0, 0, NULL, false,
     "keep the routing statistics of routed cells"},
};

Status eval_settings_init(OptionSet *set, EvalSettings *settings, Error *err) {
  *settings = (EvalSettings){0};
  return options_init(set, SETTINGS, LENGTH(SETTINGS), settings, err);
}

static Status read_settings(EvalSpec *spec, const char *const *assignment, int assignments,
                            bool axes, Error *err) {
  static const char *const BESIDE[] = {"tasks", "methods", "task_defaults", "axes", "grid"};
  size_t beside = axes ? LENGTH(BESIDE) : 3;
  TRY(eval_settings_init(&spec->set, &spec->settings, err));
  TRY(eval_read_mapping(&spec->set, spec->doc.root, BESIDE, beside, spec->doc.file, err));
  for (int i = 0; i < assignments; i++) TRY(options_assign(&spec->set, assignment[i], err));
  const EvalSettings *s = &spec->settings;
  if (!s->base && !s->pool) {
    return error_set(err, STATUS_USAGE, "%s: pool: is required (or `base` for the plain model)",
                     spec->doc.file);
  }
  if (!s->output) return error_set(err, STATUS_USAGE, "%s: output: is required", spec->doc.file);
  return STATUS_OK;
}

/* A file that is there and is no YAML is a wrong configuration, as for every other command. */
static Status read_file(JsonDoc *doc, const char *path, Error *err) {
  Error why = {0};
  if (yaml_parse_file(doc, path, &why) == STATUS_OK) return STATUS_OK;
  struct stat is;
  bool there = stat(path, &is) == 0 && S_ISREG(is.st_mode) && access(path, R_OK) == 0;
  return error_set(err, there ? STATUS_USAGE : why.status, "%s", why.text);
}

/* The file that `tasks` names, where it is not a list. */
static Status read_task_file(EvalSpec *spec, Error *err) {
  const char *path = json_string_value(json_object_get(spec->doc.root, "tasks"));
  if (!path) return STATUS_OK;
  if (!json_object_get(spec->doc.root, "task_defaults"))
    return read_file(&spec->task_doc, path, err);
  return error_set(err, STATUS_USAGE, "%s: task_defaults: belongs beside the list of tasks, in %s",
                   spec->doc.file, path);
}

Status eval_spec_read(EvalSpec *spec, const char *path, const char *const *assignment,
                      int assignments, bool axes, Error *err) {
  *spec = (EvalSpec){0};
  TRY(read_file(&spec->doc, path, err));
  TRY(read_settings(spec, assignment, assignments, axes, err));
  TRY(read_task_file(spec, err));
  TRY(eval_read_tasks(spec, err));
  return eval_read_methods(spec, err);
}

void eval_spec_free(EvalSpec *spec) {
  for (int i = 0; i < spec->tasks; i++) eval_task_free(&spec->task[i]);
  for (int i = 0; i < spec->methods; i++) eval_method_free(spec->method[i]);
  free(spec->task);
  free(spec->method);
  options_free(&spec->set);
  json_free(&spec->task_doc);
  json_free(&spec->doc);
  *spec = (EvalSpec){0};
}

int eval_spec_groups(const EvalSpec *spec, const char **group) {
  int groups = 0;
  for (int i = 0; i < spec->tasks; i++) {
    int g = 0;
    while (g < groups && strcmp(group[g], spec->task[i].group) != 0) g++;
    if (g == groups) group[groups++] = spec->task[i].group;
  }
  return groups;
}

int64_t eval_task_limit(const EvalSpec *spec, const EvalTask *task, int64_t count) {
  int64_t limit = task->limit ? task->limit : spec->settings.limit;
  return limit && limit < count ? limit : count;
}
