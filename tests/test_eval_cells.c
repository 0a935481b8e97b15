/* The cells of an evaluation: whole, taken over, damaged, interrupted. */
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

static void test_cells_are_whole(void **state) {
  Scratch *s = *state;
  EvalWatched w = eval_run_whole(s, EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose]\n", false);
  assert_int_equal(w.cells, 4);
  assert_int_equal(w.failed, 0);
  json_t *lines = eval_world_lines(s, "out/cells/phatgoose/who.jsonl"), *line;
  json_t *cell = eval_world_json(s, "out/cells/phatgoose/who.json");
  size_t i;
  int right = 0;
  json_array_foreach(lines, i, line) {
    json_int_t prediction = json_integer_value(json_object_get(line, "prediction"));
    json_int_t label = json_integer_value(json_object_get(line, "label"));
    assert_int_equal(json_array_size(json_object_get(line, "scores")), 2);
    assert_int_equal(json_is_true(json_object_get(line, "right")), prediction == label);
    right += prediction == label;
  }
  assert_int_equal(json_array_size(lines), 150);
  const json_t *first = json_array_get(json_object_get(cell, "scores"), 0);
  double score = json_real_value(json_object_get(first, "score"));
  assert_true(score > 100 * right / 150.0 - 1e-9 && score < 100 * right / 150.0 + 1e-9);
  assert_true(eval_world_has(s, "out/cells/phatgoose/say.routing.json"));
  assert_false(eval_world_has(s, "out/cells/base/say.routing.json"));
  assert_false(eval_world_has(s, "out/failures.jsonl"));
  json_decref(lines);
  json_decref(cell);
}

/* The labels of phatgoose, and those of a base that knows no experts. */
static void expect_labels(const json_t *of, const char *input, const char *training) {
  const json_t *labels = json_object_get(of, "labels");
  assert_int_equal(json_object_size(labels), 9);
  assert_string_equal(json_string_value(json_object_get(labels, "input_granularity")), input);
  assert_string_equal(json_string_value(json_object_get(labels, "expert_training")), training);
}

static void test_results_say_where_their_method_stands(void **state) {
  Scratch *s = *state;
  eval_run_whole(s, EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose, oracle]\n", false);
  json_t *base = eval_world_json(s, "out/cells/base/who.json");
  json_t *phatgoose = eval_world_json(s, "out/cells/phatgoose/who.json");
  json_t *table = eval_world_json(s, "out/table.json"), *method;
  expect_labels(base, "N/A", "N/A");
  expect_labels(phatgoose, "Step", "Custom");
  int routed = 0;
  size_t i;
  json_array_foreach(json_object_get(table, "methods"), i, method) {
    const char *name = json_string_value(json_object_get(method, "name"));
    const char *rule = json_string_value(json_object_get(method, "rule"));
    bool has = json_object_get(method, "labels") != NULL;
    assert_int_equal(has, strcmp(rule, "routed") == 0);
    routed += has;
    if (strcmp(name, "base") == 0) expect_labels(method, "N/A", "N/A");
    if (strcmp(name, "phatgoose") == 0) expect_labels(method, "Step", "Custom");
  }
  assert_in_range(routed, 2, json_array_size(json_object_get(table, "methods")) - 1);
  json_decref(base);
  json_decref(phatgoose);
  json_decref(table);
}

static void test_finished_cells_are_taken_over(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose]\n";
  eval_run_whole(s, TEXT, false);
  char *before = eval_world_read(s, "out/cells/base/who.json");
  char *table = eval_world_read(s, "out/table.csv");
  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 0);
  char *after = eval_world_read(s, "out/cells/base/who.json");
  char *again = eval_world_read(s, "out/table.csv");
  assert_string_equal(before, after);
  assert_string_equal(table, again);
  assert_int_equal(eval_run_whole(s, TEXT, true).cells, 4); /* by force */
  free(before);
  free(table);
  free(after);
  free(again);
}

