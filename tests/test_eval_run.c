/* Evaluations of a small pool: failing, choosing, a part of the pool, and what is refused. */
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
#include "tests/tiny_pool.h"

/* ---- failing ---- */

static void test_failed_cells_have_no_score(void **state) {
  Scratch *s = *state;
  static const char TEXT[] = EVAL_HEAD EVAL_TASKS "methods: [base, average-activation]\n";
  EvalWatched w = eval_run_whole(s, TEXT, false);
  assert_int_equal(w.failed, 2);
  assert_non_null(strstr(w.last_error, "activation"));
  assert_false(eval_world_has(s, "out/cells/average-activation/who.json"));
  char *failures = eval_world_read(s, "out/failures.jsonl");
  assert_non_null(
      strstr(failures, "{\"task\":\"who\",\"method\":\"average-activation\",\"error\":"));
  char *csv = eval_world_read(s, "out/table.csv");
  assert_non_null(strstr(csv, "who,all,average-activation,accuracy,,,,,,failed,0,,,,,,,Custom,"));
  assert_int_equal(eval_run_whole(s, TEXT, false).cells, 2); /* tried again */
  eval_run_whole(s, EVAL_HEAD EVAL_TASKS "methods: [base]\n", false);
  assert_false(eval_world_has(s, "out/failures.jsonl"));
  free(failures);
  free(csv);
}

