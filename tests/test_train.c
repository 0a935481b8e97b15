/* Whole runs on a small base: what must not change the result, and what must not survive. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/workspace.h"

static void train_into(const ObjectiveKind *kind, const char *output,
                       const char *const *assignments) {
  CHECK(workspace_train(&space, kind, output, false, assignments, NULL, NULL, err));
}

static void assert_fails(Status want, const char *words, const char *output, bool resume,
                         const char *const *assignments) {
  Error err = {0};
  Status got =
      workspace_train(&space, &objective_gate, output, resume, assignments, NULL, NULL, &err);
  if (got != want) fail_msg("status %d, want %d: %s", (int)got, (int)want, err.text);
  if (!strstr(err.text, words)) fail_msg("'%s' does not say '%s'", err.text, words);
}

/* ---- the table ---- */

static void test_objectives_are_found_by_name(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTIVES; k++)
    assert_ptr_equal(objective_find(OBJECTIVE[k]->name), OBJECTIVE[k]);
  assert_null(objective_find("activation"));
  assert_null(objective_find(""));
}

static void test_a_recipe_without_a_row_is_refused(void **state) {
  (void)state;
  Error err = {0};
  Status got = workspace_train(&space, &objective_lora, "mttl", false, LIST("recipe=mttl"), NULL,
                               NULL, &err);
  assert_int_equal(got, STATUS_USAGE);
  assert_non_null(strstr(err.text, "'mttl' says nothing about `train lora`"));
}

static void test_the_recipe_of_t_few_is_the_papers(void **state) {
  (void)state;
  OptionSet set = {0};
  RunSettings s;
  CHECK(workspace_settings(&space, &objective_ia3, "t-few", LIST("recipe=t-few", "train.steps=7"),
                           &set, &s, err));
  assert_true(s.train.steps == 7 && s.data.max_input == 256 && s.data.max_target == 256);
  assert_true(s.train.learning_rate == 3e-3 && s.train.warmup_ratio == 0.06);
  assert_true(s.train.clip_norm == 1 && s.train.weight_decay == 0);
  assert_int_equal(s.train.optimizer, RUN_ADAFACTOR);
  assert_true(s.train.scale_parameter && s.loss.length_norm == 1);
  assert_true(s.loss.language == 1 && s.loss.choice == 1 && s.loss.unlikely == 1);
  options_free(&set);
}

/* The vectors of one loss are not those of another; a weight on the only loss is refused, and so are
 * lines without choices where choices are compared. */
static void test_losses_of_choices_are_switched(void **state) {
  (void)state;
  static const char file[] = "%s/adapter_model.safetensors";
  char all[64], right[64];
  train_into(&objective_ia3, "all", NULL);
  train_into(&objective_ia3, "right", LIST("loss.choice=0", "loss.unlikely=0"));
  snprintf(all, sizeof all, file, "all");
  snprintf(right, sizeof right, file, "right");
  assert_false(workspace_same(&space, all, right));
  Error err = {0}, data = {0};
  Status got = workspace_train(&space, &objective_ia3, "none", false,
                               LIST("loss.choice=0", "loss.unlikely=0", "loss.language=2"), NULL,
                               NULL, &err);
  assert_int_equal(got, STATUS_USAGE);
  assert_non_null(strstr(err.text, "loss.language: is 2"));
  char path[400];
  snprintf(path, sizeof path, "data.train=%s", workspace_path(&space, "train.jsonl"));
  got = workspace_train(&space, &objective_ia3, "none", false, LIST(path), NULL, NULL, &data);
  assert_int_equal(got, STATUS_INPUT);
  assert_non_null(strstr(data.text, "train.jsonl: line 1: choices: is missing"));
}

/* ---- what does not change a bit ---- */

static void test_recompute_changes_no_bit(void **state) {
  (void)state;
  train_into(&objective_gate, "keep", LIST("train.recompute=false"));
  train_into(&objective_gate, "again", LIST("train.recompute=true"));
  assert_true(workspace_same(&space, "keep/gate.safetensors", "again/gate.safetensors"));
  assert_true(workspace_same(&space, "keep/report.json", "again/report.json"));
}

static void test_threads_change_no_bit(void **state) {
  (void)state;
  train_into(&objective_lora, "one", LIST("threads=1"));
  train_into(&objective_lora, "two", LIST("threads=2"));
  assert_true(
      workspace_same(&space, "one/adapter_model.safetensors", "two/adapter_model.safetensors"));
}

static void test_seed_changes_the_result(void **state) {
  (void)state;
  train_into(&objective_lora, "seed1", LIST("train.seed=1"));
  train_into(&objective_lora, "seed2", LIST("train.seed=2"));
  assert_false(
      workspace_same(&space, "seed1/adapter_model.safetensors", "seed2/adapter_model.safetensors"));
}

