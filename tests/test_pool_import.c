/* Pools made of checkpoints of PHATGOOSE and GLIDER (tests/oracle/released.py) route as PyTorch
 * does with what is in them, and come back from an export to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "infer/expert/gate.h"
#include "infer/route/router_options.h"
#include "tests/routed_run.h"
#include "tests/tiny.h"
#include "tools/pool/pool_tool.h"

/* An import of a golden checkpoint into `pool` of the scratch directory. */
typedef struct Import {
  Scratch *s;
  const char *format, *from, *pool, *names;
  bool raw_gates;
} Import;

static Status import(const Import *i, Error *err) {
  char *base = golden_path("v1_1/base"), *from = golden_path("released/%s", i->from);
  char *dir = strdup(scratch_path(i->s, i->pool)), *names = NULL;
  if (i->names) names = strdup(scratch_write(i->s, "names", i->names, strlen(i->names)));
  bool glider = strcmp(i->format, "glider") == 0;
  PoolOptions o = {.base = base,
                   .checkpoint = glider ? NULL : from,
                   .directory = glider ? from : NULL,
                   .names = names,
                   .raw_gates = i->raw_gates,
                   .json = true};
  Status status = pool_import(i->format, dir, &o, err);
  free(base);
  free(from);
  free(dir);
  free(names);
  return status;
}

static Pool *open_pool(const RoutedCase *k, const char *dir) {
  Error err = {0};
  Pool *pool;
  expect_ok(dir, pool_open(&pool, dir, &k->model->modules, tiny_sample(k->model).hex, NULL, &err),
            &err);
  return pool;
}

/* The pool routed by PHATGOOSE gives the golden logits of that name; `ordered`: its experts are in
 * the order of the golden weights, which are compared, too. */
static void expect_routed(const RoutedCase *k, const char *dir, const char *name, bool ordered) {
  Error err = {0};
  OptionSet set;
  RouterSettings settings;
  Router *router;
  Comparison logits = compare_begin(PARITY_F32, "routed logits"),
             weights = compare_begin(PARITY_F32, "weights of experts");
  Pool *pool = open_pool(k, dir);
  RoutedSeen *seen = calloc(1, sizeof *seen);
  assert_non_null(seen);
  seen->experts = pool_count(pool);
  expect_ok("settings", router_settings_init(&set, &settings, &err), &err);
  expect_ok("router",
            router_open(&router, &settings, pool, (Base[]){tiny_base(k->model, NULL)}, 2, &err),
            &err);
  float *got = routed_run(k, router, seen);
  int64_t n;
  const float *want = routed_want(k, name, "", &n);
  compare(&logits, dir, got, want, n);
  if (ordered) routed_compare(k, "weights", seen, &weights);
  compare_end(&logits);
  if (ordered) compare_end(&weights);
  free(got);
  free(seen);
  router_close(router);
  options_free(&set);
  pool_close(pool);
}

static const char NAMES[] = "zoo\n\n  Apple\r\nmint";

static void phatgoose_routes_as_in_pytorch(void **state) {
  Error err = {0};
  RoutedCase *k = routed_case_open(*state, "released");
  Import i = {*state, "phatgoose", "phatgoose/best.pt", "goose", NAMES, false};
  expect_ok("import", import(&i, &err), &err);
  expect_routed(k, scratch_path(*state, "goose"), "logits", true);
  Pool *pool = open_pool(k, scratch_path(*state, "goose"));
  assert_string_equal(pool_entry(pool, 1)->name, "apple");
  assert_string_equal(pool_entry(pool, 1)->source, "best.pt, expert 1");
  assert_true(pool_entry(pool, 1)->unverified);
  assert_int_equal(pool_unverified(pool), 3);
  assert_int_equal(pool_gate_form(pool, 0), GATE_RAW);
  expect_error("provenance", pool_require_provenance(pool, &err), &err, STATUS_MISMATCH,
               "'zoo'|provenance|unverified");
  pool_close(pool);
  routed_case_close(k);
}

static void glider_routes_as_in_pytorch(void **state) {
  Error err = {0};
  RoutedCase *k = routed_case_open(*state, "released");
  Import i = {*state, "glider", "glider", "glider", NULL, false};
  expect_ok("import", import(&i, &err), &err);
  expect_routed(k, scratch_path(*state, "glider"), "logits", false);
  Pool *pool = open_pool(k, scratch_path(*state, "glider"));
  assert_string_equal(pool_entry(pool, 0)->name, "apple");
  assert_string_equal(pool_entry(pool, 2)->name, "zoo");
  pool_close(pool);
  routed_case_close(k);
}

