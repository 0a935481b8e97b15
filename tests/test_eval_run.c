/* Evaluations of a small pool: cells, resuming, failing, choosing, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/eval_world.h"

static int world_setup(void **state) {
  if (scratch_setup(state) != 0) return -1;
  eval_world(*state);
  return 0;
}

#define HEAD "pool: @/pool\nbase: @/base\noutput: @/out\nthreads: 1\nbootstrap: {samples: 50}\n"
#define WHO  "  - {name: who, file: @/who.jsonl, expert: deep}\n"
#define SAY                                                            \
  "  - {name: say, group: talk, file: @/say.jsonl, kind: generation, " \
  "metrics: [exact_match_multi, rougeL], max_output: 4, limit: 70}\n"
#define TASKS "tasks:\n" WHO SAY

/* ---- watching ---- */

typedef struct Watched {
  int cells, failed, calls;
  int stop_after; /* calls of `items`; 0: never */
  volatile sig_atomic_t stop;
  char last_error[ERROR_TEXT];
} Watched;

static void on_items(void *arg, const EvalTask *task, const EvalMethod *method, int64_t done,
                     int64_t total) {
  Watched *w = arg;
  (void)task;
  (void)method;
  assert_true(done > 0 && done <= total);
  if (++w->calls == w->stop_after) w->stop = 1;
}

static void on_cell(void *arg, const EvalTask *task, const EvalMethod *method,
                    const EvalCell *cell) {
  Watched *w = arg;
  (void)task;
  (void)method;
  w->cells++;
  if (cell->state != CELL_FAILED) return;
  w->failed++;
  memcpy(w->last_error, cell->error, sizeof w->last_error);
}

static Status run_cells(EvalRun *r, Watched *w, Error *err) {
  const EvalWatch watch = {w, on_items, on_cell, &w->stop};
  return evaluation_run(&r->e, &watch, err);
}

static bool is_there(Scratch *s, const char *name) {
  return access(scratch_path(s, name), F_OK) == 0;
}

/* Runs to the end, writes the tables, and says what was computed. */
static Watched run_whole(Scratch *s, const char *text, bool force) {
  EvalRun r;
  Error err = {0};
  Watched w = {0};
  expect_ok("open", eval_run_open(&r, s, text, force, &err), &err);
  expect_ok("run", run_cells(&r, &w, &err), &err);
  expect_ok("tables", eval_table_write(&r.e, &err), &err);
  eval_run_close(&r);
  return w;
}

/* ---- cells ---- */

static void test_cells_are_whole(void **state) {
  Scratch *s = *state;
  Watched w = run_whole(s, HEAD TASKS "methods: [base, phatgoose]\n", false);
  assert_int_equal(w.cells, 4);
  assert_int_equal(w.failed, 0);
  char *lines = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  char *cell = eval_world_read(s, "out/cells/phatgoose/who.json"), *rest = lines;
  int count = 0, right = 0;
  for (char *line; (line = strsep(&rest, "\n")) && *line; count++) {
    int prediction, label;
    assert_non_null(strstr(line, "\"scores\":["));
    assert_int_equal(sscanf(strstr(line, "\"prediction\":"), "\"prediction\":%d", &prediction), 1);
    assert_int_equal(sscanf(strstr(line, "\"label\":"), "\"label\":%d", &label), 1);
    assert_int_equal(strstr(line, "\"right\":true") != NULL, prediction == label);
    right += prediction == label;
  }
  assert_int_equal(count, 150);
  double score;
  assert_int_equal(sscanf(strstr(cell, "\"score\": "), "\"score\": %lf", &score), 1);
  assert_true(score > 100 * right / 150.0 - 1e-9 && score < 100 * right / 150.0 + 1e-9);
  assert_true(is_there(s, "out/cells/phatgoose/say.routing.json"));
  assert_false(is_there(s, "out/cells/base/say.routing.json"));
  assert_false(is_there(s, "out/failures.jsonl"));
  free(lines);
  free(cell);
}

static void test_finished_cells_are_taken_over(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD TASKS "methods: [base, phatgoose]\n";
  run_whole(s, TEXT, false);
  char *before = eval_world_read(s, "out/cells/base/who.json");
  char *table = eval_world_read(s, "out/table.csv");
  assert_int_equal(run_whole(s, TEXT, false).cells, 0);
  char *after = eval_world_read(s, "out/cells/base/who.json");
  char *again = eval_world_read(s, "out/table.csv");
  assert_string_equal(before, after);
  assert_string_equal(table, again);
  assert_int_equal(run_whole(s, TEXT, true).cells, 4); /* by force */
  free(before);
  free(table);
  free(after);
  free(again);
}

