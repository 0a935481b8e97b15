/* skein train gate|lora|ia3|base|gates|activation: from a YAML file to a result. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "data/options/options_paths.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/train_activation.h"
#include "tools/cmd/train_gates.h"
#include "tools/cmd/train_watch.h"
#include "tools/pool/adapter_notes.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"
#include "tools/shell/machine.h"
#include "train/data_report.h"
#include "train/loop.h"

#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)
#define PERCENT(number)  TEXT_OF(number) " %"

static const char usage[] =
    "skein train: learn the gates of an expert, an expert, or a small base; or take the mean\n"
    "inputs of an expert's modules, which a pool can be routed by\n"
    "\n"
    "Examples:\n"
    "  skein train gate -c run.yaml\n"
    "  skein train gate -c run.yaml -s train.steps=200 -s recipe=glider --dry-run\n"
    "  skein train gate -c run.yaml --resume\n"
    "  skein train gates -s pool=goose -s data.train=own.jsonl -s output=runs/gates\n"
    "  skein train activation -s base=t5 -s expert=boolq -s data.train=boolq.jsonl -s output=out\n"
    "\n"
    "Usage: skein train gate|lora|ia3|base|gates [-c FILE] [-s KEY=VALUE]...\n"
    "                                      [--resume | --dry-run] [--strict]\n"
    "       skein train activation [-c FILE] [-s KEY=VALUE]... [--strict] [--force]\n"
    "\n"
    "  -c, --config FILE    settings, YAML; what it names is looked for beside FILE, then here\n"
    "  -s, --set KEY=VALUE  one setting; wins over the file\n"
    "      --resume         continue the run in `output` from its newest checkpoint; with more\n"
    "                       train.steps than it was to make, extend it; gates by shares\n"
    "                       go on as they were begun\n"
    "      --dry-run        open and check what the run would, and print the memory and time that\n"
    "                       it would take; write nothing\n"
    "      --force          replace the activation.safetensors that is there; a run never is\n"
    "      --strict         a warning about the data is an error\n"
    "\n"
    "`gates` is for who collects a pool whose experts came without: every example of data.train is\n"
    "asked of every expert, goes to the one under which its target is the likeliest, and each expert\n"
    "learns gates on its share as `gate` does. With gates.way joint the gates that a pool has learn\n"
    "together, by the loss of the routed model. The data should be of the experts' tasks, and none\n"
    "that an expert was trained on. The pool stays as it is; `skein pool set POOL --gates OUTPUT`\n"
    "gives it the gates.\n"
    "\n"
    "Before it starts, a training says what its data are like (OUTPUT/data.json). It warns\n"
    "where more than " PERCENT(DATA_LOST_PERCENT) " of inputs or targets are cut, of their tokens\n"
    "unknown to the vocabulary, of targets empty, or of validation inputs among those of training:\n"
    "so much is no stray line but a property of the data, and no loss shows it; and where more\n"
    "than " PERCENT(DATA_COMMONEST_PERCENT) " of targets are the same: then a small loss is no\n"
    "success. Tokens are counted in " TEXT_OF(SURVEY_SAMPLE) " examples that train.seed draws, the\n"
    "rest in all.\n"
    "\n"
    "Ctrl-C finishes the step, saves and exits with 130; a second one exits at once.\n";

typedef struct TrainArguments {
  bool activation, gates; /* what has no objective of its own; else `objective` */
  const ObjectiveKind *objective;
  const char *config;
  bool resume, dry_run, strict, force;
  TextList assignment; /* of -s */
} TrainArguments;

#define AT(field) offsetof(TrainArguments, field)

