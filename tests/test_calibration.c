/* Calibrated scores against PyTorch (tests/oracle/routed.py): what is measured, and what routers make
 * of it; identities; files that are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "infer/route/router_options.h"
#include "infer/route/score_sums.h"
#include "tests/parity.h"
#include "tests/routed_run.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static const ScoreKind GATE = {"phatgoose", POOL_GATE}, ARROW = {"arrow mttl", POOL_ADAPTER},
                       NORM = {"norm", POOL_ADAPTER};
/* The difference of a score and its mean has the rounding of both, in parts of the deviation, which is
 * smaller. */
static const double CLOSE = 3e-4;
static const char DATA[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* The world of a test. */
typedef struct Fixture {
  RoutedCase *k;
  Pool *pool;
  char file[128]; /* of a calibration */
} Fixture;

static Fixture fixture_open(Scratch *s) {
  Fixture f = {.k = routed_case(s, "routed")};
  f.pool = routed_open_pool(f.k, json_object_get(f.k->expected, "experts"));
  snprintf(f.file, sizeof f.file, "%s", scratch_path(s, "made.calibration"));
  return f;
}

static void fixture_close(Fixture *f) {
  pool_close(f->pool);
  routed_case_close(f->k);
}

static const ScoreKind *kind_of(const char *golden) {
  if (strcmp(golden, "gate_scores") == 0) return &GATE;
  return strcmp(golden, "arrow_scores") == 0 ? &ARROW : &NORM;
}

static void write_golden(const Fixture *f, const char *golden) {
  int64_t n;
  Error err = {0};
  const CalibrationMade made = {.pool = f->pool,
                                .scores = kind_of(golden),
                                .mean = routed_want(f->k, golden, ".mean", &n),
                                .deviation = routed_want(f->k, golden, ".deviation", &n),
                                .data = DATA,
                                .items = 3};
  expect_ok(golden, calibration_write(&made, f->file, &err), &err);
}

/* The settings and, unless `file` is NULL, the calibration; a new reference. */
static json_t *with_file(const json_t *settings, const char *file) {
  json_t *all = json_copy((json_t *)(uintptr_t)settings);
  if (file) json_array_append_new(all, json_sprintf("calibration=%s", file));
  return all;
}

static Router *open_router(const Fixture *f, const json_t *settings, const char *file) {
  json_t *all = with_file(settings, file);
  Router *router = routed_open_router(f->k, "calibrated", all, f->pool);
  json_decref(all);
  return router;
}

/* ---- parity ---- */

static void routers_agree(void **state) {
  Fixture f = fixture_open(*state);
  Comparison logits = compare_begin(CLOSE, "calibrated logits"),
             weights = compare_begin(CLOSE, "weights of experts");
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(f.k->expected, "calibrated"), name, value) {
    char weighed[64];
    int64_t n;
    RoutedSeen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    seen->experts = pool_count(f.pool);
    write_golden(&f, json_string_value(json_object_get(value, "scores")));
    Router *router = open_router(&f, json_object_get(value, "settings"), f.file);
    float *got = routed_run(f.k, router, seen);
    const float *z = routed_want(f.k, name, ".logits", &n);
    compare(&logits, name, got, z, n);
    snprintf(weighed, sizeof weighed, "%s.weights", name);
    routed_compare(f.k, weighed, seen, &weights);
    free(got);
    free(seen);
    router_close(router);
  }
  assert_int_equal(logits.tensors, 5);
  compare_end(&logits);
  compare_end(&weights);
  fixture_close(&f);
}

/* Means and deviations [experts, modules] of the base's rows, by the library. */
static void measure(const Fixture *f, const json_t *settings, float *mean, float *deviation) {
  Error err = {0};
  ScoreSums *sums;
  int64_t constant;
  Router *router = open_router(f, settings, NULL);
  router_watch_only(router);
  expect_ok("sums", score_sums_new(&sums, f->pool, &err), &err);
  RouteWatcher watcher = score_sums_watcher(sums);
  free(routed_watch(f->k, router, 0, ROUTED_SEQUENCES, &watcher));
  expect_ok("finish", score_sums_finish(sums, mean, deviation, &constant, &err), &err);
  assert_int_equal(constant, 0);
  score_sums_free(sums);
  router_close(router);
}

