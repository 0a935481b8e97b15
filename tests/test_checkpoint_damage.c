/* Damaged checkpoints: skipped with one line that names the file, or continued from exactly what
 * was saved; never the numbers of another step. The sanitizers and valgrind watch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/damage.h"
#include "train/checkpoint.h"

enum { ROUNDS = 1000, COLS = 6, OLDER = 7, NEWER = 40 };

#define FOLDER   "step-00000040/"
#define MANIFEST FOLDER "manifest.json"
#define STATE    FOLDER "state.safetensors"

static const char *const PIECES[] = {"null",
                                     "true",
                                     "-1",
                                     "0",
                                     "7",
                                     "1e999",
                                     "99999999999999999999",
                                     "\"\"",
                                     "[]",
                                     "{}",
                                     "\"",
                                     ":",
                                     ",",
                                     "\\n",
                                     "\\",
                                     "\xff",
                                     "\n",
                                     "1e300",
                                     "\\\\",
                                     "step",
                                     "\\u000a",
                                     "\\u009b",
                                     "2",
                                     "false",
                                     "state",
                                     "NaN",
                                     "F16",
                                     ".m",
                                     ".v",
                                     "[0,6]",
                                     "[6,1]",
                                     "v",
                                     "[3]",
                                     "9223372036854775807",
                                     "40.0"};

/* A run of one parameter, whose values and moments tell the step that they are of. */
typedef struct Run {
  Tensor values;
  Param param;
  TrainState state;
  RunIdentity identity;
  int notes;
  char skipped[ERROR_TEXT]; /* the note about a checkpoint that is not used; "" */
} Run;

static void fill_values(Run *r, int64_t step) {
  for (int i = 0; i < COLS; i++) {
    r->values.data[i] = (float)(step + i);
    r->param.m[i] = (float)(step + 100 + i);
    r->param.v[i] = (float)(step + 200 + i);
  }
}

static void expect_values(const Run *r, int64_t step, bool moments) {
  for (int i = 0; i < COLS; i++) {
    assert_true(r->values.data[i] == (float)(step + i));
    assert_true(!moments || r->param.m[i] == (float)(step + 100 + i));
    assert_true(!moments || r->param.v[i] == (float)(step + 200 + i));
  }
}

static Snapshot snapshot(Run *r) {
  return (Snapshot){&r->state, &r->identity, &r->param, 1};
}

static void save_step(Run *r, const char *dir, int64_t step) {
  Error err = {0};
  Snapshot of = snapshot(r);
  r->state = (TrainState){.step = step,
                          .updates = step - 2,
                          .skipped = 2,
                          .skipped_in_a_row = 1,
                          .best_step = OLDER,
                          .best_loss = 2.5,
                          .stale_evals = 3,
                          .seconds = 12.25};
  fill_values(r, step);
  expect_ok("save", checkpoint_save(dir, &of, &err), &err);
}

static void open_run(Run *r, const char *dir) {
  Error err = {0};
  *r = (Run){.identity = {.settings = strdup("train.steps=100\ntrain.seed=7\n")}};
  char *const hash[] = {r->identity.base, r->identity.expert, r->identity.tokenizer,
                        r->identity.train, r->identity.valid};
  for (size_t i = 0; i < sizeof hash / sizeof *hash; i++) memset(hash[i], 'a', HASH_HEX - 1);
  expect_ok("values", tensor_create(&r->values, 1, COLS, true, &err), &err);
  r->param = (Param){.name = "v", .tensor = &r->values};
  expect_ok("moments", params_init(&r->param, 1, &err), &err);
  save_step(r, dir, OLDER);
  save_step(r, dir, NEWER);
}

static void close_run(Run *r) {
  params_free(&r->param, 1);
  tensor_destroy(&r->values);
  free(r->identity.settings);
}

static void keep_note(void *arg, const char *line) {
  Run *r = arg;
  r->notes++;
  for (const char *p = line; *p; p++) {
    if ((unsigned char)*p < 0x20) fail_msg("a control byte in the note '%s'", line);
  }
  if (strstr(line, "cannot be used")) snprintf(r->skipped, sizeof r->skipped, "%s", line);
}

static void check_counters(const TrainState *s) {
  assert_true(s->updates >= 0 && s->skipped >= 0 && s->updates + s->skipped == s->step);
  assert_true(s->skipped_in_a_row >= 0 && s->skipped_in_a_row <= s->skipped);
  assert_true(s->best_step >= -1 && s->best_step <= s->step && s->stale_evals >= 0);
  assert_true(isfinite(s->best_loss) && isfinite(s->seconds) && s->seconds >= 0);
}

