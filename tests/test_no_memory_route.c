/* Every allocation may fail, as in test_no_memory: routers that read prompts first, or calibrated
 * scores, and what a calibration is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "infer/route/router_options.h"
#include "infer/route/score_sums.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny_router.h"

/* A router over the pool of a RoutedWorld. */
typedef struct World {
  const RoutedWorld *routed;
  Base base;
  Pool *pool;
  RouterSettings settings;
  OptionSet set;
  char file[128]; /* of a calibration */
} World;

static World world_open(const RoutedWorld *routed) {
  World w = {.routed = routed, .base = tiny_base(routed->model, NULL)};
  Error err = {0};
  const char *only = "sort,count,translate";
  expect_ok("pool",
            pool_open(&w.pool, routed->pool, &routed->model->modules,
                      tiny_sample(routed->model).hex, only, &err),
            &err);
  snprintf(w.file, sizeof w.file, "%s/made.calibration", routed->pool);
  return w;
}

static void set_router(World *w, const char *const *assignment, int count) {
  Error err = {0};
  expect_ok("settings", router_settings_init(&w->set, &w->settings, &err), &err);
  for (int i = 0; i < count; i++)
    expect_ok(assignment[i], options_assign(&w->set, assignment[i], &err), &err);
}

static void world_close(World *w) {
  options_free(&w->set);
  pool_close(w->pool);
}

/* Opens a router and begins queries. */
static Status open_and_begin(void *arg, Error *err) {
  World *w = arg;
  Router *router;
  RouteBatch batch = {0};
  TRY(router_open(&router, &w->settings, w->pool, &w->base, 1, err));
  Status status = router_begin(router, ROUTED_QUERY, TINY_SEQUENCES, &batch, err);
  route_batch_free(&batch);
  router_close(router);
  return status;
}

static void routers_are_opened(void **state) {
  static const char *const ROUTER[][3] = {
      {"router=logo", "top_k=2", "logo.by=entropy"},
      {"router=norm", "norm.rank=2", "norm.weights=softmax"},
      {"router=retrieval", "retrieval.k=2", "retrieval.weights=softmax"}};
  for (int i = 0; i < 3; i++) {
    World w = world_open(*state);
    set_router(&w, ROUTER[i], 3);
    fail_each_allocation(ROUTER[i][0], open_and_begin, &w, 3, 0);
    world_close(&w);
  }
}

/* Sums of no rows are enough for the memory of it. */
static Status make_sums(void *arg, Error *err) {
  const World *w = arg;
  ScoreSums *sums;
  TRY(score_sums_new(&sums, w->pool, err));
  score_sums_free(sums);
  return STATUS_OK;
}

static Status write_file(void *arg, Error *err) {
  static const ScoreKind ARROW = {"arrow mttl", POOL_ADAPTER};
  const World *w = arg;
  float number[3 * 64] = {0};
  assert_true(w->routed->model->modules.count <= 64);
  const CalibrationMade made = {w->pool, &ARROW, number, number, "", 1};
  return calibration_write(&made, w->file, err);
}

static void calibrations_are_made_and_read(void **state) {
  World w = world_open(*state);
  char file[160];
  fail_each_allocation("sums", make_sums, &w, 3, 0);
  fail_each_allocation("write", write_file, &w, 10, 0);
  snprintf(file, sizeof file, "calibration=%s", w.file);
  set_router(&w, (const char *const[]){"router=arrow", file}, 2);
  fail_each_allocation("read", open_and_begin, &w, 10, 0);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(routers_are_opened),
      cmocka_unit_test(calibrations_are_made_and_read),
  };
  return cmocka_run_group_tests_name("no memory: routers", tests, routed_setup, routed_teardown);
}
