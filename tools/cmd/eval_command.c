#include "tools/cmd/eval_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "autograd/ground/visible.h"
#include "infer/eval/eval_trial.h"
#include "infer/eval/eval_unread.h"
#include "infer/eval/eval_valid.h"
#include "infer/route/router_options.h"
#include "tools/cmd/eval_watching.h"
#include "tools/predict/predict_items.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"
#include "tools/shell/machine.h"

typedef struct EvalArguments {
  const char *config, *embedder;
  bool force, dry_run, strict;
  TextList assignment; /* of -s */
} EvalArguments;

#define AT(field) offsetof(EvalArguments, field)

static const Argument ROWS[] = {
    {"config", 'c', ARGUMENT_TEXT, .offset = AT(config), .value = "FILE"},
    {"set", 's', ARGUMENT_TEXTS, .offset = AT(assignment), .value = "KEY=VALUE"},
    {"embedder", .type = ARGUMENT_TEXT, .offset = AT(embedder), .value = "KIND|DIR"},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force)},
    {"strict", .type = ARGUMENT_SWITCH, .offset = AT(strict)},
    {"dry-run", .type = ARGUMENT_SWITCH, .offset = AT(dry_run)},
};
const ArgumentTable eval_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

static Status parse_arguments(EvalArguments *a, int argc, char **argv, Error *err) {
  TRY(arguments_read(&eval_arguments, 0, a, NULL, argc, argv, err));
  if (optind < argc && !a->config) {
    return error_set(err, STATUS_USAGE, "%s: '%s' is no argument; a file of settings is -c %s",
                     argv[0], argv[optind], argv[optind]);
  }
  TRY(command_operands(argc, argv, 0, 0, "nothing", err));
  if (a->config) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: -c FILE is required; --help shows one", argv[0]);
}

/* ---- what is said beforehand ---- */

/* `names` is taken. */
static void say_unread(const char *place, const char *what, const char *name, const char *does,
                       char *names) {
  if (names && *names)
    console_note(NULL, "skein: %s: %s%.200s: %s: %s", place, what, name, does, names);
  free(names);
}

/* What is set and changes nothing, which who has set it should know; of methods as the file has
 * them. */
static void say_unread_settings(const EvalSpec *spec) {
  for (int t = 0; t < spec->tasks; t++) {
    const EvalTask *task = &spec->task[t];
    say_unread(eval_task_place(spec, task).text, "task ", task->name, "does not read",
               eval_task_unread(task));
  }
  for (int m = 0; m < spec->methods; m++) {
    const EvalMethod *method = spec->method[m];
    say_unread(eval_method_place(spec, method).text, "method ", method->name,
               "its router does not read with these settings", eval_method_unread(method));
  }
}

/* Gives the methods that name no embedder the one of the command line. */
static Status set_embedder(EvalSpec *spec, const char *word, Error *err) {
  bool read = false;
  for (int m = 0; m < spec->methods; m++) {
    EvalMethod *method = spec->method[m];
    if (method->rule != EVAL_ROUTED) continue;
    TRY(router_settings_embedder(&method->set, word, true, err));
    read = read || eval_method_uses(method, "embedder");
  }
  if (!read) console_note(NULL, "skein: --embedder: no method compares instructions");
  return STATUS_OK;
}

static void say_unread_axes(const Axes *axes, const EvalSpec *spec) {
  for (int i = 0; i < axes->axes; i++) {
    say_unread(yaml_place(&spec->tree, axes->axis[i].at).text, "axis ", axes->axis[i].key,
               "not read by", eval_axis_unread(axes, i, spec));
  }
}

/* How many finished cells of other settings are in the way, which are then kept. */
static int count_displaced(const Evaluation *e) {
  int count = 0;
  for (int i = 0; i < e->spec->methods * e->spec->tasks; i++) count += e->cell[i].displaces;
  return count;
}

static void say_displaced(const Evaluation *e) {
  const int count = count_displaced(e);
  if (count) {
    console_note(NULL, "%d finished %s of other settings %s kept in %s/kept", count,
                 count == 1 ? "cell" : "cells", count == 1 ? "is" : "are",
                 e->spec->settings.output);
  }
}