/* What is not a whole cell is none. */
static void test_damaged_cells_compute_again(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose]\n";
  static const char *const GONE[] = {"out/cells/base/who.json", "out/cells/base/who.jsonl",
                                     "out/cells/phatgoose/say.routing.json"};
  eval_run_whole(s, TEXT, false);
  for (size_t i = 0; i < sizeof GONE / sizeof *GONE; i++) {
    assert_int_equal(unlink(scratch_path(s, GONE[i])), 0);
    assert_int_equal(eval_run_whole(s, TEXT, false).cells, 1);
    assert_true(eval_world_has(s, GONE[i]));
  }
  char *cell = eval_world_read(s, GONE[0]);
  scratch_write(s, GONE[0], cell, strlen(cell) / 2);
  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 1);
  char *score = strstr(cell, "\"score\": ");
  assert_non_null(score);
  memcpy(score, "\"scare\": ", 9);
  scratch_write(s, GONE[0], cell, strlen(cell));
  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 1);
  free(cell);
}

/* What is no cell is computed again; what cannot be read could not be written either. */
static void test_unreadable_cells_are_told(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [base]\n";
  char path[200];
  snprintf(path, sizeof path, "%s", scratch_path(s, "out/cells/base/who.json"));
  eval_run_whole(s, TEXT, false);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkdir(path, 0777), 0);
  EvalRun r;
  Error err = {0};
  Status status = eval_run_open(&r, s, TEXT, false, &err);
  expect_error("a directory", status, &err, STATUS_INPUT, "out/cells/base/who.json");
  eval_run_close(&r);
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 1);
}

static const char TWO[] = EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [phatgoose]\n";
static const char ONE[] =
    EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [{router: phatgoose, top_k: 1}]\n";

/* A cell that could not be finished leaves nothing that is taken for a part of another. */
static void test_parts_of_other_cells(void **state) {
  Scratch *s = *state;
  static const char TWO_WITHOUT[] =
      "statistics: false\n" EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [phatgoose]\n";
  char routing[200];
  snprintf(routing, sizeof routing, "%s", scratch_path(s, "out/cells/phatgoose/who.routing.json"));
  eval_run_whole(s, TWO, false);
  char *whole = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  assert_int_equal(unlink(routing), 0);
  assert_int_equal(unlink(scratch_path(s, "out/cells/phatgoose/who.json")), 0);
  assert_int_equal(mkdir(routing, 0777), 0);
  assert_int_equal(eval_run_whole(s, ONE, false).failed, 1);
  assert_int_equal(rmdir(routing), 0);
  eval_run_whole(s, TWO_WITHOUT, false);
  char *again = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  assert_string_equal(whole, again);
  free(whole);
  free(again);
}

/* Other settings take no finished cell away: what they replace is found again. */
static void test_cells_of_other_settings_stay(void **state) {
  Scratch *s = *state;
  static const char *const END[] = {".json", ".jsonl", ".routing.json"};
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
  eval_run_whole(s, TWO, false);
  char *before[3];
  for (int i = 0; i < 3; i++) {
    char name[100];
    snprintf(name, sizeof name, "out/cells/phatgoose/who%s", END[i]);
    before[i] = eval_world_read(s, name);
  }
  assert_int_equal(eval_run_whole(s, ONE, false).cells, 1);
  EvalRun r;
  Error err = {0};
  expect_ok("open", eval_run_open(&r, s, TWO, false, &err), &err);
  assert_int_equal(evaluation_count(&r.e, CELL_DONE), 1);
  assert_true(evaluation_cell(&r.e, 0, 0)->kept && evaluation_cell(&r.e, 0, 0)->displaces);
  eval_run_close(&r);
  assert_int_equal(eval_run_whole(s, TWO, false).cells, 0);
  assert_int_equal(eval_run_whole(s, ONE, false).cells, 0);
  assert_int_equal(eval_run_whole(s, TWO, false).cells, 0);
  for (int i = 0; i < 3; i++) {
    char name[100];
    snprintf(name, sizeof name, "out/cells/phatgoose/who%s", END[i]);
    char *after = eval_world_read(s, name);
    assert_string_equal(before[i], after);
    free(before[i]);
    free(after);
  }
}

