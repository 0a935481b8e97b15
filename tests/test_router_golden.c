/* The routed model against PyTorch: logits, chosen experts and weights of every method on a pool
 * whose experts differ in rank, scale and covered linears (tests/oracle/routed.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/router.h"
#include "infer/route/router_options.h"
#include "tests/parity.h"
#include "tests/routed_case.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* The weights of every row of every linear that routes. */
typedef struct Seen {
  int experts;
  int64_t rows[ROUTED_LINEARS];
  float weight[ROUTED_LINEARS][ROUTED_TOKENS * ROUTED_EXPERTS];
} Seen;

static void see(void *arg, Context *c, const Module *linear, const Rows *rows,
                const Tensor *softmax, const Plan *plan) {
  (void)c;
  Seen *seen = arg;
  float *to = seen->weight[linear->id];
  assert_int_equal(seen->rows[linear->id], 0); /* a forward of all rows runs a linear once */
  assert_int_equal(rows->sequence.offset[rows->sequence.count], plan->rows);
  assert_int_equal(softmax->rows, plan->rows);
  assert_true(plan->rows <= ROUTED_TOKENS && softmax->cols == seen->experts);
  seen->rows[linear->id] = plan->rows;
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] < 0) continue;
    assert_true(plan->expert[i] < seen->experts && plan->weight[i] > 0);
    to[i / plan->slots * seen->experts + plan->expert[i]] = plan->weight[i];
  }
}

static Router *open_router(RoutedCase *k, const char *method, const json_t *settings, Pool *pool) {
  OptionSet set;
  RouterSettings s;
  Error err = {0};
  Router *router;
  char *file = NULL;
  size_t i;
  json_t *value;
  expect_ok(method, router_settings_init(&set, &s, &err), &err);
  json_array_foreach(settings, i, value) {
    expect_ok(method, options_assign(&set, json_string_value(value), &err), &err);
  }
  assert_true(asprintf(&file, "embeddings=%s", k->queries) > 0);
  expect_ok(method, options_assign(&set, "embedder=precomputed", &err), &err);
  expect_ok(method, options_assign(&set, file, &err), &err);
  expect_ok(method, router_open(&router, &s, pool, (Base[]){tiny_base(k->model, NULL)}, 2, &err),
            &err);
  options_free(&set);
  free(file);
  return router;
}

static Pool *open_pool(RoutedCase *k, const json_t *only) {
  char names[256] = "";
  Error err = {0};
  Pool *pool;
  for (size_t i = 0; i < json_array_size(only); i++) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", i ? "," : "",
             json_string_value(json_array_get(only, i)));
  }
  expect_ok("pool",
            pool_open(&pool, k->pool, &k->model->modules, tiny_sample(k->model).hex, names, &err),
            &err);
  return pool;
}

/* The logits of the whole batch; the caller frees. */
static float *run(RoutedCase *k, Router *router, Seen *seen) {
  Error error = {0};
  Context c = context_make(arena_new(), NULL, 2, &error);
  assert_non_null(c.arena);
  static const char *const NAME[ROUTED_SEQUENCES] = {"0", "1", "2"};
  RouteQuery query[ROUTED_SEQUENCES];
  for (int i = 0; i < ROUTED_SEQUENCES; i++) query[i] = (RouteQuery){NAME[i], NULL, "unread"};
  RouteBatch batch;
  expect_ok("begin", router_begin(router, query, ROUTED_SEQUENCES, &batch, &error), &error);
  RouteWatcher watcher = {.see = see, .arg = seen};
  RoutedForward forward;
  routed_forward_init(&forward, router, &batch, &watcher);
  T5Run t5 = {.model = k->model, .adapters = &forward.adapters};
  Ragged input = {ROUTED_SEQUENCES, k->in_at}, target = {ROUTED_SEQUENCES, k->out_at};
  Tensor *encoded = t5_encode(&c, &t5, k->input, input);
  Tensor *decoded = t5_decode(&c, &t5, encoded, input, k->decoder, (Rows){target, NULL});
  Tensor *logits = t5_logits(&c, &t5, decoded);
  expect_ok("forward", error.status, &error);
  size_t size = (size_t)tensor_count(logits) * sizeof(float);
  float *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, logits->data, size);
  route_batch_free(&batch);
  arena_free(c.arena);
  return copy;
}

