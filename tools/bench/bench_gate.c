/* skein bench gate: the time of a gate-training step on a user's base, expert and texts. */
#include <stdlib.h>

#include "data/options/options_paths.h"
#include "tools/bench/bench_asked.h"
#include "tools/shell/arguments.h"
#include "tools/shell/command.h"
#include "tools/shell/console.h"
#include "tools/shell/machine.h"
#include "train/objective.h"

typedef struct GateArguments {
  TextList config, assignment; /* of -c, of -s */
} GateArguments;

static const Argument ROWS[] = {
    {"config", 'c', ARGUMENT_TEXTS, .offset = offsetof(GateArguments, config), .value = "FILE"},
    {"set", 's', ARGUMENT_TEXTS, .offset = offsetof(GateArguments, assignment),
     .value = "KEY=VALUE"},
};
const ArgumentTable bench_gate_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

static Status parse_arguments(GateArguments *a, int argc, char **argv, Error *err) {
  TRY(arguments_read(&bench_gate_arguments, 0, a, NULL, argc, argv, err));
  return command_operands(argc, argv, 0, 0, "nothing but options", err);
}

static Status read_settings(OptionSet *set, const GateArguments *a, Error *err) {
  TRY(options_assign(set, "output=none", err)); /* required, and not written here */
  for (int i = 0; i < a->config.count; i++) TRY(options_read_file(set, a->config.text[i], err));
  for (int i = 0; i < a->assignment.count; i++)
    TRY(options_assign(set, a->assignment.text[i], err));
  TRY(settings_finish(set, "command line", err));
  options_tell_paths(set, "-c", console_line);
  return STATUS_OK;
}

static Status repeat_step(Stepper *stepper, Objective *o, const Batch *batch, Error *err) {
  float rate = (float)o->settings->train.learning_rate;
  Learner learner = objective_learner(o);
  for (int64_t update = 1; bench_asked(); update++) {
    StepResult r;
    double start = machine_seconds();
    TRY(step_train(stepper, &learner, batch, update, rate, &r, err));
    double seconds = machine_seconds() - start;
    json_t *line =
        json_pack("{s:f, s:f, s:I, s:I, s:I}", "loss", r.loss, "grad_norm", r.grad_norm,
                  "input_tokens", (json_int_t)batch->input_tokens, "target_tokens",
                  (json_int_t)batch->target_tokens, "micro_batches", (json_int_t)batch->count);
    TRY(bench_answer(line, seconds, err));
  }
  return STATUS_OK;
}

static Status measure_gate_step(Objective *o, const RunSettings *settings, Error *err) {
  ExampleSet *train = NULL, *valid = NULL;
  Corruption corruption;
  Batch batch = {0};
  Stepper stepper = {0};
  TRY(objective_open(o, settings, ".", false, (NoteTaker){0}, err));
  Status status = objective_open_data(o, &train, &valid, err);
  if (status == STATUS_OK) {
    BatchSpec spec = objective_batch_spec(o, &corruption);
    status = batch_make(train, &spec, 0, &batch, err);
  }
  if (status == STATUS_OK) {
    status = stepper_init(&stepper, (int)settings->threads, settings->train.recompute,
                          (Precision)settings->train.precision, err);
  }
  if (status == STATUS_OK) status = repeat_step(&stepper, o, &batch, err);
  stepper_free(&stepper);
  batch_free(&batch);
  examples_close(train);
  examples_close(valid);
  return status;
}

int bench_gate(int argc, char **argv, Error *err) {
  GateArguments a = {0};
  OptionSet set = {0};
  RunSettings settings;
  Objective objective = {0};
  Status status = settings_init(&set, &settings, &objective_gate, err);
  if (status == STATUS_OK) status = parse_arguments(&a, argc, argv, err);
  if (status == STATUS_OK) status = read_settings(&set, &a, err);
  if (status == STATUS_OK) status = measure_gate_step(&objective, &settings, err);
  objective_close(&objective);
  options_free(&set);
  free(a.config.text);
  free(a.assignment.text);
  return (int)status;
}