static const Argument ROWS[] = {
    {"config", 'c', ARGUMENT_TEXT, .offset = AT(config), .value = "FILE"},
    {"set", 's', ARGUMENT_TEXTS, .offset = AT(assignment), .value = "KEY=VALUE"},
    {"resume", .type = ARGUMENT_SWITCH, .offset = AT(resume)},
    {"dry-run", .type = ARGUMENT_SWITCH, .offset = AT(dry_run)},
    {"strict", .type = ARGUMENT_SWITCH, .offset = AT(strict)},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

/* "gate, lora, base, gates or activation" */
static const char *objective_names(char *text, size_t size) {
  size_t used = 0;
  for (int i = 0; i < OBJECTIVES; i++) {
    int n = snprintf(text + used, size - used, "%s%s", i ? ", " : "", OBJECTIVE[i]->name);
    used += (size_t)n < size - used ? (size_t)n : 0;
  }
  snprintf(text + used, size - used, ", gates or activation");
  return text;
}

static Status parse_objective(const char *word, const ObjectiveKind **kind, Error *err) {
  const char *known[OBJECTIVES + 2] = {"activation", "gates"};
  char names[128];
  *kind = objective_find(word);
  if (*kind) return STATUS_OK;
  for (int i = 0; i < OBJECTIVES; i++) known[i + 2] = OBJECTIVE[i]->name;
  return error_set(err, STATUS_USAGE, "train: unknown objective '%s'; it is %s%s", word,
                   objective_names(names, sizeof names),
                   nearest_hint(word, known, OBJECTIVES + 2).text);
}

static Status parse_arguments(TrainArguments *a, int argc, char **argv, Error *err) {
  TRY(arguments_read(&ARGUMENTS, 0, a, NULL, argc, argv, err));
  char names[128];
  if (argc - optind == 2 && !a->config) {
    return error_set(err, STATUS_USAGE, "train: '%s' is no argument; a file of settings is -c %s",
                     argv[optind + 1], argv[optind + 1]);
  }
  TRY(command_operands(argc, argv, 1, 1, objective_names(names, sizeof names), err));
  if (a->resume && a->dry_run) {
    return error_set(err, STATUS_USAGE, "train: --resume and --dry-run exclude each other");
  }
  a->activation = strcmp(argv[optind], "activation") == 0;
  a->gates = strcmp(argv[optind], "gates") == 0;
  if (!a->activation && a->force) {
    return error_set(err, STATUS_USAGE,
                     "train: --force is of activation alone; a run is not written over, name "
                     "another output");
  }
  if (a->gates) return STATUS_OK;
  if (!a->activation) return parse_objective(argv[optind], &a->objective, err);
  if (!a->resume && !a->dry_run) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "train: activation has no --resume and no --dry-run");
}

static Status read_settings(OptionSet *set, const TrainArguments *a, Error *err) {
  if (a->config) TRY(options_read_file(set, a->config, err));
  for (int i = 0; i < a->assignment.count; i++)
    TRY(options_assign(set, a->assignment.text[i], err));
  TRY(settings_finish(set, a->config ? a->config : "command line", err));
  if (a->config) options_tell_paths(set, a->config, console_line);
  return STATUS_OK;
}

/* ---- watching ---- */

static void print_outcome(const RunSettings *s, const TrainOutcome *out) {
  char took[32];
  console_duration(took, sizeof took, out->state.seconds);
  if (out->report) puts(out->report);
  console_say("%s: the result of step %" PRId64 " of %" PRId64 " (%s%s), after %s", s->output,
              out->result_step, out->state.step,
              out->state.best_step < 0 ? "the last" : "best validation",
              out->state.stopped ? ", stopped early" : "", took);
  for (int i = 0; !out->report && i < out->state.extended.count; i++) {
    char *line = extension_text(&out->state.extended.one[i]);
    console_say("the run was %s", line ? line : "extended");
    free(line);
  }
  if (out->state.skipped)
    printf("%" PRId64 " steps were skipped for NaN or Inf\n", out->state.skipped);
}

static Status run_training(const OptionSet *set, const TrainArguments *a, Error *err) {
  const RunSettings *s = set->settings;
  Watching w = {0};
  TrainOutcome out;
  snprintf(w.label, sizeof w.label, "train %s", s->objective->name);
  const TrainWatch watch = train_watch(&w);
  const TrainRequest request = {.resume = a->resume, .strict = a->strict};
  Status status = train_run(set, &request, &watch, &out, err);
  console_progress_end(&w.progress);
  if (status == STATUS_OK) print_outcome(s, &out);
  train_outcome_free(&out);
  return status;
}

/* ---- dry run ---- */