/* The same experts, exactly, and their weights. */
static void compare_weights(RoutedCase *k, const char *method, const Seen *seen, Comparison *c) {
  int64_t n, at = 0;
  const float *w = routed_want(k, method, ".weights", &n);
  for (int i = 0; i < k->model->modules.count; i++) {
    int64_t here = seen->rows[i] * seen->experts;
    assert_true(at + here <= n);
    for (int64_t j = 0; j < here; j++) {
      if ((seen->weight[i][j] > 0) == (w[at + j] > 0)) continue;
      fail_msg("%s: %s: row %d, expert %d: weight %g, want %g", method,
               k->model->modules.module[i].name, (int)(j / seen->experts), (int)(j % seen->experts),
               (double)seen->weight[i][j], (double)w[at + j]);
    }
    if (here > 0) compare(c, k->model->modules.module[i].name, seen->weight[i], w + at, here);
    at += here;
  }
  assert_int_equal(at, n); /* every linear that somebody covers, and no other, was routed */
}

static void every_method_agrees(void **state, const char *name, int routing) {
  RoutedCase *k = routed_case(*state, name);
  Comparison logits = compare_begin(PARITY_F32, "routed logits"),
             weights = compare_begin(PARITY_F32, "weights of experts");
  const char *method;
  json_t *value;
  int routed = 0;
  json_object_foreach(json_object_get(k->expected, "methods"), method, value) {
    Seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    Pool *pool = open_pool(k, json_object_get(value, "only"));
    seen->experts = pool_count(pool);
    Router *router = open_router(k, method, json_object_get(value, "settings"), pool);
    float *got = run(k, router, seen);
    int64_t n;
    const float *z = routed_want(k, method, ".logits", &n);
    compare(&logits, method, got, z, n);
    char weighed[64];
    snprintf(weighed, sizeof weighed, "%s.weights", method);
    if (tensor_table_find(&k->tensors, weighed)) {
      compare_weights(k, method, seen, &weights);
      routed++;
    }
    free(got);
    free(seen);
    router_close(router);
    pool_close(pool);
  }
  assert_int_equal(routed, routing);
  compare_end(&logits);
  compare_end(&weights);
  routed_case_close(k);
}

static void methods_on_loras_agree(void **state) {
  every_method_agrees(state, "routed", 13);
}

/* One LoRA and three (IA)3, which rescale outputs and inputs of the same linears. */
static void methods_on_both_kinds_agree(void **state) {
  every_method_agrees(state, "mixed", 4);
}

/* The order of linears is that of the model's own modules. */
static void linears_are_in_module_order(void **state) {
  (void)state;
  Error err = {0};
  T5 *model;
  char *base = golden_path("v1_1/base");
  json_t *expected = golden_json("routed/expected.json"),
         *linears = json_object_get(expected, "linears");
  expect_ok(base, t5_open(&model, base, &err), &err);
  assert_int_equal(json_array_size(linears), model->modules.count);
  for (int i = 0; i < model->modules.count; i++) {
    assert_string_equal(model->modules.module[i].name,
                        json_string_value(json_array_get(linears, (size_t)i)));
  }
  json_decref(expected);
  t5_close(model);
  free(base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linears_are_in_module_order),
      cmocka_unit_test(methods_on_loras_agree),
      cmocka_unit_test(methods_on_both_kinds_agree),
  };
  return cmocka_run_group_tests_name("router: parity with PyTorch", tests, scratch_setup,
                                     scratch_teardown);
}