static void print_cost(const EvalCost *cost) {
  char time[32], memory[32], available[32];
  if (cost->answers == 0) return;
  printf("time       about %s (%" PRId64 " answers were tried)\n",
         console_duration(time, sizeof time, cost->seconds), cost->answers);
  printf("memory     about %s; %s available\n",
         console_bytes(memory, sizeof memory, machine_peak_resident() + cost->more_bytes),
         console_bytes(available, sizeof available, machine_memory_available()));
}

/* What is open, before it is known whether it would fail. */
typedef struct Work {
  int done, open;
  int64_t answers;
} Work;

static void print_plan(const Evaluation *e, const Work *plan, const EvalCost *cost) {
  const EvalSpec *spec = e->spec;
  printf("every file fits: %d task%s, %d method%s\n", spec->tasks, spec->tasks == 1 ? "" : "s",
         spec->methods, spec->methods == 1 ? "" : "s");
  printf("cells      %d finished, %d to compute (%" PRId64 " answers)\n", plan->done, plan->open,
         plan->answers);
  print_cost(cost);
  for (int m = 0; m < spec->methods; m++) {
    int open = 0;
    for (int t = 0; t < spec->tasks; t++) open += evaluation_cell(e, m, t)->state == CELL_OPEN;
    if (open && spec->method[m]->rule == EVAL_ROUTED)
      console_say("  %-24s %d %s", spec->method[m]->name, open, open == 1 ? "cell" : "cells");
  }
}

/* STATUS_PARTIAL where cells would fail. */
static Status dry_run(Evaluation *e, Error *err) {
  const Work plan = {evaluation_count(e, CELL_DONE), evaluation_count(e, CELL_OPEN),
                     evaluation_work(e)};
  EvalCost cost;
  TRY(evaluation_try(e, &cost, err));
  print_plan(e, &plan, &cost);
  return evaluation_count(e, CELL_FAILED) ? STATUS_PARTIAL : STATUS_OK;
}

static Status tell_items(const Evaluation *e, Error *err) {
  for (int t = 0; t < e->spec->tasks; t++)
    TRY(predict_tell_items(e->items[t], evaluation_offered(e, t), err));
  return STATUS_OK;
}

/* Settings that are not those of the help. */
static void tell_methods(const EvalSpec *spec) {
  for (int m = 0; m < spec->methods; m++) {
    const EvalMethod *method = spec->method[m];
    if (method->lowered)
      console_note(NULL, "method %s: top_k: is %" PRId64 ", for no more experts take part",
                   method->name, method->router.top_k);
  }
}

/* ---- the run ---- */

static Status run_evaluation(const EvalArguments *a, const Axes *axes, EvalSpec *spec,
                             EvalFinish *finish, Error *err) {
  Evaluation e = {0};
  Status status = evaluation_open(&e, spec, a->force, err);
  if (status == STATUS_OK) tell_methods(spec);
  if (status == STATUS_OK) status = tell_items(&e, err);
  if (status == STATUS_OK) say_displaced(&e);
  if (status == STATUS_OK) status = a->dry_run ? dry_run(&e, err) : eval_compute(&e, err);
  if (!a->dry_run && (status == STATUS_OK || status == STATUS_PARTIAL)) {
    Status finished = finish(axes, &e, err);
    if (finished != STATUS_OK) status = finished;
  }
  if (status == STATUS_PARTIAL) eval_list_failures(&e, a->dry_run);
  evaluation_close(&e);
  return status;
}

/* ---- what is chosen before ---- */

static void say_unchosen(const EvalSpec *spec) {
  for (int t = 0; t < spec->tasks; t++) {
    if (!spec->task[t].valid) continue;
    console_note(NULL, "skein: %s: valid: no method has a setting to `choose` on it",
                 eval_task_place(spec, &spec->task[t]).text);
    return;
  }
}