/* What each change makes to be computed again, of base and phatgoose on two tasks. */
static void test_changes_compute_again(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *what, *text;
    int cells;
  } CASES[] = {
      {"nothing", HEAD TASKS "methods: [base, phatgoose]\n", 0},
      {"threads and batches",
       "pool: @/pool\nbase: @/base\noutput: @/out\nthreads: 2\nbatch_tokens: 100\n"
       "bootstrap: {samples: 50}\n" TASKS "methods: [base, phatgoose]\n",
       0},
      {"a setting that phatgoose does not read",
       HEAD TASKS "methods: [base, {router: phatgoose, global.scale: 9}]\n", 0},
      {"a setting that phatgoose reads",
       HEAD TASKS "methods: [base, {router: phatgoose, top_k: 1}]\n", 2},
      {"the limit of a task",
       HEAD "tasks:\n" WHO "  - {name: say, group: talk, file: @/say.jsonl, kind: generation, "
            "metrics: [exact_match_multi, rougeL], max_output: 4, limit: 60}\n"
            "methods: [base]\n",
       1},
      {"the metrics of a task",
       HEAD "tasks:\n" WHO "  - {name: say, group: talk, file: @/say.jsonl, kind: generation, "
            "metrics: [rougeL], max_output: 4, limit: 60}\n"
            "methods: [base]\n",
       1},
  };
  run_whole(s, HEAD TASKS "methods: [base, phatgoose]\n", false);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Watched w = run_whole(s, CASES[i].text, false);
    if (w.cells != CASES[i].cells)
      fail_msg("%s: %d cells were computed, want %d", CASES[i].what, w.cells, CASES[i].cells);
  }
}

static void test_changed_items_compute_again(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD "tasks:\n" WHO "methods: [base]\n";
  run_whole(s, TEXT, false);
  eval_world_file(s, "who.jsonl",
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"], \"label\": 0}\n");
  assert_int_equal(run_whole(s, TEXT, false).cells, 1);
  eval_world(s);
}

/* What is not a whole cell is none. */
static void test_damaged_cells_compute_again(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD TASKS "methods: [base, phatgoose]\n";
  static const char *const GONE[] = {"out/cells/base/who.json", "out/cells/base/who.jsonl",
                                     "out/cells/phatgoose/say.routing.json"};
  run_whole(s, TEXT, false);
  for (size_t i = 0; i < sizeof GONE / sizeof *GONE; i++) {
    assert_int_equal(unlink(scratch_path(s, GONE[i])), 0);
    assert_int_equal(run_whole(s, TEXT, false).cells, 1);
    assert_true(is_there(s, GONE[i]));
  }
  char *cell = eval_world_read(s, GONE[0]);
  scratch_write(s, GONE[0], cell, strlen(cell) / 2);
  assert_int_equal(run_whole(s, TEXT, false).cells, 1);
  char *score = strstr(cell, "\"score\": ");
  assert_non_null(score);
  memcpy(score, "\"scare\": ", 9);
  scratch_write(s, GONE[0], cell, strlen(cell));
  assert_int_equal(run_whole(s, TEXT, false).cells, 1);
  free(cell);
}

/* What is no cell is computed again; what cannot be read could not be written either. */
static void test_unreadable_cells_are_told(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD "tasks:\n" WHO "methods: [base]\n";
  char path[200];
  snprintf(path, sizeof path, "%s", scratch_path(s, "out/cells/base/who.json"));
  run_whole(s, TEXT, false);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkdir(path, 0777), 0);
  EvalRun r;
  Error err = {0};
  Status status = eval_run_open(&r, s, TEXT, false, &err);
  expect_error("a directory", status, &err, STATUS_INPUT, "out/cells/base/who.json");
  eval_run_close(&r);
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(run_whole(s, TEXT, false).cells, 1);
}

static void test_interrupted(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD TASKS "methods: [base, phatgoose]\n";
  run_whole(s, TEXT, false);
  char *whole = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  Error err = {0};
  expect_ok("clean", dir_remove(scratch_path(s, "out"), &err), &err);

  /* who: three blocks of items, say: two. The sixth call is in the third cell. */
  EvalRun r;
  Watched w = {.stop_after = 6};
  expect_ok("open", eval_run_open(&r, s, TEXT, false, &err), &err);
  expect_error("run", run_cells(&r, &w, &err), &err, STATUS_INTERRUPTED, "interrupted");
  eval_run_close(&r);
  assert_int_equal(w.cells, 2);
  assert_true(is_there(s, "out/cells/base/say.json"));
  assert_false(is_there(s, "out/cells/phatgoose/who.json"));
  assert_false(is_there(s, "out/cells/phatgoose/who.jsonl"));

  assert_int_equal(run_whole(s, TEXT, false).cells, 2);
  char *resumed = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  assert_string_equal(resumed, whole);
  free(whole);
  free(resumed);
}

