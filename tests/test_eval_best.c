/* Which methods are marked as best: by what their items scored, written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/eval/eval_best.h"
#include "infer/eval/eval_lines.h"
#include "tests/eval_world.h"
#include "tests/testing.h"

enum { METHODS = 4 };

static const char SPEC[] =
    "base: @/base\npool: @/pool\noutput: @/out\n"
    "tasks:\n  - {name: a, file: x}\n  - {name: b, file: x}\n"
    "methods: [base, uniform, phatgoose, oracle]\n";

/* `right` has a letter an item: 1 or 0. */
static void set_items(EvalRun *r, Scratch *s, int method, int task, const char *right) {
  char name[100], text[4000] = "";
  int count = (int)strlen(right), score = 0;
  for (int i = 0; i < count; i++) {
    score += right[i] == '1';
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "{\"id\":\"%d\",\"metrics\":{\"accuracy\":%d.0}}\n", i, right[i] == '1' ? 100 : 0);
  }
  snprintf(name, sizeof name, "out/cells/%s", r->spec.method[method]->name);
  expect_ok(name, dir_make(scratch_path(s, name), NULL), &(Error){0});
  snprintf(name, sizeof name, "out/cells/%s/%s.jsonl", r->spec.method[method]->name,
           r->spec.task[task].name);
  scratch_write(s, name, text, strlen(text));
  EvalCell *cell = evaluation_cell(&r->e, method, task);
  *cell = (EvalCell){.state = CELL_DONE, .scores = 1, .items = count};
  cell->score[0] = (CellScore){METRIC_ACCURACY, 100.0 * score / count, {0, 100}};
}

static void open_run(EvalRun *r, Scratch *s) {
  Error err = {0};
  memset(r, 0, sizeof *r);
  snprintf(r->path, sizeof r->path, "%s", eval_world_file(s, "best.yaml", SPEC));
  expect_ok("spec", eval_spec_read(&r->spec, r->path, NULL, 0, false, &err), &err);
  r->e.spec = &r->spec;
  r->e.cell = calloc(METHODS * 2, sizeof *r->e.cell);
  r->e.items = calloc(2, sizeof *r->e.items); /* there are files behind it */
  assert_true(r->e.cell && r->e.items);
}

static void close_run(EvalRun *r) {
  free(r->e.items);
  free(r->e.cell);
  eval_spec_free(&r->spec);
}

static Status find_best(EvalRun *r, int tasks, bool best[METHODS], Error *err) {
  static const int METHOD[] = {0, 1, 2, 3}, TASK[] = {0, 1};
  static const bool ELIGIBLE[] = {true, true, true, false};
  EvalScored *scored;
  const BestOf of = {METHOD, ELIGIBLE, METHODS, TASK, tasks};
  TRY(eval_scored_new(&scored, &r->e, err));
  Status status = eval_best(scored, &of, best, err);
  eval_scored_free(scored);
  return status;
}

static void expect_best(EvalRun *r, const char *what, int tasks, const char *want) {
  bool best[METHODS];
  Error err = {0};
  expect_ok(what, find_best(r, tasks, best, &err), &err);
  for (int m = 0; m < METHODS; m++) {
    if (best[m] != (want[m] == '*'))
      fail_msg("%s: %s is%s marked", what, r->spec.method[m]->name, best[m] ? "" : " not");
  }
}

/* Of five items three or two right is luck. */
static void test_noise_is_not_best(void **state) {
  EvalRun r;
  open_run(&r, *state);
  static const char *const FEW[] = {"11100", "00011", "00000", "11111"};
  static const char *const NONE[] = {"0000000000", "0000000000", "0000000000", "1111111111"};
  for (int m = 0; m < METHODS; m++) set_items(&r, *state, m, 0, FEW[m]);
  expect_best(&r, "few items", 1, "....");
  for (int m = 0; m < METHODS; m++) set_items(&r, *state, m, 0, NONE[m]);
  expect_best(&r, "nothing right", 1, "....");
  close_run(&r);
}

/* Ten wins and no loss: p = 2 / 2^10, twice that after the correction for two. */
static void test_a_difference_is(void **state) {
  EvalRun r;
  open_run(&r, *state);
  static const char *const CLEAR[] = {"000000000000", "111111111100", "000000000010",
                                      "111111111111"};
  for (int m = 0; m < METHODS; m++) set_items(&r, *state, m, 0, CLEAR[m]);
  expect_best(&r, "ten wins", 1, ".*..");
  set_items(&r, *state, 0, 0, CLEAR[1]);
  expect_best(&r, "two that answer alike", 1, "**..");
  set_items(&r, *state, 0, 0, "011111111110");
  expect_best(&r, "two as good on other items", 1, "....");
  set_items(&r, *state, 0, 0, "111111000000"); /* four wins: p = 1 / 8 */
  expect_best(&r, "one that may be as good", 1, "....");
  evaluation_cell(&r.e, 0, 0)->state = CELL_FAILED;
  expect_best(&r, "without the one that failed", 1, ".*..");
  close_run(&r);
}

