/* Runs whose examples come from several files: as one file where they are drawn as they are, resumed to
 * the byte where they are weighed, and recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/hash.h"
#include "tests/workspace.h"

/* train.jsonl in two parts, of 20 lines and of the other 30. */
static void split_examples(void) {
  char *text, *at;
  size_t size;
  CHECK(file_read(workspace_path(&space, "train.jsonl"), 1 << 20, &text, &size, err));
  at = text;
  for (int i = 0; i < 20; i++) at = strchr(at, '\n') + 1;
  workspace_write(&space, "rest.jsonl", at);
  *at = '\0';
  workspace_write(&space, "first.jsonl", text);
  free(text);
}

static int make_parts(void **state) {
  make_space(state);
  split_examples();
  return 0;
}

/* "data.train=..." with the workspace's directory for each %s of the format (at most two). */
static const char *data(char text[500], const char *format) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(text, 500, format, space.dir, space.dir);
#pragma GCC diagnostic pop
  return text;
}

static Status train(const ObjectiveKind *kind, const char *output, bool resume,
                    const char *const *assignments, Error *err) {
  return workspace_train(&space, kind, output, resume, assignments, NULL, NULL, err);
}

static void expect_refusal(Status want, const char *words, const char *output, bool resume,
                           const char *const *assignments) {
  Error err = {0};
  Status got = train(&objective_gate, output, resume, assignments, &err);
  if (got != want || !strstr(err.text, words)) fail_msg("%d, '%s'", (int)got, err.text);
}

static char *read_whole(const char *name) {
  char *text;
  size_t size;
  CHECK(file_read(workspace_path(&space, name), 1 << 20, &text, &size, err));
  return text;
}

/* ---- as they are ---- */

/* Also the tokenizer of a new base is trained on both. */
static void two_files_are_as_one(void **state) {
  char both[500], a[128], b[128];
  (void)state;
  data(both, "data.train=[%s/first.jsonl, %s/rest.jsonl]");
  for (int k = 0; k < OBJECTIVES; k++) {
    const ObjectiveKind *kind = OBJECTIVE[k];
    if (kind == &objective_ia3) continue; /* its lines have choices */
    snprintf(a, sizeof a, "one-%s", kind->name);
    snprintf(b, sizeof b, "two-%s", kind->name);
    CHECK(train(kind, a, false, NULL, err));
    CHECK(train(kind, b, false, LIST(both), err));
    snprintf(a, sizeof a, "one-%s/%s", kind->name, kind->result);
    snprintf(b, sizeof b, "two-%s/%s", kind->name, kind->result);
    assert_true(workspace_same(&space, a, b));
  }
  assert_true(workspace_same(&space, "one-base/spiece.model", "two-base/spiece.model"));
}

/* ---- weighed ---- */

typedef struct Stopper {
  volatile sig_atomic_t stop;
} Stopper;

static void stop_at_five(void *arg, const MetricsRow *row, int64_t steps) {
  (void)steps;
  if (row->step == 5) ((Stopper *)arg)->stop = 1;
}

static void a_mixture_is_resumed_to_the_byte(void **state) {
  char mixed[500], other[500];
  Error failure = {0};
  Stopper stopper = {0};
  TrainWatch watch = {&stopper, stop_at_five, NULL, &stopper.stop};
  (void)state;
  data(mixed, "data.train=[{file: %s/first.jsonl, weight: 4}, {file: %s/rest.jsonl, weight: 1}]");
  data(other, "data.train=[{file: %s/first.jsonl, weight: 3}, {file: %s/rest.jsonl, weight: 2}]");
  CHECK(train(&objective_gate, "mixed", false, LIST(mixed), err));
  CHECK(train(&objective_gate, "even", false, NULL, err));
  assert_false(workspace_same(&space, "mixed/gate.safetensors", "even/gate.safetensors"));
  assert_int_equal(
      workspace_train(&space, &objective_gate, "part", false, LIST(mixed), &watch, NULL, &failure),
      STATUS_INTERRUPTED);
  expect_refusal(STATUS_MISMATCH, "train: not what the run was started with", "part", true,
                 LIST(other));
  CHECK(train(&objective_gate, "part", true, LIST(mixed), err));
  assert_true(workspace_same(&space, "mixed/gate.safetensors", "part/gate.safetensors"));
  assert_true(workspace_same(&space, "mixed/report.json", "part/report.json"));
}