static void raw_gates_are_taken_as_they_are(void **state) {
  Error err = {0};
  RoutedCase *k = routed_case_open(*state, "released");
  for (int raw = 0; raw < 2; raw++) {
    const char *name = raw ? "raw" : "arrow";
    Import i = {*state, "glider", "arrow", name, NULL, raw};
    expect_ok("import", import(&i, &err), &err);
    Pool *pool = open_pool(k, scratch_path(*state, name));
    assert_int_equal(pool_gate_form(pool, 0), raw ? GATE_DIRECTIONS : GATE_RAW);
    pool_close(pool);
  }
  expect_routed(k, scratch_path(*state, "raw"), "raw_logits", false);
  routed_case_close(k);
}

/* ---- there and back ---- */

static void export(Scratch *s, const char *format, const char *pool, const char *out) {
  Error err = {0};
  char *dir = strdup(scratch_path(s, pool)), *to = strdup(scratch_path(s, out));
  PoolOptions o = {.json = true};
  expect_ok(format, pool_export(format, dir, to, &o, &err), &err);
  free(dir);
  free(to);
}

/* All files of all experts are the same in both pools. */
static void expect_same(const RoutedCase *k, Scratch *s, const char *a, const char *b) {
  Pool *x = open_pool(k, scratch_path(s, a)), *y = open_pool(k, scratch_path(s, b));
  assert_int_equal(pool_count(x), pool_count(y));
  for (int i = 0; i < pool_count(x); i++) {
    assert_string_equal(pool_entry(x, i)->name, pool_entry(y, i)->name);
    for (int f = 0; f < POOL_FILES; f++) {
      assert_string_equal(pool_entry(x, i)->hash[f], pool_entry(y, i)->hash[f]);
    }
  }
  pool_close(x);
  pool_close(y);
}

static void again(Scratch *s, const char *format, const char *out, const char *pool,
                  const char *names) {
  Error err = {0};
  char *base = golden_path("v1_1/base"), *from = strdup(scratch_path(s, out));
  char *dir = strdup(scratch_path(s, pool));
  char *list = strdup(scratch_write(s, "names", names, strlen(names)));
  bool glider = strcmp(format, "glider") == 0;
  PoolOptions o = {.base = base,
                   .checkpoint = glider ? NULL : from,
                   .directory = glider ? from : NULL,
                   .names = glider ? NULL : list,
                   .json = true};
  expect_ok(out, pool_import(format, dir, &o, &err), &err);
  free(base);
  free(from);
  free(dir);
  free(list);
}

static void exports_come_back_to_the_bit(void **state) {
  Error err = {0};
  RoutedCase *k = routed_case_open(*state, "released");
  Import goose = {*state, "phatgoose", "phatgoose/best.pt", "there", NAMES, false};
  expect_ok("import", import(&goose, &err), &err);
  export(*state, "phatgoose", "there", "there.pt");
  again(*state, "phatgoose", "there.pt", "back", NAMES);
  expect_same(k, *state, "there", "back");
  export(*state, "glider", "there", "files");
  again(*state, "glider", "files", "sorted", "");
  export(*state, "phatgoose", "sorted", "sorted.pt");
  again(*state, "phatgoose", "sorted.pt", "sorted2", "apple\nmint\nzoo\n");
  expect_same(k, *state, "sorted", "sorted2");
  Import run = {*state, "phatgoose", "gate_run/best.pt", "half", "zoo\n", false};
  expect_ok("import", import(&run, &err), &err);
  export(*state, "phatgoose", "half", "half.pt"); /* factors of bf16 */
  again(*state, "phatgoose", "half.pt", "half2", "zoo\n");
  expect_same(k, *state, "half", "half2");
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(phatgoose_routes_as_in_pytorch),
      cmocka_unit_test(glider_routes_as_in_pytorch),
      cmocka_unit_test(raw_gates_are_taken_as_they_are),
      cmocka_unit_test(exports_come_back_to_the_bit),
  };
  return cmocka_run_group_tests_name("imported pools", tests, scratch_setup, scratch_teardown);
}
