/* The tasks of an evaluation. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "infer/eval/eval_cell.h"
#include "infer/eval/eval_lists.h"
#include "infer/eval/eval_name.h"

#define COUNT_MOST    1e9
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TASK(field)   offsetof(EvalTask, field)

static const Option TASK_OPTIONS[] = {
    {"name", OPTION_STRING, TASK(name), NULL, 0, 0, NULL, true, "names the cells' files"},
    {"group", OPTION_STRING, TASK(group), "all", 0, 0, NULL, false,
     "tasks of a group share a table and a mean: held-in, held-out, ..."},
    {"file", OPTION_PATH, TASK(file), NULL, 0, 0, NULL, true, "the items"},
    {"valid", OPTION_PATH, TASK(valid), NULL, 0, 0, NULL, false,
     "other items of the same form, which methods with `choose` choose their setting on"},
    {"format", OPTION_CHOICE, TASK(format), "lines", 0, 0, "lines|bbh", false,
     "JSONL, plain or .zst; or BIG-bench Hard JSON"},
    {"kind", OPTION_CHOICE, TASK(kind), "choices", 0, 0, "choices|generation", false,
     "rank the choices of an item, or generate a text"},
    {"metrics", OPTION_LIST, TASK(metrics), NULL, 0, 0, NULL, false,
     "the first compares methods; unset: accuracy of choices, exact_match of texts"},
    {"expert", OPTION_STRING, TASK(expert), NULL, 0, 0, NULL, false,
     "the task's own expert in the pool: its oracle"},
    {"instruction", OPTION_STRING, TASK(instruction), NULL, 0, 0, NULL, false,
     "of items that have none; unset: then the input is the instruction"},
    {"limit", OPTION_INT, TASK(limit), "0", 0, COUNT_MOST, NULL, false,
     "items of this task; 0: as the evaluation's limit"},
    {"max_output", OPTION_INT, TASK(max_output), "32", 1, 65536, NULL, false,
     "tokens generated, EOS included"},
    {"beams", OPTION_INT, TASK(beams), "1", 1, 256, NULL, false, "of beam search; 1: greedy"},
    {"length_penalty", OPTION_REAL, TASK(length_penalty), "1.0", -10, 10, NULL, false,
     "of beam search: sum of log-likelihoods / length^penalty"},
    {"input_key", OPTION_STRING, TASK(input_key), "input", 0, 0, NULL, false,
     "JSON key of the input text"},
    {"target_key", OPTION_STRING, TASK(target_key), "target", 0, 0, NULL, false,
     "JSON key of the target text or texts"},
    {"choices_key", OPTION_STRING, TASK(choices_key), "choices", 0, 0, NULL, false,
     "JSON key of the choices"},
    {"label_key", OPTION_STRING, TASK(label_key), "label", 0, 0, NULL, false,
     "JSON key of the index of the right choice"},
    {"instruction_key", OPTION_STRING, TASK(instruction_key), "instruction", 0, 0, NULL, false,
     "JSON key of a line's own instruction"},
    {"choices_from_targets", OPTION_BOOL, TASK(choices_from_targets), "false", 0, 0, NULL, false,
     "the choices of an item without any are the distinct targets of its template or file"},
};

Status eval_task_init(EvalTask *task, Error *err) {
  *task = (EvalTask){0};
  return options_init(&task->set, TASK_OPTIONS, LENGTH(TASK_OPTIONS), task, err);
}

void eval_task_free(EvalTask *task) {
  options_free(&task->set);
}

/* ---- what is read from a text ---- */

/* What a metric compares is an index, or texts. */
static bool metric_fits(Metric m, int kind) {
  if (kind == TASK_GENERATION) return m != METRIC_ACCURACY;
  return m == METRIC_ACCURACY || m == METRIC_EXACT_MATCH || m == METRIC_EXACT_MATCH_MULTI;
}

static Status unknown_metric(const char *name, const char *place, Error *err) {
  const char *known[METRICS];
  for (int m = 0; m < METRICS; m++) known[m] = metric_name((Metric)m);
  return error_set(err, STATUS_USAGE, "%s: metrics: unknown metric '%.80s' (--help lists them)%s",
                   place, name, nearest_hint(name, known, METRICS).text);
}