/* Sums in another order: f32 rounding of a few hundred terms (2^-24 each), carried through 12
 * updates in which Adam divides by the gradient's own size. */
#define MICRO_TOLERANCE 2e-4

/* The larger one, as fmax has it; gcc 12 for aarch64 crashes on an fmax over floats in double. */
static double larger_of(double a, double b) {
  return b > a ? b : a;
}

static void test_micro_batch_size_changes_rounding_only(void **state) {
  (void)state;
  train_into(&objective_gate, "cut", LIST("train.max_tokens=1", "train.eval_every=0"));
  train_into(&objective_gate, "whole", LIST("train.max_tokens=100000", "train.eval_every=0"));
  TensorTable a = {0}, b = {0};
  CHECK(tensor_table_open(&a, workspace_path(&space, "cut/gate.safetensors"), err));
  CHECK(tensor_table_open(&b, workspace_path(&space, "whole/gate.safetensors"), err));
  assert_int_equal(a.count, b.count);
  double worst = 0, largest = 0;
  for (size_t i = 0; i < a.count; i++) {
    for (size_t k = 0; k < a.entry[i].size / 4; k++) {
      float x, y;
      memcpy(&x, a.entry[i].data + 4 * k, 4);
      memcpy(&y, b.entry[i].data + 4 * k, 4);
      worst = larger_of(worst, fabs((double)x - (double)y));
      largest = larger_of(largest, fabs((double)x));
    }
  }
  assert_true(largest > 1e-3);
  if (worst > MICRO_TOLERANCE * largest) fail_msg("differs by %g of %g", worst, largest);
  tensor_table_close(&a);
  tensor_table_close(&b);
}

/* ---- interruption ---- */

typedef struct Stopper {
  int64_t at;
  volatile sig_atomic_t stop;
} Stopper;

static void stop_at(void *arg, const MetricsRow *row, int64_t steps) {
  (void)steps;
  Stopper *s = arg;
  if (row->step == s->at) s->stop = 1;
}

static void run_interrupted(const ObjectiveKind *kind, const char *output, int64_t at) {
  Error err = {0};
  Stopper stopper = {at, 0};
  TrainWatch watch = {&stopper, stop_at, NULL, &stopper.stop};
  Status status = workspace_train(&space, kind, output, false, NULL, &watch, NULL, &err);
  if (status != STATUS_INTERRUPTED) fail_msg("status %d: %s", (int)status, err.text);
}

static void test_resumed_run_has_the_same_bits(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTIVES; k++) {
    const ObjectiveKind *kind = OBJECTIVE[k];
    char whole[64], part[64], a[128], b[128];
    snprintf(whole, sizeof whole, "whole-%s", kind->name);
    snprintf(part, sizeof part, "part-%s", kind->name);
    train_into(kind, whole, NULL);
    run_interrupted(kind, part, 5);
    CHECK(workspace_train(&space, kind, part, true, NULL, NULL, NULL, err));
    snprintf(a, sizeof a, "%s/%s", whole, kind->result);
    snprintf(b, sizeof b, "%s/%s", part, kind->result);
    assert_true(workspace_same(&space, a, b));
  }
  assert_true(workspace_same(&space, "whole-gate/report.json", "part-gate/report.json"));
}

static void count_notes(void *arg, const char *line) {
  if (strstr(line, "cannot be used")) ++*(int *)arg;
}

static void test_damaged_checkpoint_is_named_and_skipped(void **state) {
  (void)state;
  train_into(&objective_gate, "sound", NULL);
  run_interrupted(&objective_gate, "damaged", 7);
  workspace_write(&space, "damaged/checkpoints/step-00000007/state.safetensors", "not what it was");
  int notes = 0;
  TrainWatch watch = {&notes, NULL, count_notes, NULL};
  CHECK(workspace_train(&space, &objective_gate, "damaged", true, NULL, &watch, NULL, err));
  assert_int_equal(notes, 1);
  assert_true(workspace_same(&space, "sound/gate.safetensors", "damaged/gate.safetensors"));
}

static void test_resume_refuses_another_run(void **state) {
  (void)state;
  run_interrupted(&objective_gate, "mine", 3);
  assert_fails(STATUS_USAGE, "already holds a run", "mine", false, NULL);
  assert_fails(STATUS_USAGE, "holds no run", "nowhere", true, NULL);
  assert_fails(STATUS_MISMATCH, "train.learning_rate", "mine", true,
               LIST("train.learning_rate=1e-3"));
  char other[300];
  snprintf(other, sizeof other, "data.train=%s", workspace_path(&space, "valid.jsonl"));
  assert_fails(STATUS_MISMATCH, "train: not what the run was started with", "mine", true,
               LIST(other));
}

/* ---- what is frozen ---- */