/* A damaged gate of one expert fails what reads it and nothing else. */
static void test_one_damaged_gate(void **state) {
  Scratch *s = *state;
  char *gate = strdup(scratch_path(s, "pool/experts/deep/gate.safetensors"));
  Error err = {0};
  assert_int_equal(truncate(gate, 100), 0);
  tiny_pool_list(scratch_path(s, "pool"));
  EvalRun r;
  Status status =
      eval_run_open(&r, s, EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose]\n", true, &err);
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
  EvalWatched w = {0};
  Error err = {0};
  expect_ok("open",
            eval_run_open(&r, s, EVAL_HEAD EVAL_TASKS "methods: [oracle, best-individual]\n", false,
                          &err),
            &err);
  expect_ok("run", eval_run_cells(&r, &w, &err), &err);
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
  EvalWatched w = eval_run_whole(s, EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [oracle]\n", true);
  assert_int_equal(w.cells, 1);
  assert_true(eval_world_has(s, "out/cells/expert-deep/who.json"));
}

/* A part of the pool routes as a pool of these experts does. */
static void test_only_a_part_of_the_pool(void **state) {
  Scratch *s = *state;
  eval_run_whole(s,
                 EVAL_HEAD
                 "tasks:\n" EVAL_WHO
                 "methods: [{name: one, router: phatgoose, top_k: 1, only: [deep]}, "
                 "{expert: deep}, {name: act, router: average-activation, top_k: 1, only: wide}]\n",
                 false);
  json_t *part = eval_world_lines(s, "out/cells/one/who.jsonl"), *line;
  json_t *alone = eval_world_lines(s, "out/cells/expert-deep/who.jsonl");
  size_t i;
  assert_int_equal(json_array_size(part), 150);
  assert_int_equal(json_array_size(alone), 150);
  json_array_foreach(part, i, line) {
    const json_t *other = json_array_get(alone, i);
    assert_true(
        json_equal(json_object_get(line, "prediction"), json_object_get(other, "prediction")));
  }
  assert_true(eval_world_has(s, "out/cells/act/who.json"));
  json_decref(part);
  json_decref(alone);
}

/* A default is lowered to the experts there are, as if it had been said so; what is said stays. */
static void test_the_default_fits_a_small_pool(void **state) {
  Scratch *s = *state;
  EvalRun r;
  Error err = {0};
  expect_ok("open",
            eval_run_open(&r, s,
                          EVAL_HEAD "tasks:\n" EVAL_WHO
                                    "methods: [{name: a, router: phatgoose, only: [deep]}, "
                                    "{name: b, router: phatgoose, only: [deep], top_k: 1}, "
                                    "{name: c, router: phatgoose}]\n",
                          true, &err),
            &err);
  const EvalMethod *const *m = (const EvalMethod *const *)r.spec.method;
  assert_true(m[0]->lowered && !m[1]->lowered && !m[2]->lowered);
  assert_int_equal(m[0]->router.top_k, 1);
  assert_int_equal(m[2]->router.top_k, 2);
  char *a = eval_method_settings(m[0]), *b = eval_method_settings(m[1]);
  assert_string_equal(a, b);
  free(a);
  free(b);
  eval_run_close(&r);
}

/* ---- refused before anything is computed ---- */

static const struct {
  const char *text;
  Status status;
  const char *words;
} REFUSALS[] = {
    {EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [{router: phatgoose, top_k: 4}]\n", STATUS_USAGE,
     "eval.yaml:8:11: method phatgoose: |top_k: is 4|has 3 experts"},
    {EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [{router: phatgoose, top_k: 2, only: [deep]}]\n",
     STATUS_USAGE, "top_k: is 2|has 1 expert"},
    {EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [{expert: deap}]\n", STATUS_USAGE,
     "deap|did you mean 'deep'"},
    {EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [{router: merged, only: [deep, wade]}]\n",
     STATUS_USAGE, "wade|did you mean 'wide'"},
    {EVAL_HEAD "tasks:\n  - {name: who, file: @/who.jsonl, expert: sone}\nmethods: [base]\n",
     STATUS_USAGE, "eval.yaml:7:5: task who: expert: |did you mean 'some'"},
    {EVAL_HEAD "tasks:\n  - {name: say, file: @/say.jsonl}\nmethods: [base]\n", STATUS_INPUT,
     "say.jsonl: line 1: choices: there are none"},
    {EVAL_HEAD "tasks:\n  - {name: a, file: @/no-label.jsonl}\nmethods: [base]\n", STATUS_INPUT,
     "no-label.jsonl: line 1: label and target are missing|no other"},
    {EVAL_HEAD "tasks:\n  - {name: a, file: @/no-label.jsonl, kind: generation}\nmethods: [base]\n",
     STATUS_INPUT, "no-label.jsonl: line 1: target: is missing"},
    {EVAL_HEAD "strict: true\ntasks:\n  - {name: a, file: @/odd.jsonl}\nmethods: [base]\n",
     STATUS_INPUT, "odd.jsonl: line 2: target 'c' is none of the choices|strict"},
    {EVAL_HEAD "tasks:\n  - {name: a, file: @/nowhere.jsonl}\nmethods: [base]\n", STATUS_INPUT,
     "nowhere.jsonl"},
    {"base: @/base\noutput: @/out\ntasks:\n" EVAL_WHO "methods: [base, merged]\n", STATUS_USAGE,
     "method merged|pool"},
    {"base: @/base\noutput: @/out\ntasks:\n" EVAL_WHO "methods: [oracle]\n", STATUS_USAGE,
     "method oracle|pool"},
    {"pool: @/pool\noutput: @/out\ntasks:\n" EVAL_WHO "methods: [base]\n", STATUS_INPUT,
     "tiny|base"},
    {EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [oracle, {name: expert-deep, router: merged}]\n",
     STATUS_USAGE, "method expert-deep|oracle"},
};

/* A task with one odd item, and choices that are the same in another. */
static void write_odd_items(Scratch *s) {
  eval_world_file(s, "odd.jsonl",
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"], \"target\": \"a\"}\n"
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"], \"target\": \"c\"}\n"
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\", \"a \"], \"target\": \"b\"}\n");
}

/* Scores without an item say so, everywhere; the other tasks have theirs. */
static void test_odd_items_are_counted(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *file, *words;
  } SAID[] = {
      {"out/table.txt", "\nodd: left out: 1 of 3 items\nodd: choices that are the same: 1\n"},
      {"out/table.md", "\nodd: left out: 1 of 3 items\n"},
      {"out/table.tex", "\n% odd: left out: 1 of 3 items\n"},
      {"out/table.csv", "expert,state,left_out,input_tokens,"},
      {"out/table.csv", ",,done,1,"},
      {"out/table.csv", ",,done,0,"},
      {"out/table.json", "\"items\": 2,\n      \"left_out\": 1,"},
      {"out/table.json", "odd.jsonl: line 2: target 'c' is none of the choices\""},
      {"out/table.json", "odd.jsonl: line 3: 'a' and 'a '\""},
  };
  write_odd_items(s);
  eval_run_whole(
      s, EVAL_HEAD "tasks:\n  - {name: odd, file: @/odd.jsonl}\n" EVAL_WHO "methods: [base]\n",
      false);
  for (size_t i = 0; i < sizeof SAID / sizeof *SAID; i++) {
    char *text = eval_world_read(s, SAID[i].file);
    if (!strstr(text, SAID[i].words))
      fail_msg("%s lacks %s: %s", SAID[i].file, SAID[i].words, text);
    free(text);
  }
  json_t *lines = eval_world_lines(s, "out/cells/base/odd.jsonl");
  assert_int_equal(json_array_size(lines), 2);
  const json_t *last = json_array_get(lines, 1), *scores = json_object_get(last, "scores");
  assert_string_equal(json_string_value(json_object_get(last, "id")), "2");
  assert_int_equal(json_array_size(scores), 3);
  assert_true(json_equal(json_array_get(scores, 0), json_array_get(scores, 2)));
  json_decref(lines);
}

static void test_refusals(void **state) {
  Scratch *s = *state;
  dir_remove(scratch_path(s, "out"), NULL);
  write_odd_items(s);
  eval_world_file(s, "no-label.jsonl",
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"]}\n"
                  "{\"input\": \"x\", \"choices\": [\"a\", \"b\"]}\n");
  for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
    EvalRun r;
    Error err = {0};
    Status status = eval_run_open(&r, s, REFUSALS[i].text, false, &err);
    expect_error(REFUSALS[i].text, status, &err, REFUSALS[i].status, REFUSALS[i].words);
    eval_run_close(&r);
    assert_false(eval_world_has(s, "out"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_odd_items_are_counted),
      cmocka_unit_test(test_failed_cells_have_no_score),
      cmocka_unit_test(test_one_damaged_gate),
      cmocka_unit_test(test_rules_choose),
      cmocka_unit_test(test_oracle_asks_no_more_than_it_needs),
      cmocka_unit_test(test_only_a_part_of_the_pool),
      cmocka_unit_test(test_the_default_fits_a_small_pool),
  };
  return cmocka_run_group_tests(tests, eval_world_setup, scratch_teardown);
}
