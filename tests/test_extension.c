/* Runs that go on beyond the steps they were to make: the bytes of a longer run where they can be, and
 * said where they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "tests/workspace.h"

/* What a run said, and where it is to be interrupted. */
typedef struct Witness {
  char line[1024];
  int64_t stop_at;
  volatile sig_atomic_t stop;
} Witness;

static void hear(void *arg, const char *line) {
  Witness *w = arg;
  if (strstr(line, " steps; ")) snprintf(w->line, sizeof w->line, "%s", line);
}

static void see(void *arg, const MetricsRow *row, int64_t steps) {
  Witness *w = arg;
  (void)steps;
  if (row->step == w->stop_at) w->stop = 1;
}

static Status train(const ObjectiveKind *kind, const char *output, bool resume,
                    const char *const *assignments, Witness *w, Error *err) {
  TrainWatch watch = {w, see, hear, &w->stop};
  return workspace_train(&space, kind, output, resume, assignments, &watch, NULL, err);
}

/* A run of 12 steps and one more part of it with these settings; what was said of it. */
static Witness extend(const ObjectiveKind *kind, const char *output, const char *const *first,
                      const char *const *then) {
  Witness w = {0};
  CHECK(train(kind, output, false, first, &w, err));
  CHECK(train(kind, output, true, then, &w, err));
  return w;
}

static bool file_says(const char *name, const char *words) {
  char text[8192];
  FILE *f = fopen(workspace_path(&space, name), "r");
  assert_non_null(f);
  size_t size = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[size] = '\0';
  return strstr(text, words) != NULL;
}

static const char *gate_says(const char *name, const char *key) {
  static char value[64];
  TensorTable t = {0};
  CHECK(tensor_table_open(&t, workspace_path(&space, name), err));
  const char *found = tensor_table_meta(&t, key);
  snprintf(value, sizeof value, "%s", found ? found : "");
  tensor_table_close(&t);
  return value;
}

/* ---- the same bytes ---- */

static void a_constant_run_extended_is_a_longer_run(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTIVES; k++) {
    const ObjectiveKind *kind = OBJECTIVE[k];
    char whole[64], part[64], a[128], b[128];
    snprintf(whole, sizeof whole, "whole-%s", kind->name);
    snprintf(part, sizeof part, "part-%s", kind->name);
    Witness none = {0};
    CHECK(train(kind, whole, false, LIST("train.warmup_ratio=0", "train.steps=18"), &none, err));
    Witness w = extend(kind, part, LIST("train.warmup_ratio=0"),
                       LIST("train.warmup_ratio=0", "train.steps=18"));
    assert_non_null(strstr(w.line, "after step 12 from 12 to 18 steps; the result is that of 18"));
    snprintf(a, sizeof a, "%s/%s", whole, kind->result);
    snprintf(b, sizeof b, "%s/%s", part, kind->result);
    assert_true(workspace_same(&space, a, b));
  }
  assert_true(file_says("part-gate/run.yaml", "# extended after step 12 from 12 to 18 steps"));
  assert_true(file_says("part-gate/run.yaml", "steps: 18"));
  assert_true(file_says("part-gate/report.txt", "the run was extended after step 12"));
  assert_true(file_says("part-gate/report.json", "\"from\": 12"));
  assert_true(file_says("part-gate/checkpoints/step-00000018/manifest.json", "\"extended\""));
  assert_string_equal(gate_says("part-gate/gate.safetensors", "extended"), "");
}

