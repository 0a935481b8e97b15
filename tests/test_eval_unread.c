/* Settings of an evaluation's file that nothing reads are told apart from those that count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_unread.h"
#include "tests/eval_world.h"

static void read_spec(EvalSpec *spec, char path[128], Scratch *s, const char *text, bool axes) {
  Error err = {0};
  snprintf(path, 128, "%s", eval_world_file(s, "spec.yaml", text));
  expect_ok(text, eval_spec_read(spec, path, NULL, 0, axes, &err), &err);
}

static void expect_text(char *got, const char *want) {
  assert_non_null(got);
  assert_string_equal(got, want);
  free(got);
}

static void test_methods(void **state) {
  static const struct {
    const char *method, *unread;
  } CASES[] = {{"phatgoose", ""},
               {"oracle", ""},
               {"{router: phatgoose, top_k: 1}", ""},
               {"{router: phatgoose, global.scale: 3}", "global.scale"},
               {"{router: phatgoose, global: {scale: 3}, seed: 4}", "seed, global.scale"},
               {"{router: glider, global.scale: 3}", ""},
               {"{router: glider, global.scale: 3, global.rule: threshold}", "global.scale"},
               {"{router: merged, top_k: 2}", "top_k"},
               {"{router: base, only: [a]}", "only"}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    EvalSpec spec;
    char path[128], text[300];
    snprintf(text, sizeof text, "pool: p\ntasks:\n  - {name: a, file: x}\nmethods:\n  - %s\n",
             CASES[i].method);
    read_spec(&spec, path, *state, text, false);
    expect_text(eval_method_unread(spec.method[0]), CASES[i].unread);
    eval_spec_free(&spec);
  }
}

static void test_tasks(void **state) {
  static const struct {
    const char *task, *unread;
  } CASES[] = {{"limit: 3, choices_key: c", ""},
               {"max_output: 3", "max_output"},
               {"beams: 2, length_penalty: 0.5", "beams, length_penalty"},
               {"kind: generation, max_output: 3, length_penalty: 0.5", "length_penalty"},
               {"kind: generation, beams: 2, length_penalty: 0.5", ""},
               {"kind: generation, choices_from_targets: true", "choices_from_targets"},
               {"format: bbh, input_key: q", "input_key"}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    EvalSpec spec;
    char path[128], text[300];
    snprintf(text, sizeof text,
             "pool: p\ntask_defaults: {max_output: 9}\ntasks:\n  - {name: a, file: x, %s}\n"
             "methods: [base]\n",
             CASES[i].task);
    read_spec(&spec, path, *state, text, false);
    expect_text(eval_task_unread(&spec.task[0]), CASES[i].unread);
    eval_spec_free(&spec);
  }
}

static void test_axes(void **state) {
  EvalSpec spec;
  Axes axes;
  Error err = {0};
  char path[128];
  read_spec(&spec, path, *state,
            "pool: p\ntasks:\n  - {name: a, file: x}\n"
            "methods: [base, glider, phatgoose, oracle]\n"
            "axes: {global.scale: [1, 2], top_k: [1, 2]}\n",
            true);
  expect_ok("axes", axes_expand(&axes, &spec, &err), &err);
  expect_text(eval_axis_unread(&axes, 0, &spec), "base, phatgoose");
  expect_text(eval_axis_unread(&axes, 1, &spec), "base");
  axes_free(&axes);
  eval_spec_free(&spec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_methods),
      cmocka_unit_test(test_tasks),
      cmocka_unit_test(test_axes),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
