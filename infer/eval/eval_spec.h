/* eval_spec: what an evaluation is: tasks, methods and settings, from a YAML file.
 *
 *   KEY            VALUE
 *   (settings)     of eval_settings_init: base, pool, output, limit, ...
 *   task_defaults  mapping of eval_task_init: what tasks have that do not say otherwise
 *   tasks          list of mappings of eval_task_init, or the name of a file whose tasks (and
 *                  task_defaults) they are
 *   methods        list of names and of mappings of router settings (`skein help routers`)
 *   axes, grid     of `skein ablate` (infer/eval/eval_axes.h)
 *
 * A method is the name of a router with its default settings, `oracle`, `best-individual`, or a
 * mapping. A mapping with `choose: global.threshold` has its threshold chosen on the files `valid` of
 * the tasks (infer/eval/eval_valid.h). One with `expert` and without `router` is the router `expert`. */
#ifndef SKEIN_EVAL_SPEC_H
#define SKEIN_EVAL_SPEC_H

#include "data/examples/items.h"
#include "data/options/options_paths.h"
#include "data/options/options_yaml.h"
#include "infer/metric/metric.h"
#include "infer/route/route_method.h"

typedef enum TaskKind { TASK_CHOICES, TASK_GENERATION } TaskKind;

typedef struct EvalTask {
  char *name, *group, *file;
  char *valid; /* items that settings are chosen on (eval_valid.h); never scored */
  int format;  /* ItemFormat */
  int kind;    /* TaskKind */
  char *metrics, *expert, *instruction;
  int64_t limit, max_output, beams;
  double length_penalty;
  char *input_key, *target_key, *choices_key, *label_key, *instruction_key;
  bool choices_from_targets;
  OptionSet set;      /* over the fields above */
  const YamlNode *at; /* where the file says it */
  /* Read from `metrics`; the first is the one that methods are compared by. */
  Metric metric[METRICS];
  int metric_count;
} EvalTask;

typedef enum EvalRule {
  EVAL_ROUTED,          /* a router: its cells are computed */
  EVAL_ORACLE,          /* the task's own expert, else the best on the task by label */
  EVAL_BEST_INDIVIDUAL, /* the expert with the best mean over all tasks */
} EvalRule;

typedef struct EvalMethod {
  char *name;
  EvalRule rule;
  RouterSettings router; /* of EVAL_ROUTED */
  OptionSet set;         /* over `router` */
  const YamlNode *at;    /* where the file says it; NULL of what no file does */
  bool lowered;          /* its top_k is the default, lowered to the number of its experts */
  bool choose;           /* its threshold is chosen on validation items (eval_valid.h) */
  json_t *chosen;        /* what was chosen, as cells record it; owned; NULL: nothing */
  bool shown;            /* a row of the tables; false: computed for the choosing rules alone */
} EvalMethod;

typedef enum SampleRule { SAMPLE_RANDOM, SAMPLE_FIRST } SampleRule;

typedef struct EvalSettings {
  char *base, *pool, *output;
  char *instructions; /* file of tasks' instructions by name (infer/instruct/instructions.h) */
  int64_t limit, threads, batch_tokens, max_input, max_target;
  int sample_rule; /* SampleRule: which items `limit` keeps */
  int64_t sample_seed;
  int64_t bootstrap_samples, bootstrap_seed;
  bool statistics, strict, require_provenance;
  bool verify;     /* the pool's files are compared with its manifest */
  int precision;   /* Precision */
  char *tables_by; /* a label of methods (infer/route/route_labels.h); NULL: tables are whole */
} EvalSettings;

typedef struct EvalSpec {
  EvalSettings settings;
  OptionSet set; /* over `settings` */
  EvalTask *task;
  int tasks;
  EvalMethod **method; /* [methods], each owned */
  int methods;
  YamlTree tree;      /* the file */
  YamlTree task_tree; /* the file that `tasks` names; without a file where the list is in `tree` */
  char *task_file;    /* its path, owned; NULL where there is none */
  PathFound task_found;
} EvalSpec;

/* Reads a file and then "key=value" assignments of settings. Errors of what it says are
 * STATUS_USAGE and begin with file, line and column. `axes` says whether the keys of `skein ablate`
 * are known. Free with eval_spec_free whatever is returned. `path` must outlive the spec. */
Status eval_spec_read(EvalSpec *spec, const char *path, const char *const *assignment,
                      int assignments, bool axes, Error *err);
void eval_spec_free(EvalSpec *spec); /* a zeroed EvalSpec is allowed */

/* Appends a method with the settings of `like` (NULL: the defaults). The name must be free. */
Status eval_spec_add_method(EvalSpec *spec, const char *name, const EvalMethod *like,
                            EvalMethod **out, Error *err);
EvalMethod *eval_spec_find_method(const EvalSpec *spec, const char *name); /* NULL: none */

/* STATUS_INPUT for a path that leads nowhere (options_check_paths). */
Status eval_spec_check_paths(const EvalSpec *spec, Error *err);
/* The notes about where its paths were found. */
void eval_spec_tell_paths(const EvalSpec *spec, PathSay *say);

/* The groups of the tasks, in order of first appearance: fills group[tasks], returns how many. */
int eval_spec_groups(const EvalSpec *spec, const char **group);

/* Where the file says a task or a method, for messages about it. */
TextPlace eval_task_place(const EvalSpec *spec, const EvalTask *task);
TextPlace eval_method_place(const EvalSpec *spec, const EvalMethod *method);

/* Whether a task is of a group; NULL: all are. */
bool eval_task_in(const EvalTask *task, const char *group);
/* How many items of a task are asked, of `count` in its file. */
int64_t eval_task_limit(const EvalSpec *spec, const EvalTask *task, int64_t count);

/* The settings that change what a router computes, "key=value" a line (a merged pool has no top_k);
 * `only` and `embeddings` are left to the identity of what they name. The caller frees; NULL when
 * out of memory. */
char *eval_method_settings(const EvalMethod *m);
/* The same with `embeddings`, as {key: text}; {} of a rule. */
json_t *eval_method_json(const EvalMethod *m);
/* Whether a setting of a router changes what this method computes. */
bool eval_method_uses(const EvalMethod *m, const char *key);
/* Whether tokens or inputs go to experts of its choice, of which there are statistics. */
bool eval_method_routes(const EvalMethod *m);

/* The tables, for --help. */
Status eval_settings_init(OptionSet *set, EvalSettings *settings, Error *err);
Status eval_task_init(EvalTask *task, Error *err);

#endif
