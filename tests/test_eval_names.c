/* Names in an evaluation's file are what is written, whatever YAML makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_axes.h"
#include "tests/eval_world.h"

static const char *const NAMES[] = {"25921e05", "695e0514", "1e3", "1.10", "0x10",
                                    "1_000",    "yes",      "no",  "null", "False",
                                    "007",      "1e999",    "-0",  "-1",   "99999999999999999999"};

static void expect_names(const EvalSpec *spec, const char *name) {
  const EvalTask *t = &spec->task[0];
  char only[64];
  snprintf(only, sizeof only, "%s,a", name);
  assert_string_equal(t->name, name);
  assert_string_equal(t->group, name);
  assert_string_equal(t->file, name);
  assert_string_equal(t->expert, name);
  assert_string_equal(t->instruction, name);
  assert_string_equal(spec->method[0]->name, name);
  assert_string_equal(router_one_expert(&spec->method[0]->router), name);
  assert_string_equal(spec->method[1]->router.only, only);
}

static void names_are_what_is_written(void **state) {
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    const char *n = NAMES[i], *path;
    EvalSpec spec;
    Error err = {0};
    char text[512];
    snprintf(
        text, sizeof text,
        "pool: p\ntasks:\n  - {name: %s, group: %s, file: \"%s\", expert: %s, instruction: %s}\n"
        "methods:\n  - {name: %s, router: expert, expert: %s}\n"
        "  - {name: part, router: phatgoose, only: [%s, a]}\n",
        n, n, n, n, n, n, n, n);
    path = eval_world_file(*state, "spec.yaml", text);
    expect_ok(n, eval_spec_read(&spec, path, NULL, 0, false, &err), &err);
    expect_names(&spec, n);
    eval_spec_free(&spec);
  }
}

/* Values of an axis that are names stay apart: 1.10 is not 1.1. */
static void names_on_axes_stay_apart(void **state) {
  EvalSpec spec;
  Axes axes;
  Error err = {0};
  const char *path = eval_world_file(*state, "spec.yaml",
                                     "pool: p\ntasks: [{name: a, file: x}]\n"
                                     "methods: [{name: m, router: expert, expert: 1e3}]\n"
                                     "axes: {expert: [1.10, 1.1, 1e3, 1000, yes]}\n");
  static const char *const WANT[] = {"m+expert=1.10", "m+expert=1.1", "m", "m+expert=1000",
                                     "m+expert=yes"};
  expect_ok("read", eval_spec_read(&spec, path, NULL, 0, true, &err), &err);
  expect_ok("axes", axes_expand(&axes, &spec, &err), &err);
  assert_int_equal(axes.methods, sizeof WANT / sizeof *WANT);
  for (int i = 0; i < axes.methods; i++)
    assert_string_equal(spec.method[axes.method[i]]->name, WANT[i]);
  axes_free(&axes);
  eval_spec_free(&spec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_what_is_written),
      cmocka_unit_test(names_on_axes_stay_apart),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
