#include "infer/eval/eval_spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "infer/eval/eval_lists.h"
#include "infer/instruct/instructions.h"
#include "infer/route/route_labels.h"

enum { BYTES_MOST = 16 << 20 }; /* of a file: tasks may be many */

#define COUNT_MOST    1e9
#define SIZE_MOST     1048576
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One row of a table: key, type, field, default, bounds, choices, required, help. */
#define SETTING(field) offsetof(EvalSettings, field)

static const Option SETTINGS[] = {
    {"base", OPTION_PATH, SETTING(base), NULL, 0, 0, NULL, false,
     "Hugging Face T5 directory; unset: the pool's"},
    {"pool", OPTION_PATH, SETTING(pool), NULL, 0, 0, NULL, false,
     "pool of experts; only `base` does without"},
    {"output", OPTION_OUTPUT, SETTING(output), "runs/eval", 0, 0, NULL, false,
     "directory of cells and tables; made if missing"},
    {"instructions", OPTION_PATH, SETTING(instructions), NULL, 0, 0, NULL, false,
     "file of `skein instruct`: of tasks without an instruction, by their names"},
    {"limit", OPTION_INT, SETTING(limit), "0", 0, COUNT_MOST, NULL, false,
     "items a task, a sample of its file; 0: all"},
    {"sample.rule", OPTION_CHOICE, SETTING(sample_rule), "random", 0, 0, "random|first", false,
     "which items a limit keeps: drawn at random, in the order of the file; or its first"},
    {"sample.seed", OPTION_INT, SETTING(sample_seed), "1", 0, OPTION_INT_MOST, NULL, false,
     "seed of the sample"},
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
    {"bootstrap.seed", OPTION_INT, SETTING(bootstrap_seed), "1", 0, OPTION_INT_MOST, NULL, false,
     "seed of the resamples"},
    {"tables_by", OPTION_STRING, SETTING(tables_by), NULL, 0, 0, NULL, false,
     "a label of methods (input, selection, ...; see skein methods): a table for each of its "
     "values"},
    {"strict", OPTION_BOOL, SETTING(strict), "false", 0, 0, NULL, false,
     "refuse a file with an item that cannot be asked or judged, instead of leaving it out"},
    {"verify", OPTION_BOOL, SETTING(verify), "true", 0, 0, NULL, false,
     "compare the pool's files with pool.yaml; without it no finished cell is taken over"},
    {"statistics", OPTION_BOOL, SETTING(statistics), "true", 0, 0, NULL, false,
     "keep the routing statistics of routed cells"},
    {"require_provenance", OPTION_BOOL, SETTING(require_provenance), "false", 0, 0, NULL, false,
     "refuse a pool with gates that do not say which base and expert they are of"},
};

Status eval_settings_init(OptionSet *set, EvalSettings *settings, Error *err) {
  *settings = (EvalSettings){0};
  return options_init(set, SETTINGS, LENGTH(SETTINGS), settings, err);
}

static Status check_label(const EvalSpec *spec, Error *err) {
  const char *known[ROUTE_LABELS], *name = spec->settings.tables_by;
  if (!name || route_label_find(name) >= 0) return STATUS_OK;
  for (int i = 0; i < ROUTE_LABELS; i++) known[i] = route_label_name(i);
  return yaml_refuse(&spec->tree, yaml_find(spec->tree.root, "tables_by"), err,
                     "tables_by: '%.40s' is no label of methods (skein methods --help names "
                     "them)%s",
                     name, nearest_hint(name, known, ROUTE_LABELS).text);
}

static Status read_settings(EvalSpec *spec, const char *const *assignment, int assignments,
                            bool axes, Error *err) {
  static const char *const BESIDE[] = {"tasks", "methods", "task_defaults", NULL};
  static const char *const WITH_AXES[] = {"tasks", "methods", "task_defaults",
                                          "axes",  "grid",    NULL};
  const YamlTree *tree = &spec->tree;
  const YamlNode *stray = axes ? NULL : yaml_find(tree->root, "axes");
  TRY(eval_settings_init(&spec->set, &spec->settings, err));
  if (stray) {
    return yaml_refuse(tree, stray->key, err, "axes: are of an ablation: skein ablate -c %s",
                       tree->file);
  }
  TRY(options_read_mapping(&spec->set, tree, tree->root, axes ? WITH_AXES : BESIDE, err));
  for (int i = 0; i < assignments; i++) TRY(options_assign(&spec->set, assignment[i], err));
  const EvalSettings *s = &spec->settings;
  if (!s->base && !s->pool) {
    return yaml_refuse(tree, NULL, err, "pool: is required (or `base` for the plain model)");
  }
  if (!s->output) return yaml_refuse(tree, NULL, err, "output: is required");
  return check_label(spec, err);
}