/* Two times, the second of them before the end, and interrupted in between. */
static void an_extended_run_is_resumed_as_any_other(void **state) {
  (void)state;
  const char *const *longer = LIST("train.warmup_ratio=0", "train.steps=24");
  Witness none = {0}, stopped = {.stop_at = 15}, again = {.stop_at = 20};
  CHECK(train(&objective_gate, "long", false, longer, &none, err));
  CHECK(train(&objective_gate, "long-part", false, LIST("train.warmup_ratio=0"), &none, err));
  Error failure = {0};
  assert_int_equal(train(&objective_gate, "long-part", true,
                         LIST("train.warmup_ratio=0", "train.steps=18"), &stopped, &failure),
                   STATUS_INTERRUPTED);
  failure = (Error){0};
  assert_int_equal(train(&objective_gate, "long-part", true, longer, &again, &failure),
                   STATUS_INTERRUPTED);
  assert_non_null(
      strstr(again.line, "after step 15 from 18 to 24 steps; the result is that of 24"));
  CHECK(train(&objective_gate, "long-part", true, longer, &none, err));
  assert_true(workspace_same(&space, "long/gate.safetensors", "long-part/gate.safetensors"));
  assert_true(file_says("long-part/run.yaml", "# extended after step 12 from 12 to 18 steps"));
  assert_true(file_says("long-part/run.yaml", "# extended after step 15 from 18 to 24 steps"));
}

/* ---- others ---- */

static void another_plan_is_said(void **state) {
  static const struct {
    const char *name, *plan, *steps;
  } cases[] = {
      {"linear", "train.schedule=linear", "train.steps=18"},
      {"cosine", "train.schedule=cosine", "train.steps=18"},
      {"warm-up", "train.warmup_ratio=0.5", "train.steps=18"},
      {"validation", "train.eval_every=5", "train.steps=18"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *warmup = strstr(cases[i].plan, "warmup") ? "threads=2" : "train.warmup_ratio=0";
    Witness w = extend(&objective_gate, cases[i].name, LIST(warmup, cases[i].plan),
                       LIST(warmup, cases[i].plan, cases[i].steps));
    if (!strstr(w.line, "is not that of 18 steps from the start"))
      fail_msg("%s: '%s'", cases[i].name, w.line);
    char gate[64], record[64];
    snprintf(gate, sizeof gate, "%s/gate.safetensors", cases[i].name);
    snprintf(record, sizeof record, "%s/run.yaml", cases[i].name);
    assert_string_equal(gate_says(gate, "extended"), "12");
    assert_true(file_says(record, "is not that of 18 steps"));
  }
}

/* The last step of the shorter run is no part of what the longer one leaves. */
static void what_the_shorter_run_kept_goes(void **state) {
  (void)state;
  Witness w = {0};
  const char *const *plain = LIST("train.warmup_ratio=0", "data.valid=");
  CHECK(train(&objective_gate, "stale", false, plain, &w, err));
  assert_int_equal(mkdir(workspace_path(&space, "stale/last"), 0777), 0);
  workspace_write(&space, "stale/last/gate.safetensors", "of step 12");
  CHECK(train(&objective_gate, "stale", true,
              LIST("train.warmup_ratio=0", "data.valid=", "train.steps=14"), &w, err));
  assert_int_not_equal(access(workspace_path(&space, "stale/last"), F_OK), 0);
}

static void refusals(void **state) {
  (void)state;
  Error failure = {0};
  Witness w = {0};
  CHECK(train(&objective_gate, "done", false, NULL, &w, err));
  assert_int_equal(train(&objective_gate, "done", true, LIST("train.steps=11"), &w, &failure),
                   STATUS_MISMATCH);
  assert_non_null(strstr(failure.text, "train.steps: is 11, but the run was to make 12"));
  const char *const *patient = LIST("train.learning_rate=0", "train.patience=1", "train.steps=8");
  CHECK(train(&objective_gate, "patient", false, patient, &w, err));
  failure = (Error){0};
  assert_int_equal(
      train(&objective_gate, "patient", true,
            LIST("train.learning_rate=0", "train.patience=1", "train.steps=18"), &w, &failure),
      STATUS_MISMATCH);
  assert_non_null(strstr(failure.text, "for want of improvement"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_constant_run_extended_is_a_longer_run),
      cmocka_unit_test(an_extended_run_is_resumed_as_any_other),
      cmocka_unit_test(another_plan_is_said),
      cmocka_unit_test(what_the_shorter_run_kept_goes),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, make_space, remove_space);
}