/* The run goes on from the newer step, or the newer one is skipped and it goes on from the older
 * one: then the note about it is the refusal. */
static Status resume_run(const char *dir, void *arg, Error *err) {
  Run *r = arg;
  Snapshot into = snapshot(r);
  int64_t planned;
  r->skipped[0] = '\0';
  fill_values(r, 0);
  TRY(checkpoint_resume(dir, &into, (NoteTaker){keep_note, r}, &planned, err));
  check_counters(&r->state);
  assert_int_equal(r->state.step, *r->skipped ? OLDER : NEWER);
  expect_values(r, r->state.step, true);
  return *r->skipped ? error_set(err, STATUS_INPUT, "%s", r->skipped) : STATUS_OK;
}

static Status load_values(const char *dir, void *arg, Error *err) {
  Run *r = arg;
  Snapshot into = snapshot(r);
  fill_values(r, 0);
  TRY(checkpoint_load_values(dir, NEWER, &into, err));
  expect_values(r, NEWER, false);
  return STATUS_OK;
}

static Damage damage_of(const char *file, Status (*read)(const char *, void *, Error *), Run *r) {
  return (Damage){.file = file,
                  .piece = PIECES,
                  .pieces = sizeof PIECES / sizeof *PIECES,
                  .rounds = ROUNDS,
                  .read = read,
                  .arg = r};
}

static void a_checkpoint_is_survived(void **state) {
  Scratch *s = *state;
  static const char *const FILES[] = {MANIFEST, STATE};
  Run r;
  open_run(&r, s->dir);
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
    Damage d = damage_of(FILES[i], resume_run, &r);
    damage_file(s, &d);
    d = damage_of(FILES[i], load_values, &r);
    damage_file(s, &d);
  }
  close_run(&r);
}

/* ---- what damage has found ---- */

/* A manifest that speaks of another step led to the values of that one. */
static void the_step_is_that_of_the_folder(void **state) {
  Scratch *s = *state;
  Run r;
  open_run(&r, s->dir);
  Damage d = damage_of(MANIFEST, resume_run, &r);
  static const char *const CASES[][3] = {
      {"\"step\": 40,\n  \"updates\": 38", "\"step\": 7, \"updates\": 5",
       "manifest.json: step: is 7, the folder says 40"},
      {"\"step\": 40", "\"step\": 41", "manifest.json: updates"},
      {"\"updates\": 38", "\"updates\": 83", "manifest.json: updates"},
      {"\"skipped\": 2", "\"skipped\": 9223372036854775807", "manifest.json: updates"},
      {"\"skipped_in_a_row\": 1", "\"skipped_in_a_row\": 3", "manifest.json: skipped_in_a_row"},
      {"\"best_step\": 7", "\"best_step\": 70", "manifest.json: best_step"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    Status got = damage_by_hand(s, &d, (Change){CASES[i][0], CASES[i][1], 0}, &err);
    expect_error(CASES[i][1], got, &err, STATUS_INPUT, CASES[i][2]);
  }
  close_run(&r);
}

/* The values of the best step became the result without a look at their hash. */
static void values_are_checked_before_they_are_a_result(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Run r;
  open_run(&r, s->dir);
  Damage d = damage_of(STATE, load_values, &r);
  Status got = damage_by_hand(s, &d, (Change){"\0\0\x20\x42", "\0\0\x20\x43", 4}, &err);
  expect_error("40 as 160", got, &err, STATUS_INPUT, "state.safetensors: damaged");
  close_run(&r);
}

/* The name of the kernels, which a note tells, could hold the bytes of a terminal's commands. */
static void notes_are_one_line(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Run r;
  open_run(&r, s->dir);
  Damage d = damage_of(MANIFEST, resume_run, &r);
  const Change change = {"\"kernel\": \"", "\"kernel\": \"\\u001b[2J\\n", 0};
  expect_ok("kernel", damage_by_hand(s, &d, change, &err), &err);
  assert_int_equal(r.notes, 1);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_checkpoint_is_survived),
      cmocka_unit_test(the_step_is_that_of_the_folder),
      cmocka_unit_test(values_are_checked_before_they_are_a_result),
      cmocka_unit_test(notes_are_one_line),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