/* Overwrites a weight in the mapped file, as a careless program might. */
static void disturb_base(void *arg, const MetricsRow *row, int64_t steps) {
  (void)arg;
  (void)steps;
  if (row->step != 5) return;
  FILE *f = fopen(workspace_path(&space, "base/model.safetensors"), "r+");
  assert_non_null(f);
  assert_int_equal(fseek(f, -4, SEEK_END), 0);
  assert_int_equal(fwrite("\0\0\0\x3e", 1, 4, f), 4);
  assert_int_equal(fclose(f), 0);
}

static void test_changed_base_is_noticed(void **state) {
  (void)state;
  Error err = {0};
  Workspace whole = space;
  workspace_make(&space); /* its base is spoilt; the others keep theirs */
  TrainWatch watch = {NULL, disturb_base, NULL, NULL};
  Status status =
      workspace_train(&space, &objective_gate, "spoilt", false, NULL, &watch, NULL, &err);
  assert_int_equal(status, STATUS_RUN);
  assert_non_null(strstr(err.text, "frozen base changed"));
  assert_int_not_equal(access(workspace_path(&space, "spoilt/gate.safetensors"), F_OK), 0);
  workspace_remove(&space);
  space = whole;
}

/* ---- choosing and stopping ---- */

/* Targets that training never sees become less likely with every step. Gives the assignments that
 * choose such data. */
static void use_contrary_data(char train_path[300], char valid_path[300]) {
  char lines[4096] = "";
  for (int i = 0; i < 20; i++) {
    strcat(lines, "{\"input\": \"the old bridge\", \"target\": \"red stone red stone\"}\n");
  }
  workspace_write(&space, "red.jsonl", lines);
  workspace_write(&space, "wind.jsonl", "{\"input\": \"the bird\", \"target\": \"wind bridge\"}\n");
  snprintf(train_path, 300, "data.train=%s", workspace_path(&space, "red.jsonl"));
  snprintf(valid_path, 300, "data.valid=%s", workspace_path(&space, "wind.jsonl"));
}

static void test_best_validation_is_the_result_and_last_is_kept(void **state) {
  (void)state;
  TrainOutcome out;
  char train_path[300], valid_path[300];
  use_contrary_data(train_path, valid_path);
  CHECK(workspace_train(&space, &objective_lora, "worse", false,
                        LIST(train_path, valid_path, "train.learning_rate=0.1", "train.steps=20"),
                        NULL, &out, err));
  assert_true(out.result_step < out.state.step);
  assert_int_equal(out.result_step, out.state.best_step);
  assert_false(workspace_same(&space, "worse/adapter_model.safetensors",
                              "worse/last/adapter_model.safetensors"));
}

static void test_patience_stops_early(void **state) {
  (void)state;
  TrainOutcome out;
  char train_path[300], valid_path[300];
  use_contrary_data(train_path, valid_path);
  CHECK(workspace_train(&space, &objective_lora, "patient", false,
                        LIST(train_path, valid_path, "train.learning_rate=0.1", "train.patience=2",
                             "train.eval_every=2", "train.steps=60"),
                        NULL, &out, err));
  assert_true(out.state.stopped);
  assert_true(out.state.step < 60);
}

static void test_non_finite_steps_end_the_run_and_spare_the_checkpoint(void **state) {
  (void)state;
  Error err = {0};
  Status status =
      workspace_train(&space, &objective_lora, "broken", false,
                      LIST("train.learning_rate=1e3", "train.weight_decay=1e3",
                           "train.warmup_ratio=0", "train.save_every=1", "train.steps=60"),
                      NULL, NULL, &err);
  assert_int_equal(status, STATUS_RUN);
  assert_non_null(strstr(err.text, "NaN or Inf"));
  assert_int_not_equal(access(workspace_path(&space, "broken/adapter_model.safetensors"), F_OK), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_objectives_are_found_by_name),
      cmocka_unit_test(test_a_recipe_without_a_row_is_refused),
      cmocka_unit_test(test_the_recipe_of_t_few_is_the_papers),
      cmocka_unit_test(test_losses_of_choices_are_switched),
      cmocka_unit_test(test_recompute_changes_no_bit),
      cmocka_unit_test(test_threads_change_no_bit),
      cmocka_unit_test(test_seed_changes_the_result),
      cmocka_unit_test(test_micro_batch_size_changes_rounding_only),
      cmocka_unit_test(test_resumed_run_has_the_same_bits),
      cmocka_unit_test(test_damaged_checkpoint_is_named_and_skipped),
      cmocka_unit_test(test_resume_refuses_another_run),
      cmocka_unit_test(test_changed_base_is_noticed),
      cmocka_unit_test(test_best_validation_is_the_result_and_last_is_kept),
      cmocka_unit_test(test_patience_stops_early),
      cmocka_unit_test(test_non_finite_steps_end_the_run_and_spare_the_checkpoint),
  };
  return cmocka_run_group_tests(tests, make_space, remove_space);
}