/* A cell that cannot be kept is not replaced. */
static void test_what_cannot_be_kept_stays(void **state) {
  Scratch *s = *state;
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
  eval_run_whole(s, TWO, false);
  scratch_write(s, "out/kept", "", 0);
  EvalWatched w = eval_run_whole(s, ONE, false);
  assert_int_equal(w.failed, 1);
  assert_non_null(strstr(w.last_error, "out/kept"));
  assert_int_equal(unlink(scratch_path(s, "out/kept")), 0);
  assert_int_equal(eval_run_whole(s, TWO, false).cells, 0);
}

/* The first lines of the tasks' files are not what a limit keeps, and a larger one keeps more. */
static void test_a_limit_keeps_a_sample(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = "limit: %d\n" EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [base]\n";
  int seen[150] = {0}, beyond = 0;
  for (int limit = 20; limit <= 60; limit += 40) {
    char text[1000];
    snprintf(text, sizeof text, TEXT, limit);
    eval_run_whole(s, text, false);
    json_t *lines = eval_world_lines(s, "out/cells/base/who.jsonl"), *line;
    size_t i;
    int last = -1;
    assert_int_equal(json_array_size(lines), limit);
    json_array_foreach(lines, i, line) {
      int id = atoi(json_string_value(json_object_get(line, "id")));
      assert_true(id > last); /* in the order of the file */
      last = id;
      seen[id]++;
      beyond += id >= limit;
    }
    json_decref(lines);
  }
  int both = 0;
  for (int i = 0; i < 150; i++) both += seen[i] == 2;
  assert_int_equal(both, 20);
  assert_true(beyond > 20);
}

/* Statistics of another cell that lie where this one has none. */
static void test_statistics_of_other_cells(void **state) {
  Scratch *s = *state;
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
  static const char ONE_WITHOUT[] = "statistics: false\n" EVAL_HEAD "tasks:\n" EVAL_WHO
                                    "methods: [{router: phatgoose, top_k: 1}]\n";
  eval_run_whole(s, TWO, false);
  assert_int_equal(eval_run_whole(s, ONE_WITHOUT, false).cells, 1);
  assert_int_equal(eval_run_whole(s, ONE_WITHOUT, false).cells, 0);
  assert_int_equal(eval_run_whole(s, ONE, false).cells, 1);
}

static void test_interrupted(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose]\n";
  eval_run_whole(s, TEXT, false);
  char *whole = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  Error err = {0};
  expect_ok("clean", dir_remove(scratch_path(s, "out"), &err), &err);

  /* who: three blocks of items, say: two. The sixth call is in the third cell. */
  EvalRun r;
  EvalWatched w = {.stop_after = 6};
  expect_ok("open", eval_run_open(&r, s, TEXT, false, &err), &err);
  expect_error("run", eval_run_cells(&r, &w, &err), &err, STATUS_INTERRUPTED, "interrupted");
  eval_run_close(&r);
  assert_int_equal(w.cells, 2);
  assert_true(eval_world_has(s, "out/cells/base/say.json"));
  assert_false(eval_world_has(s, "out/cells/phatgoose/who.json"));
  assert_false(eval_world_has(s, "out/cells/phatgoose/who.jsonl"));

  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 2);
  char *resumed = eval_world_read(s, "out/cells/phatgoose/who.jsonl");
  assert_string_equal(resumed, whole);
  free(whole);
  free(resumed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cells_are_whole),
      cmocka_unit_test(test_results_say_where_their_method_stands),
      cmocka_unit_test(test_finished_cells_are_taken_over),
      cmocka_unit_test(test_damaged_cells_compute_again),
      cmocka_unit_test(test_unreadable_cells_are_told),
      cmocka_unit_test(test_parts_of_other_cells),
      cmocka_unit_test(test_cells_of_other_settings_stay),
      cmocka_unit_test(test_what_cannot_be_kept_stays),
      cmocka_unit_test(test_a_limit_keeps_a_sample),
      cmocka_unit_test(test_statistics_of_other_cells),
      cmocka_unit_test(test_interrupted),
  };
  return cmocka_run_group_tests(tests, eval_world_setup, scratch_teardown);
}