static void say_chosen(const EvalSpec *spec) {
  for (int m = 0; m < spec->methods; m++) {
    TextStream s;
    if (!spec->method[m]->chosen || !text_stream_open(&s)) continue;
    eval_valid_put(spec->method[m]->chosen, visible_put, s.out);
    char *text = text_stream_close(&s);
    if (text) console_note(NULL, "method %s: %s", spec->method[m]->name, text);
    free(text);
  }
}

/* Runs the evaluation on validation items, or tries it. */
static Status run_validation(const EvalArguments *a, Evaluation *e, EvalSpec *spec, Error *err) {
  TRY(evaluation_open(e, e->spec, a->force, err));
  TRY(tell_items(e, err));
  console_note(NULL, "validation: %d cells of %d tasks, from which settings are chosen",
               e->spec->methods * e->spec->tasks, e->spec->tasks);
  say_displaced(e);
  const bool tried = a->dry_run && evaluation_count(e, CELL_OPEN) > 0;
  Status status = tried ? dry_run(e, err) : a->dry_run ? STATUS_OK : eval_compute(e, err);
  if (status == STATUS_PARTIAL) {
    eval_list_failures(e, a->dry_run);
    return error_set(err, status, "validation: cells fail, so that nothing is chosen");
  }
  TRY(status);
  if (!tried) return eval_valid_choose(e, spec, err);
  console_note(NULL, "validation: the run chooses; what follows is tried with the defaults");
  return STATUS_OK;
}

/* Chooses what methods leave to validation items. The output is ours meanwhile. */
static Status choose_settings(const EvalArguments *a, EvalSpec *spec, Error *err) {
  EvalSpec valid = {0};
  Evaluation e = {0};
  Lock *lock = NULL;
  if (!eval_valid_wanted(spec)) {
    say_unchosen(spec);
    return STATUS_OK;
  }
  Status status = eval_valid_spec(&valid, spec, a->assignment.text, a->assignment.count, err);
  if (status == STATUS_OK && !a->dry_run)
    status = evaluation_take_output(spec->settings.output, &lock, err);
  e.spec = &valid;
  if (status == STATUS_OK) status = run_validation(a, &e, spec, err);
  if (status == STATUS_OK) say_chosen(spec);
  evaluation_close(&e);
  lock_release(lock);
  eval_spec_free(&valid);
  return status;
}

int eval_command(int argc, char **argv, bool with_axes, EvalFinish *finish, Error *err) {
  EvalArguments a = {0};
  EvalSpec spec = {0};
  Axes axes = {0};
  Status status = parse_arguments(&a, argc, argv, err);
  if (status == STATUS_OK)
    status = eval_spec_read(&spec, a.config, a.assignment.text, a.assignment.count, with_axes, err);
  if (status == STATUS_OK) status = eval_spec_check_paths(&spec, err);
  if (status == STATUS_OK) eval_spec_tell_paths(&spec, console_line);
  spec.settings.strict |= a.strict;
  if (status == STATUS_OK) say_unread_settings(&spec);
  if (status == STATUS_OK && a.embedder) status = set_embedder(&spec, a.embedder, err);
  if (status == STATUS_OK && with_axes) status = axes_expand(&axes, &spec, err);
  if (status == STATUS_OK) say_unread_axes(&axes, &spec);
  if (status == STATUS_OK) status = choose_settings(&a, &spec, err);
  if (status == STATUS_OK) status = run_evaluation(&a, &axes, &spec, finish, err);
  axes_free(&axes);
  eval_spec_free(&spec);
  free(a.assignment.text);
  return (int)status;
}

/* ---- help ---- */

static void show_table(OptionSet *set, Status status, const char *title, SettingsSeen *seen,
                       void *arg) {
  if (status == STATUS_OK) seen(arg, title, set);
  options_free(set);
}

void eval_command_settings(const char *verb, SettingsSeen *seen, void *arg) {
  (void)verb;
  EvalSettings settings;
  EvalTask task;
  RouterSettings router;
  OptionSet set = {0};
  show_table(&set, eval_settings_init(&set, &settings, NULL), "Settings", seen, arg);
  show_table(&task.set, eval_task_init(&task, NULL), "Of a task", seen, arg);
  show_table(&set, router_settings_init(&set, &router, NULL), "Of a method, besides its name", seen,
             arg);
}