static void measures_agree(void **state) {
  Fixture f = fixture_open(*state);
  Comparison c = compare_begin(PARITY_F32, "means and deviations");
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(f.k->expected, "calibrated"), name, value) {
    const char *kind = json_string_value(json_object_get(value, "scores"));
    int64_t n;
    const float *mean = routed_want(f.k, kind, ".mean", &n);
    const float *deviation = routed_want(f.k, kind, ".deviation", &n);
    float *got = calloc((size_t)(2 * n), sizeof *got);
    assert_non_null(got);
    measure(&f, json_object_get(value, "settings"), got, got + n);
    compare(&c, name, got, mean, n);
    compare(&c, name, got + n, deviation, n);
    free(got);
  }
  compare_end(&c);
  fixture_close(&f);
}

/* ---- identities ---- */

static void a_watched_base_is_the_base(void **state) {
  Fixture f = fixture_open(*state);
  json_t *settings = json_pack("[s]", "router=norm"), *plain = json_pack("[s]", "router=base");
  Router *watched = open_router(&f, settings, NULL), *base = open_router(&f, plain, NULL);
  router_watch_only(watched);
  float *a = routed_watch(f.k, watched, 0, ROUTED_SEQUENCES, NULL),
        *b = routed_watch(f.k, base, 0, ROUTED_SEQUENCES, NULL);
  int64_t n;
  routed_want(f.k, "base", ".logits", &n);
  assert_memory_equal(a, b, (size_t)n * sizeof *a);
  free(a);
  free(b);
  router_close(watched);
  router_close(base);
  json_decref(settings);
  json_decref(plain);
  fixture_close(&f);
}

/* Mean 0 and deviation 1 leave every bit as it is. */
static void the_neutral_calibration_changes_nothing(void **state) {
  Fixture f = fixture_open(*state);
  static const char *const ROUTER[] = {"router=phatgoose", "router=arrow", "router=norm"};
  size_t cells = (size_t)(pool_count(f.pool) * f.k->model->modules.count);
  float *zero = calloc(cells, sizeof *zero), *one = calloc(cells, sizeof *one);
  int64_t n;
  routed_want(f.k, "base", ".logits", &n);
  assert_true(zero && one);
  for (size_t i = 0; i < cells; i++) one[i] = 1;
  for (int i = 0; i < 3; i++) {
    Error err = {0};
    const ScoreKind *kind[] = {&GATE, &ARROW, &NORM};
    const CalibrationMade made = {f.pool, kind[i], zero, one, DATA, 1};
    expect_ok("write", calibration_write(&made, f.file, &err), &err);
    json_t *settings = json_pack("[s]", ROUTER[i]);
    Router *with = open_router(&f, settings, f.file), *without = open_router(&f, settings, NULL);
    float *a = routed_watch(f.k, with, 0, ROUTED_SEQUENCES, NULL),
          *b = routed_watch(f.k, without, 0, ROUTED_SEQUENCES, NULL);
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
    free(a);
    free(b);
    router_close(with);
    router_close(without);
    json_decref(settings);
  }
  free(zero);
  free(one);
  fixture_close(&f);
}

/* ---- refusals ---- */

static void refuse(const Fixture *f, const char *router, Status want, const char *words) {
  OptionSet set;
  RouterSettings s;
  Error err = {0};
  char file[160];
  Router *made;
  snprintf(file, sizeof file, "calibration=%s", f->file);
  expect_ok("settings", router_settings_init(&set, &s, &err), &err);
  expect_ok(router, options_assign(&set, router, &err), &err);
  expect_ok(file, options_assign(&set, file, &err), &err);
  if (strcmp(words, "norm.weights") == 0)
    expect_ok("weights", options_assign(&set, "norm.weights=proportional", &err), &err);
  Status got = router_open(&made, &s, f->pool, NULL, 1, &err);
  expect_error(router, got, &err, want, words);
  options_free(&set);
}