static Status read_tree(YamlTree *tree, const char *path, Error *err) {
  return yaml_tree_read(tree, path, BYTES_MOST, STATUS_USAGE, err);
}

/* The file that `tasks` names, where it is not a list. */
static Status read_task_file(EvalSpec *spec, Error *err) {
  const YamlNode *tasks = yaml_find(spec->tree.root, "tasks");
  const YamlNode *defaults = yaml_find(spec->tree.root, "task_defaults");
  if (!tasks || tasks->kind != YAML_TEXT || !*tasks->text) return STATUS_OK;
  if (defaults) {
    return yaml_refuse(&spec->tree, defaults->key, err,
                       "task_defaults: belongs beside the list of tasks, in %s", tasks->text);
  }
  spec->task_file = path_search(spec->tree.file, tasks->text, &spec->task_found);
  if (!spec->task_file) return error_set(err, STATUS_RUN, "%s: out of memory", spec->tree.file);
  if (spec->task_found != PATH_NOWHERE) return read_tree(&spec->task_tree, spec->task_file, err);
  return error_set(err, STATUS_INPUT,
                   "%s: tasks: '%s' is neither beside the file nor in the working directory",
                   yaml_place(&spec->tree, tasks).text, tasks->text);
}

static Status give_instruction(const EvalSpec *spec, EvalTask *task, const Instructions *all,
                               Error *err) {
  const TextPlace place = eval_task_place(spec, task);
  const Instruction *found = instructions_find(all, task->name);
  if (found) return options_put(&task->set, "instruction", found->text, place.text, err);
  return error_set(err, STATUS_USAGE,
                   "%s: instruction: is missing, and %s has none of the name '%s'", place.text,
                   spec->settings.instructions, task->name);
}

/* Tasks without an instruction have that of their name in the file of `instructions`. */
static Status give_instructions(EvalSpec *spec, Error *err) {
  Instructions all;
  if (!spec->settings.instructions) return STATUS_OK;
  TRY(instructions_read(&all, spec->settings.instructions, err));
  Status status = STATUS_OK;
  for (int i = 0; i < spec->tasks && status == STATUS_OK; i++)
    if (!spec->task[i].instruction) status = give_instruction(spec, &spec->task[i], &all, err);
  instructions_free(&all);
  return status;
}

Status eval_spec_read(EvalSpec *spec, const char *path, const char *const *assignment,
                      int assignments, bool axes, Error *err) {
  *spec = (EvalSpec){0};
  TRY(read_tree(&spec->tree, path, err));
  TRY(read_settings(spec, assignment, assignments, axes, err));
  TRY(read_task_file(spec, err));
  TRY(eval_read_tasks(spec, err));
  TRY(give_instructions(spec, err));
  return eval_read_methods(spec, err);
}

void eval_spec_free(EvalSpec *spec) {
  for (int i = 0; i < spec->tasks; i++) eval_task_free(&spec->task[i]);
  for (int i = 0; i < spec->methods; i++) eval_method_free(spec->method[i]);
  free(spec->task);
  free(spec->method);
  options_free(&spec->set);
  yaml_tree_free(&spec->task_tree);
  yaml_tree_free(&spec->tree);
  free(spec->task_file);
  *spec = (EvalSpec){0};
}

Status eval_spec_check_paths(const EvalSpec *spec, Error *err) {
  TRY(options_check_paths(&spec->set, err));
  for (int i = 0; i < spec->methods; i++) TRY(options_check_paths(&spec->method[i]->set, err));
  for (int i = 0; i < spec->tasks; i++) TRY(options_check_paths(&spec->task[i].set, err));
  return STATUS_OK;
}

void eval_spec_tell_paths(const EvalSpec *spec, PathSay *say) {
  PathNotes notes = {0}, of_tasks = {0}, *tasks = spec->task_file ? &of_tasks : &notes;
  path_notes_add(&notes, &spec->set);
  if (spec->task_file) path_notes_count(&notes, "tasks", spec->task_file, spec->task_found);
  for (int i = 0; i < spec->methods; i++) path_notes_add(&notes, &spec->method[i]->set);
  for (int i = 0; i < spec->tasks; i++) path_notes_add(tasks, &spec->task[i].set);
  path_notes_tell(&notes, spec->tree.file, say);
  if (spec->task_file) path_notes_tell(&of_tasks, spec->task_file, say);
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

bool eval_task_in(const EvalTask *task, const char *group) {
  return !group || strcmp(task->group, group) == 0;
}

int64_t eval_task_limit(const EvalSpec *spec, const EvalTask *task, int64_t count) {
  int64_t limit = task->limit ? task->limit : spec->settings.limit;
  return limit && limit < count ? limit : count;
}

TextPlace eval_method_place(const EvalSpec *spec, const EvalMethod *method) {
  return yaml_place(&spec->tree, method->at);
}
