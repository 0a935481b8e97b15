/* skein bench gate: the time of a gate-training step on a user's base, expert and texts. */
#include <stdlib.h>

#include "tools/bench/bench_asked.h"
#include "tools/shell/command.h"
#include "tools/shell/machine.h"
#include "train/objective.h"

static Status read_arguments(OptionSet *set, int argc, char **argv, Error *err) {
  static const struct option LONGS[] = {
      {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'}, {0}};
  TRY(options_assign(set, "output=none", err)); /* required, and not written here */
  for (int option; (option = command_option(argc, argv, "c:s:", LONGS, err)) != -1;) {
    if (option == '?') return err->status;
    if (option == 'c') TRY(options_read_file(set, optarg, err));
    if (option == 's') TRY(options_assign(set, optarg, err));
  }
  TRY(command_operands(argc, argv, 0, 0, "nothing but options", err));
  return settings_finish(set, "command line", err);
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
  TRY(objective_open(o, settings, ".", false, err));
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
  OptionSet set = {0};
  RunSettings settings;
  Objective objective = {0};
  Status status = settings_init(&set, &settings, &objective_gate, err);
  if (status == STATUS_OK) status = read_arguments(&set, argc, argv, err);
  if (status == STATUS_OK) status = measure_gate_step(&objective, &settings, err);
  objective_close(&objective);
  options_free(&set);
  return (int)status;
}