static void write_as(const Fixture *f, const float *mean, const float *deviation,
                     const char *format) {
  Error err = {0};
  const int modules = f->k->model->modules.count;
  SafetensorsItem item[] = {{"one.mean", DTYPE_F32, mean, 1, modules, true},
                            {"one.deviation", DTYPE_F32, deviation, 1, modules, true}};
  TensorMeta meta[] = {{"format", (char *)(uintptr_t)format},
                       {"version", "1"},
                       {"scores", "norm"},
                       {"base", (char *)(uintptr_t)pool_manifest(f->pool)->base},
                       {"file.one", (char *)(uintptr_t)pool_entry(f->pool, 0)->hash[POOL_ADAPTER]}};
  expect_ok("write", safetensors_write(f->file, item, 2, meta, 5, &err), &err);
}

static void files_that_do_not_fit_are_refused(void **state) {
  Fixture f = fixture_open(*state);
  Error err = {0};
  float *bad = calloc((size_t)f.k->model->modules.count, sizeof *bad);
  assert_non_null(bad);
  write_golden(&f, "norm_scores");
  refuse(&f, "router=arrow", STATUS_MISMATCH, "scores: is \"norm\", want \"arrow mttl\"");
  refuse(&f, "router=norm", STATUS_USAGE, "norm.weights");
  write_as(&f, bad, bad, "skein-gate");
  refuse(&f, "router=norm", STATUS_INPUT, "format: is \"skein-gate\"");
  write_as(&f, bad, bad, "skein-calibration");
  refuse(&f, "router=norm", STATUS_MISMATCH, "expert 'two': is not in it|skein calibrate");
  bad[1] = -1;
  write_as(&f, bad, bad, "skein-calibration");
  refuse(&f, "router=norm", STATUS_INPUT, "one.deviation: [1]: is -1");
  bad[1] = 1e-40f; /* has no inverse */
  write_as(&f, bad, bad, "skein-calibration");
  refuse(&f, "router=norm", STATUS_INPUT, "one.deviation: [1]: is ");
  PoolEntry *entry =
      (PoolEntry *)(uintptr_t)pool_entry(f.pool, 0); /* as if its file were another */
  write_golden(&f, "norm_scores");
  entry->hash[POOL_ADAPTER][0] = entry->hash[POOL_ADAPTER][0] == '0' ? '1' : '0';
  refuse(&f, "router=norm", STATUS_MISMATCH, "expert 'one': its file is another");
  expect_ok("gone", file_remove(f.file, &err), &err);
  refuse(&f, "router=norm", STATUS_INPUT, "made.calibration");
  free(bad);
  fixture_close(&f);
}

/* With norm.prefilter experts are left out at tokens, and their mean would be of the rest. */
static void scores_that_are_left_out_are_refused(void **state) {
  Fixture f = fixture_open(*state);
  Error err = {0};
  ScoreSums *sums;
  int64_t constant;
  float *made = calloc((size_t)(2 * pool_count(f.pool) * f.k->model->modules.count), sizeof *made);
  json_t *settings = json_pack("[s, s]", "router=norm", "norm.prefilter=2");
  Router *router = open_router(&f, settings, NULL);
  assert_non_null(made);
  expect_ok("sums", score_sums_new(&sums, f.pool, &err), &err);
  Status got = score_sums_finish(sums, made, made, &constant, &err);
  expect_error("nothing", got, &err, STATUS_INPUT, "nothing reached it");
  RouteWatcher watcher = score_sums_watcher(sums);
  free(routed_watch(f.k, router, 0, ROUTED_SEQUENCES, &watcher));
  err = (Error){0};
  got = score_sums_finish(sums, made, made, &constant, &err);
  expect_error("prefilter", got, &err, STATUS_USAGE, "norm.prefilter");
  score_sums_free(sums);
  router_close(router);
  json_decref(settings);
  free(made);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(routers_agree),
      cmocka_unit_test(measures_agree),
      cmocka_unit_test(a_watched_base_is_the_base),
      cmocka_unit_test(the_neutral_calibration_changes_nothing),
      cmocka_unit_test(files_that_do_not_fit_are_refused),
      cmocka_unit_test(scores_that_are_left_out_are_refused),
  };
  return cmocka_run_group_tests_name("calibration", tests, scratch_setup, scratch_teardown);
}
