/* A trial refuses what the run would, says what would fail, and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/eval/eval_trial.h"
#include "tests/eval_world.h"

static void test_it_costs_time_and_writes_nothing(void **state) {
  Scratch *s = *state;
  EvalRun r;
  EvalCost cost;
  Error err = {0};
  expect_ok("open",
            eval_run_open(&r, s, EVAL_HEAD EVAL_TASKS "methods: [base, phatgoose, merged]\n", false,
                          &err),
            &err);
  expect_ok("try", evaluation_try(&r.e, &cost, &err), &err);
  assert_true(cost.seconds > 0 && cost.answers > 0 && cost.more_bytes >= 0);
  assert_true(cost.answers < evaluation_work(&r.e));
  assert_int_equal(evaluation_count(&r.e, CELL_OPEN), 6);
  assert_int_equal(evaluation_count(&r.e, CELL_FAILED), 0);
  eval_run_close(&r);
  assert_false(eval_world_has(s, "out"));
}

/* The same cells fail as in the run, for the same reasons. */
static void test_it_fails_as_the_run(void **state) {
  Scratch *s = *state;
  static const char TEXT[] =
      EVAL_HEAD "tasks:\n" EVAL_WHO
                "  - {name: say, file: @/say.jsonl, kind: generation, max_output: 4, beams: 2}\n"
                "methods: [base, average-activation, phatgoose]\n";
  EvalRun tried, run;
  EvalCost cost;
  EvalWatched w = {0};
  Error err = {0};
  expect_ok("open", eval_run_open(&tried, s, TEXT, false, &err), &err);
  expect_ok("try", evaluation_try(&tried.e, &cost, &err), &err);
  expect_ok("open", eval_run_open(&run, s, TEXT, false, &err), &err);
  expect_ok("run", eval_run_cells(&run, &w, &err), &err);
  assert_int_equal(w.failed, 3); /* no activations; statistics of two beams */
  for (int m = 0; m < 3; m++) {
    for (int t = 0; t < 2; t++) {
      const EvalCell *a = evaluation_cell(&tried.e, m, t), *b = evaluation_cell(&run.e, m, t);
      assert_int_equal(a->state == CELL_FAILED, b->state == CELL_FAILED);
      assert_string_equal(a->error, b->error);
    }
  }
  eval_run_close(&tried);
  eval_run_close(&run);
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
}

static const char ONE[] = EVAL_HEAD "tasks:\n" EVAL_WHO "methods: [base]\n";

static void expect_refused(Scratch *s, const char *what, const char *want) {
  EvalRun r;
  EvalCost cost;
  Error err = {0};
  expect_ok(what, eval_run_open(&r, s, ONE, false, &err), &err);
  expect_error(what, evaluation_try(&r.e, &cost, &err), &err, STATUS_RUN, want);
  eval_run_close(&r);
}

static void test_outputs_that_the_run_refuses(void **state) {
  Scratch *s = *state;
  Lock *lock;
  Error err = {0};
  expect_ok("out", dir_make(scratch_path(s, "out"), &err), &err);
  expect_ok("lock", lock_take(&lock, scratch_path(s, "out/.lock"), "x", NULL, &err), &err);
  expect_refused(s, "another process", "is evaluating into this directory");
  lock_release(lock);
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
  scratch_write(s, "out", "", 0);
  expect_refused(s, "a file", "out");
  assert_int_equal(unlink(scratch_path(s, "out")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_it_costs_time_and_writes_nothing),
      cmocka_unit_test(test_it_fails_as_the_run),
      cmocka_unit_test(test_outputs_that_the_run_refuses),
  };
  return cmocka_run_group_tests(tests, eval_world_setup, scratch_teardown);
}