static void print_plan(const RunSettings *s, const TrainPlan *plan) {
  enum { LIKELY_PERCENT = 65 }; /* of the processor's rate that a step usually reaches */
  const WorkSample *w = &plan->work;
  const Estimate *e = &plan->estimate;
  char a[32], b[32], c[32], d[32], t[32];
  double rate = machine_fma_rate((int)s->threads) * LIKELY_PERCENT / 100;
  double step = e->flops_per_step / rate;
  printf("train %s: every file fits\n", s->objective->name);
  printf("learnt     %" PRId64 " tensors\n", plan->params);
  printf("examples   %" PRId64 ", mean %.1f input and %.1f target tokens\n", w->examples,
         w->mean_input, w->mean_target);
  printf("step       %s tokens, %s flops\n", console_count(a, sizeof a, e->tokens_per_step),
         console_count(b, sizeof b, e->flops_per_step));
  printf("memory     about %s: weights %s (mapped), state %s, activations %s; %s available\n",
         console_bytes(a, sizeof a, e->weight_bytes + e->state_bytes + e->activation_bytes),
         console_bytes(b, sizeof b, e->weight_bytes), console_bytes(c, sizeof c, e->state_bytes),
         console_bytes(d, sizeof d, e->activation_bytes),
         console_bytes(t, sizeof t, plan->left.memory));
  printf("time       about %s a step, ", console_duration(a, sizeof a, step));
  printf("%s for %" PRId64 " steps (%.0f GFLOP/s expected of this machine)\n",
         console_duration(b, sizeof b, step * (double)s->train.steps), s->train.steps, rate / 1e9);
}

static void print_note(void *arg, const char *line) {
  (void)arg;
  console_say("%s", line);
}

static Status dry_run(const OptionSet *set, bool strict, Error *err) {
  TrainPlan plan;
  const TrainWatch watch = {.note = print_note};
  TRY(train_plan(set, strict, &watch, &plan, err));
  print_plan(set->settings, &plan);
  return STATUS_OK;
}

static Status train_as_asked(const TrainArguments *a, Error *err) {
  const GatesAsked gates = {a->config,
                            a->assignment.text,
                            a->assignment.count,
                            a->dry_run,
                            {.resume = a->resume, .strict = a->strict}};
  if (a->gates) return train_gates(&gates, err);
  RunSettings settings = {0};
  OptionSet set = {0};
  const ActivationHow how = {.strict = a->strict, .replace = a->force};
  if (a->activation)
    return train_activation(a->config, a->assignment.text, a->assignment.count, &how, err);
  Status status = settings_init(&set, &settings, a->objective, err);
  if (status == STATUS_OK) status = read_settings(&set, a, err);
  if (status == STATUS_OK && settings.expert) adapter_notes_say(settings.expert);
  if (status == STATUS_OK)
    status = a->dry_run ? dry_run(&set, a->strict, err) : run_training(&set, a, err);
  options_free(&set);
  return status;
}

static int run_train(int argc, char **argv, Error *err) {
  TrainArguments a = {0};
  Status status = parse_arguments(&a, argc, argv, err);
  if (status == STATUS_OK) status = train_as_asked(&a, err);
  free(a.assignment.text);
  return (int)status;
}

static void show_objective(const ObjectiveKind *kind, SettingsSeen *seen, void *arg) {
  RunSettings settings;
  OptionSet set = {0};
  char title[64];
  snprintf(title, sizeof title, "Settings of train %s", kind->name);
  if (settings_init(&set, &settings, kind, NULL) == STATUS_OK) seen(arg, title, &set);
  options_free(&set);
}

static void show_settings(const char *verb, SettingsSeen *seen, void *arg) {
  for (int k = 0; k < OBJECTIVES; k++) {
    if (!verb || strcmp(verb, OBJECTIVE[k]->name) == 0) show_objective(OBJECTIVE[k], seen, arg);
  }
  if (!verb || strcmp(verb, "gates") == 0) train_gates_settings(seen, arg);
  if (!verb || strcmp(verb, "activation") == 0) train_activation_settings(seen, arg);
}

/* The objectives, and what is made of several trainings, or of none. */
static const CommandVerb VERBS[] = {{.name = "gate"}, {.name = "lora"},  {.name = "ia3"},
                                    {.name = "base"}, {.name = "gates"}, {.name = "activation"},
                                    {.name = NULL}};

const Command command_train = {
    .name = "train",
    .summary = "learn the gates of an expert, an expert, or a small base",
    .usage = usage,
    .run = run_train,
    .arguments = &ARGUMENTS,
    .verbs = VERBS,
    .settings = show_settings,
};
