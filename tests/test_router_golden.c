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
#include "tests/parity.h"
#include "tests/routed_run.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

static void every_method_agrees(void **state, const char *name, int routing) {
  RoutedCase *k = routed_case(*state, name);
  Comparison logits = compare_begin(PARITY_F32, "routed logits"),
             weights = compare_begin(PARITY_F32, "weights of experts");
  const char *method;
  json_t *value;
  int routed = 0;
  json_object_foreach(json_object_get(k->expected, "methods"), method, value) {
    RoutedSeen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    Pool *pool = routed_open_pool(k, json_object_get(value, "only"));
    seen->experts = pool_count(pool);
    Router *router = routed_open_router(k, method, json_object_get(value, "settings"), pool);
    float *got = routed_run(k, router, seen);
    int64_t n;
    const float *z = routed_want(k, method, ".logits", &n);
    compare(&logits, method, got, z, n);
    char weighed[64];
    snprintf(weighed, sizeof weighed, "%s.weights", method);
    if (tensor_table_find(&k->tensors, weighed)) {
      routed_compare(k, weighed, seen, &weights);
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
  every_method_agrees(state, "routed", 19);
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