/* ---- failing ---- */

static void test_failed_cells_have_no_score(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = HEAD TASKS "methods: [base, average-activation]\n";
  Watched w = run_whole(s, TEXT, false);
  assert_int_equal(w.failed, 2);
  assert_non_null(strstr(w.last_error, "activation"));
  assert_false(is_there(s, "out/cells/average-activation/who.json"));
  char *failures = eval_world_read(s, "out/failures.jsonl");
  assert_non_null(
      strstr(failures, "{\"task\":\"who\",\"method\":\"average-activation\",\"error\":"));
  char *csv = eval_world_read(s, "out/table.csv");
  assert_non_null(strstr(csv, "who,all,average-activation,accuracy,,,,,,,failed\n"));
  assert_int_equal(run_whole(s, TEXT, false).cells, 2); /* tried again */
  run_whole(s, HEAD TASKS "methods: [base]\n", false);
  assert_false(is_there(s, "out/failures.jsonl"));
  free(failures);
  free(csv);
}

/* A damaged gate of one expert fails what reads it and nothing else. */
static void test_one_damaged_gate(void **state) {
  Scratch *s = *state;
  char *gate = strdup(scratch_path(s, "pool/experts/deep/gate.safetensors"));
  Error err = {0};
  assert_int_equal(truncate(gate, 100), 0);
  EvalRun r;
  Status status = eval_run_open(&r, s, HEAD TASKS "methods: [base, phatgoose]\n", true, &err);
  expect_error("a damaged gate", status, &err, STATUS_INPUT, "deep/gate.safetensors");
  eval_run_close(&r);
  free(gate);
  expect_ok("clean", dir_remove(scratch_path(s, "pool"), NULL), &(Error){0});
  eval_world(s);
}

/* ---- rules ---- */

static double score_of(const EvalRun *r, const char *method, int task) {
  for (int m = 0; m < r->spec.methods; m++) {
    if (strcmp(r->spec.method[m]->name, method) != 0) continue;
    const EvalCell *cell = evaluation_cell(&r->e, m, task);
    assert_int_equal(cell->state, CELL_DONE);
    return cell->score[0].score;
  }
  fail_msg("no method %s", method);
  return 0;
}

static const EvalCell *cell_of(const EvalRun *r, int method, int task) {
  return evaluation_cell(&r->e, method, task);
}

static void test_rules_choose(void **state) {
  Scratch *s = *state;
  static const char *const EXPERT[] = {"expert-wide", "expert-some", "expert-deep"};
  EvalRun r;
  Watched w = {0};
  Error err = {0};
  expect_ok("open",
            eval_run_open(&r, s, HEAD TASKS "methods: [oracle, best-individual]\n", false, &err),
            &err);
  expect_ok("run", run_cells(&r, &w, &err), &err);
  assert_int_equal(w.cells, 6);                           /* three experts on two tasks */
  assert_string_equal(cell_of(&r, 0, 0)->expert, "deep"); /* the task's own */
  assert_true(cell_of(&r, 0, 0)->score[0].score == score_of(&r, "expert-deep", 0));
  double most = 0, mean = -1;
  int best = -1;
  for (int x = 0; x < 3; x++) {
    double say = score_of(&r, EXPERT[x], 1), sum = score_of(&r, EXPERT[x], 0) + say;
    if (say > most) most = say;
    if (sum > mean) mean = sum, best = x;
  }
  assert_true(cell_of(&r, 0, 1)->score[0].score == most);
  assert_string_equal(cell_of(&r, 1, 0)->expert, EXPERT[best] + 7);
  assert_string_equal(cell_of(&r, 1, 1)->expert, EXPERT[best] + 7);
  eval_run_close(&r);
}

/* The oracle of a task with its own expert needs that one alone. */
static void test_oracle_asks_no_more_than_it_needs(void **state) {
  Scratch *s = *state;
  Watched w = run_whole(s, HEAD "tasks:\n" WHO "methods: [oracle]\n", true);
  assert_int_equal(w.cells, 1);
  assert_true(is_there(s, "out/cells/expert-deep/who.json"));
}