static Status add_metric(EvalTask *task, const char *name, const char *place, Error *err) {
  int m = metric_find(name);
  if (m < 0) return unknown_metric(name, place, err);
  if (!metric_fits((Metric)m, task->kind)) {
    return error_set(err, STATUS_USAGE, "%s: metrics: %s is not of %s", place, name,
                     task->kind == TASK_CHOICES ? "choices; use accuracy, exact_match or "
                                                  "exact_match_multi"
                                                : "generation; use exact_match, squad_f1, rougeL "
                                                  "and the like");
  }
  for (int i = 0; i < task->metric_count; i++) {
    if ((int)task->metric[i] == m)
      return error_set(err, STATUS_USAGE, "%s: metrics: %s is there twice", place, name);
  }
  task->metric[task->metric_count++] = (Metric)m;
  return STATUS_OK;
}

static Status read_metrics(EvalTask *task, const char *place, Error *err) {
  if (!task->metrics)
    return add_metric(task, task->kind == TASK_CHOICES ? "accuracy" : "exact_match", place, err);
  for (const char *item = task->metrics; *item;) {
    size_t n = strcspn(item, ",");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)n, item);
    TRY(add_metric(task, name, place, err));
    item += n + (item[n] == ',');
  }
  return STATUS_OK;
}

static Status check_task_name(const EvalTask *task, const char *place, Error *err) {
  TRY(eval_check_name(task->name, place, err));
  if (strcmp(task->name, "mean") == 0)
    return error_set(err, STATUS_USAGE, "%s: name: 'mean' is what tables call a mean", place);
  size_t size = strlen(task->name), end = strlen(EVAL_ROUTING_END);
  if (size >= end && strcmp(task->name + size - end, EVAL_ROUTING_END) == 0)
    return error_set(err, STATUS_USAGE, "%s: name: may not end in %s", place, EVAL_ROUTING_END);
  return STATUS_OK;
}

/* ---- the list ---- */

/* The file with the list of tasks. */
static const YamlTree *task_tree(const EvalSpec *spec) {
  return spec->task_tree.file ? &spec->task_tree : &spec->tree;
}

static const YamlNode *task_defaults(const EvalSpec *spec) {
  return yaml_find(task_tree(spec)->root, "task_defaults");
}

TextPlace eval_task_place(const EvalSpec *spec, const EvalTask *task) {
  return yaml_place(task_tree(spec), task->at);
}

/* Where a key of a task is set: by itself, by the defaults, or nowhere, which is the task. */
static TextPlace key_place(const EvalSpec *spec, const EvalTask *task, const char *key) {
  const YamlNode *set = yaml_find(task->at, key);
  if (!set) set = yaml_find(task_defaults(spec), key);
  return yaml_place(task_tree(spec), set ? set : task->at);
}

static Status check_other_tasks(const EvalSpec *spec, const EvalTask *task, const char *place,
                                Error *err) {
  for (int i = 0; i < spec->tasks; i++) {
    if (strcmp(spec->task[i].name, task->name) == 0)
      return error_set(err, STATUS_USAGE, "%s: name: tasks[%d] is called '%s' too", place, i,
                       task->name);
  }
  return STATUS_OK;
}

static Status read_task(const EvalSpec *spec, EvalTask *task, const YamlNode *own, Error *err) {
  TRY(eval_task_init(task, err));
  task->at = own;
  TRY(options_read_mapping(&task->set, task_tree(spec), task_defaults(spec), NULL, err));
  TRY(options_read_mapping(&task->set, task_tree(spec), own, NULL, err));
  TRY(options_check_required(&task->set, eval_task_place(spec, task).text, err));
  const TextPlace name = key_place(spec, task, "name");
  TRY(check_task_name(task, name.text, err));
  if (!task->group) {
    return error_set(err, STATUS_USAGE, "%s: group: is empty", key_place(spec, task, "group").text);
  }
  TRY(read_metrics(task, key_place(spec, task, "metrics").text, err));
  return check_other_tasks(spec, task, name.text, err);
}

Status eval_read_tasks(EvalSpec *spec, Error *err) {
  const YamlTree *tree = task_tree(spec);
  const YamlNode *list = yaml_find(tree->root, "tasks");
  if (!list || list->kind != YAML_LIST || !list->first) {
    return yaml_refuse(tree, list, err, "tasks: want a list of tasks, not %s",
                       list && list->kind == YAML_LIST ? "an empty one" : yaml_kind(list));
  }
  spec->task = calloc(yaml_count(list), sizeof *spec->task);
  if (!spec->task) return error_set(err, STATUS_RUN, "%s: out of memory", tree->file);
  for (const YamlNode *own = list->first; own; own = own->next) {
    Status status = read_task(spec, &spec->task[spec->tasks], own, err);
    spec->tasks++;
    TRY(status);
  }
  return STATUS_OK;
}