/* Six wins: p = 2 / 2^6, which is below 5 % alone and not after the correction for two. */
static void test_many_are_corrected(void **state) {
  EvalRun r;
  open_run(&r, *state);
  static const char *const SIX[] = {"000000", "111111", "000000", "111111"};
  for (int m = 0; m < METHODS; m++) set_items(&r, *state, m, 0, SIX[m]);
  expect_best(&r, "six wins over two", 1, "....");
  evaluation_cell(&r.e, 2, 0)->state = CELL_FAILED;
  expect_best(&r, "six wins over one", 1, ".*..");
  close_run(&r);
}

/* The mean of two tasks of which neither tells enough. */
static void test_means_see_all_items(void **state) {
  EvalRun r;
  open_run(&r, *state);
  static const char *const FIVE[] = {"00000", "11111", "00000", "11111"};
  for (int m = 0; m < METHODS; m++) {
    for (int t = 0; t < 2; t++) set_items(&r, *state, m, t, FIVE[m]);
  }
  expect_best(&r, "one task", 1, "....");
  expect_best(&r, "two tasks", 2, ".*..");
  close_run(&r);
}

static void test_a_file_of_another_cell(void **state) {
  EvalRun r;
  Error err = {0};
  bool best[METHODS];
  open_run(&r, *state);
  for (int m = 0; m < METHODS; m++) set_items(&r, *state, m, 0, "111111111100");
  evaluation_cell(&r.e, 1, 0)->items = 13;
  expect_error("lines", find_best(&r, 1, best, &err), &err, STATUS_INPUT,
               "a.jsonl: has 12 lines, and its cell is of 13 items");
  close_run(&r);
}

static void test_lines_that_do_not_say_it(void **state) {
  static const char *const CASES[][2] = {
      {"{\"id\": \"0\"}", "line 1: metrics"},
      {"{\"metrics\": {\"accuracy\": 101}}", "line 1: accuracy"},
      {"{\"metrics\": {\"accuracy\": \"1\"}}", "line 1: accuracy"},
      {"{\"metrics\": {\"bleu\": 1}}", "line 1: accuracy"},
      {"{\"metrics\": {\"accuracy\": 1}}", "line 1: id"},
      {"[]", "line 1"},
      {"{\"id\": \"0\", \"metrics\": {\"accuracy\": 1}}\n{", "line 2"},
  };
  static const char *const SUMS[] = {"",
                                     "\"sums\": {\"bleu\": [1, 2]}",
                                     "\"sums\": {\"bleu\": [1,2,3,4,5,6,7,8,9,10,-1]}",
                                     "\"sums\": {\"bleu\": [1,2,3,4,5,6,7,8,9,10,null]}",
                                     "\"sums\": {\"bleu\": [2,5,6,4,3,2,1,5,4,3,2]}",
                                     "\"sums\": {\"bleu\": [1,5,6,4,3,2,1,5,4,3,0]}",
                                     "\"sums\": {\"bleu\": [1,4,6,4,3,2,1,5,4,3,2]}"};
  EvalLines lines;
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    const char *path = scratch_write(*state, "lines.jsonl", CASES[i][0], strlen(CASES[i][0]));
    expect_error(CASES[i][0], eval_lines_read(&lines, path, METRIC_ACCURACY, true, &err), &err,
                 STATUS_INPUT, CASES[i][1]);
    eval_lines_free(&lines);
  }
  for (size_t i = 0; i < sizeof SUMS / sizeof *SUMS; i++) {
    Error err = {0};
    char text[100];
    snprintf(text, sizeof text, "{%s}", SUMS[i]);
    const char *path = scratch_write(*state, "lines.jsonl", text, strlen(text));
    expect_error(text, eval_lines_read(&lines, path, METRIC_BLEU, false, &err), &err, STATUS_INPUT,
                 "line 1: ");
    eval_lines_free(&lines);
  }
}

/* What is written of an item is what is read. */
static void test_lines_are_read_back(void **state) {
  static const Metric METRIC[] = {METRIC_ROUGE_L, METRIC_BLEU};
  const MetricSums sums[] = {{{1, 0.25}}, {{1, 5, 6, 4, 3, 2, 1, 5, 4, 3, 2}}};
  json_t *line = json_pack("{s:s}", "id", "é1");
  EvalLines lines;
  Error err = {0};
  eval_lines_put(&line, METRIC, sums, 2);
  char *text = json_dumps(line, JSON_COMPACT);
  assert_non_null(text);
  const char *path = scratch_write(*state, "lines.jsonl", text, strlen(text));
  for (int k = 0; k < 2; k++) {
    expect_ok(path, eval_lines_read(&lines, path, METRIC[k], true, &err), &err);
    assert_int_equal(lines.count, 1);
    assert_string_equal(lines.id[0], "é1");
    assert_memory_equal(&lines.sums[0], &sums[k], sizeof sums[k]);
    eval_lines_free(&lines);
  }
  free(text);
  json_decref(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_noise_is_not_best),
      cmocka_unit_test(test_a_difference_is),
      cmocka_unit_test(test_many_are_corrected),
      cmocka_unit_test(test_means_see_all_items),
      cmocka_unit_test(test_a_file_of_another_cell),
      cmocka_unit_test(test_lines_that_do_not_say_it),
      cmocka_unit_test(test_lines_are_read_back),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
