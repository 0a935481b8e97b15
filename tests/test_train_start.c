/* The start of a run: nothing of it is kept but that it was, as the settings make it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/workspace.h"

#define ADAPTER "adapter_model.safetensors"

static TrainOutcome train_into(const ObjectiveKind *kind, const char *output,
                               const char *const *assignments) {
  Error err = {0};
  TrainOutcome out;
  Status status = workspace_train(&space, kind, output, false, assignments, NULL, &out, &err);
  expect_ok(output, status, &err);
  return out;
}

static bool is_there(const char *name) {
  return access(workspace_path(&space, name), F_OK) == 0;
}

/* Stopped before the first step, a run goes on from what the settings make. */
static void a_run_resumes_from_its_start(void **state) {
  (void)state;
  Error err = {0}, none = {0};
  volatile sig_atomic_t stop = 1;
  const TrainWatch watch = {.stop = &stop};
  Status status = workspace_train(&space, &objective_base, "zero", false, NULL, &watch, NULL, &err);
  assert_int_equal(status, STATUS_INTERRUPTED);
  assert_true(is_there("zero/checkpoints/step-00000000/manifest.json"));
  assert_false(is_there("zero/checkpoints/step-00000000/state.safetensors"));
  status = workspace_train(&space, &objective_base, "zero", true, NULL, NULL, NULL, &none);
  expect_ok("resume", status, &none);
  train_into(&objective_base, "at-once", NULL);
  assert_true(workspace_same(&space, "zero/model.safetensors", "at-once/model.safetensors"));
}

/* A base that has learnt what validation asks for, so that whatever an expert learns makes it worse. */
static void the_start_can_be_the_result(void **state) {
  (void)state;
  char train[300], valid[300], base[300], pieces[300];
  workspace_write(&space, "plain.jsonl",
                  "{\"input\": \"the bird\", \"target\": \"wind bridge\"}\n");
  workspace_write(&space, "red.jsonl",
                  "{\"input\": \"the old bridge\", \"target\": \"red stone\"}\n");
  workspace_write(
      &space, "asked.jsonl",
      "{\"input\": \"the bird <extra_id_0>\", \"target\": \"<extra_id_0> wind bridge\"}\n");
  snprintf(train, sizeof train, "data.train=%s", workspace_path(&space, "plain.jsonl"));
  snprintf(pieces, sizeof pieces, "model.tokenizer=%s",
           workspace_path(&space, "base/spiece.model"));
  train_into(&objective_base, "wind",
             LIST(train, "data.valid=", pieces, "train.steps=60", "corruption.target_rate=1",
                  "train.learning_rate=0.02"));
  snprintf(base, sizeof base, "base=%s", workspace_path(&space, "wind"));
  snprintf(train, sizeof train, "data.train=%s", workspace_path(&space, "red.jsonl"));
  snprintf(valid, sizeof valid, "data.valid=%s", workspace_path(&space, "asked.jsonl"));
  train_into(&objective_lora, "none", LIST(base, train, valid, "train.steps=0"));
  TrainOutcome out =
      train_into(&objective_lora, "start", LIST(base, train, valid, "train.learning_rate=0.1"));
  assert_int_equal(out.result_step, 0);
  assert_false(workspace_same(&space, "start/" ADAPTER, "start/last/" ADAPTER));
  assert_true(workspace_same(&space, "start/" ADAPTER, "none/" ADAPTER));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_resumes_from_its_start),
      cmocka_unit_test(the_start_can_be_the_result),
  };
  return cmocka_run_group_tests(tests, make_space, remove_space);
}
