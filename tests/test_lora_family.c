/* One adapter in configurations that people hold: logits against PEFT
 * (tests/oracle/make_adapter_golden.py says what is in tests/golden/adapters). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "infer/adapter/lora.h"
#include "tests/logit_case.h"
#include "tests/parity.h"

static const char PREFIX[] = "base_model.model.";

/* A factor of a module that the case has. */
static const char *kept(const json_t *row, const char *name) {
  const char *module = name + strlen(PREFIX);
  size_t n = (size_t)(strstr(module, ".lora_") - module), i;
  const json_t *one;
  json_array_foreach(json_object_get(row, "modules"), i, one) {
    if (strlen(json_string_value(one)) == n && !strncmp(json_string_value(one), module, n))
      return name;
  }
  return NULL;
}

static void logits_agree_with_peft(void **state) {
  Scratch *s = *state;
  json_t *expected = golden_json("adapters/expected.json"), *row;
  size_t i;
  Error err = {0};
  T5 *model;
  char *base = golden_path("adapters/base");
  expect_ok(base, t5_open(&model, base, &err), &err);
  Comparison c = compare_begin(PARITY_F32, "configurations of adapters");
  json_array_foreach(json_object_get(expected, "cases"), i, row) {
    Lora *lora;
    AdapterSet adapters;
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *config = scratch_path(s, "adapter_config.json");
    expect_ok(config, json_write_file(json_object_get(row, "config"), config, &err), &err);
    logit_case_write(s, "adapters/factors.safetensors", "adapter_model.safetensors", kept, row);
    expect_ok(name, lora_open(&lora, s->dir, &model->modules, &err), &err);
    assert_int_equal(lora->covered, json_array_size(json_object_get(row, "modules")));
    expect_ok(name, lora_adapters(lora, &adapters, &err), &err);
    logit_case_compare(&c, model, &adapters, expected, row);
    free(adapters.slot);
    lora_close(lora);
  }
  assert_in_range(c.tensors, 15, 99);
  compare_end(&c);
  t5_close(model);
  free(base);
  json_decref(expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(logits_agree_with_peft)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