/* The cap of T5, and what draws as much by weights. */
static void a_cap_is_recorded_as_shares(void **state) {
  char both[500];
  (void)state;
  data(both, "data.train=[%s/first.jsonl, %s/rest.jsonl]");
  CHECK(train(&objective_gate, "capped", false, LIST(both, "data.mixture_cap=20"), err));
  char *record = read_whole("capped/run.yaml");
  char hash[HASH_HEX], want[500];
  CHECK(hash_file(workspace_path(&space, "rest.jsonl"), hash, err));
  snprintf(want, sizeof want,
           "# data.train: %s/rest.jsonl: 30 examples, 20 an epoch (50.0 %%), SHA-256 %s\n",
           space.dir, hash);
  if (!strstr(record, want)) fail_msg("%s lacks %s", record, want);
  assert_non_null(strstr(record, "# data.valid: "));
  free(record);
}

/* run.yaml is a configuration: the run it makes is the same. */
static void the_record_reads_back(void **state) {
  char mixed[500];
  OptionSet set = {0};
  RunSettings settings;
  TrainOutcome outcome;
  (void)state;
  data(mixed, "data.train=[{file: %s/first.jsonl, weight: 1}, {file: %s/rest.jsonl, weight: 9}]");
  CHECK(train(&objective_gate, "recorded", false, LIST(mixed), err));
  CHECK(settings_init(&set, &settings, &objective_gate, err));
  CHECK(options_read_file(&set, workspace_path(&space, "recorded/run.yaml"), err));
  char output[300];
  snprintf(output, sizeof output, "output=%s", workspace_path(&space, "again"));
  CHECK(options_assign(&set, output, err));
  CHECK(train_run(&set, &(TrainRequest){0}, NULL, &outcome, err));
  train_outcome_free(&outcome);
  options_free(&set);
  assert_true(workspace_same(&space, "recorded/gate.safetensors", "again/gate.safetensors"));
}

/* ---- validation ---- */

static void validation_is_of_all_its_files(void **state) {
  char valid[500], weighed[500];
  (void)state;
  data(valid, "data.valid=[%s/valid.jsonl, %s/first.jsonl]");
  data(weighed,
       "data.valid=[{file: %s/valid.jsonl, weight: 1}, {file: %s/first.jsonl, weight: 1}]");
  CHECK(train(&objective_gate, "valid", false, LIST(valid), err));
  char *report = read_whole("valid/report.json");
  assert_non_null(strstr(report, "\"examples\": 29,"));
  free(report);
  expect_refusal(STATUS_USAGE, "data.valid: weight: validation asks every example once", "none",
                 false, LIST(weighed));
}

/* Without validation the report is on what training draws first, of all files. */
static void the_report_is_of_all_files(void **state) {
  char both[500];
  (void)state;
  data(both, "data.train=[{file: %s/first.jsonl, weight: 1}, {file: %s/rest.jsonl, weight: 1}]");
  CHECK(train(&objective_gate, "unheld", false, LIST(both, "data.valid="), err));
  char *report = read_whole("unheld/report.json");
  assert_non_null(strstr(report, "\"examples\": 50,"));
  free(report);
}

static void refusals(void **state) {
  char mixed[500], tiny[500];
  (void)state;
  data(mixed, "data.train=[{file: %s/first.jsonl, weight: 1}, {file: %s/rest.jsonl, weight: 1}]");
  data(tiny, "data.train=[{file: %s/first.jsonl, weight: 1}, {file: %s/rest.jsonl, weight: 1e-6}]");
  expect_refusal(STATUS_USAGE, "has a weight, and there is a cap", "none", false,
                 LIST(mixed, "data.mixture_cap=5"));
  expect_refusal(STATUS_USAGE, "rest.jsonl: its weight gives it none of the 50 examples", "none",
                 false, LIST(tiny));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_files_are_as_one),
      cmocka_unit_test(a_mixture_is_resumed_to_the_byte),
      cmocka_unit_test(a_cap_is_recorded_as_shares),
      cmocka_unit_test(the_record_reads_back),
      cmocka_unit_test(validation_is_of_all_its_files),
      cmocka_unit_test(the_report_is_of_all_files),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, make_parts, remove_space);
}