/* A part of the pool routes as a pool of these experts does. */
static void test_only_a_part_of_the_pool(void **state) {
  Scratch *s = *state;
  run_whole(s,
            HEAD "tasks:\n" WHO
                 "methods: [{name: one, router: phatgoose, top_k: 1, only: [deep]}, "
                 "{expert: deep}, {name: act, router: average-activation, top_k: 1, only: wide}]\n",
            false);
  char *part = eval_world_read(s, "out/cells/one/who.jsonl");
  char *alone = eval_world_read(s, "out/cells/expert-deep/who.jsonl");
  int same = 0, count = 0;
  for (char *a = part, *b = alone; a && b && *a && *b; count++) {
    int x, y;
    assert_int_equal(sscanf(strstr(a, "\"prediction\":"), "\"prediction\":%d", &x), 1);
    assert_int_equal(sscanf(strstr(b, "\"prediction\":"), "\"prediction\":%d", &y), 1);
    same += x == y;
    a = strchr(a, '\n') + 1;
    b = strchr(b, '\n') + 1;
  }
  assert_int_equal(count, 150);
  assert_int_equal(same, 150);
  assert_true(is_there(s, "out/cells/act/who.json"));
  free(part);
  free(alone);
}

/* ---- refused before anything is computed ---- */

static void test_refusals(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *text;
    Status status;
    const char *words;
  } CASES[] = {
      {HEAD "tasks:\n" WHO "methods: [{router: phatgoose, top_k: 4}]\n", STATUS_USAGE,
       "eval.yaml:8:11: method phatgoose: |top_k: is 4|has 3 experts"},
      {HEAD "tasks:\n" WHO "methods: [{router: phatgoose, top_k: 2, only: [deep]}]\n", STATUS_USAGE,
       "top_k: is 2|has 1 expert"},
      {HEAD "tasks:\n" WHO "methods: [{expert: deap}]\n", STATUS_USAGE, "deap|did you mean 'deep'"},
      {HEAD "tasks:\n" WHO "methods: [{router: merged, only: [deep, wade]}]\n", STATUS_USAGE,
       "wade|did you mean 'wide'"},
      {HEAD "tasks:\n  - {name: who, file: @/who.jsonl, expert: sone}\nmethods: [base]\n",
       STATUS_USAGE, "eval.yaml:7:5: task who: expert: |did you mean 'some'"},
      {HEAD "tasks:\n  - {name: say, file: @/say.jsonl}\nmethods: [base]\n", STATUS_INPUT,
       "say.jsonl|item 0|choices"},
      {HEAD "tasks:\n  - {name: a, file: @/no-label.jsonl}\nmethods: [base]\n", STATUS_INPUT,
       "no-label.jsonl|item 1|label"},
      {HEAD "tasks:\n  - {name: a, file: @/no-label.jsonl, kind: generation}\nmethods: [base]\n",
       STATUS_INPUT, "no-label.jsonl|item 0|target"},
      {HEAD "tasks:\n  - {name: a, file: @/nowhere.jsonl}\nmethods: [base]\n", STATUS_INPUT,
       "nowhere.jsonl"},
      {"base: @/base\noutput: @/out\ntasks:\n" WHO "methods: [base, merged]\n", STATUS_USAGE,
       "method merged|pool"},
      {"base: @/base\noutput: @/out\ntasks:\n" WHO "methods: [oracle]\n", STATUS_USAGE,
       "method oracle|pool"},
      {"pool: @/pool\noutput: @/out\ntasks:\n" WHO "methods: [base]\n", STATUS_INPUT, "tiny|base"},
      {HEAD "tasks:\n" WHO "methods: [oracle, {name: expert-deep, router: merged}]\n", STATUS_USAGE,
       "method expert-deep|oracle"},
  };
  dir_remove(scratch_path(s, "out"), NULL);
  eval_world_file(s, "no-label.jsonl",
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"], \"label\": 0}\n"
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"]}\n");
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    EvalRun r;
    Error err = {0};
    Status status = eval_run_open(&r, s, CASES[i].text, false, &err);
    expect_error(CASES[i].text, status, &err, CASES[i].status, CASES[i].words);
    eval_run_close(&r);
    assert_false(is_there(s, "out"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_cells_are_whole),
      cmocka_unit_test(test_finished_cells_are_taken_over),
      cmocka_unit_test(test_changes_compute_again),
      cmocka_unit_test(test_changed_items_compute_again),
      cmocka_unit_test(test_damaged_cells_compute_again),
      cmocka_unit_test(test_unreadable_cells_are_told),
      cmocka_unit_test(test_interrupted),
      cmocka_unit_test(test_failed_cells_have_no_score),
      cmocka_unit_test(test_one_damaged_gate),
      cmocka_unit_test(test_rules_choose),
      cmocka_unit_test(test_oracle_asks_no_more_than_it_needs),
      cmocka_unit_test(test_only_a_part_of_the_pool),
  };
  return cmocka_run_group_tests(tests, world_setup, scratch_teardown);
}
