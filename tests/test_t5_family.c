/* Directories of T5 models as people hold them: logits against Hugging Face transformers
 * (tests/oracle/make_family_golden.py says what is in tests/golden/family). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "tests/logit_case.h"
#include "tests/parity.h"

static const char *renamed(const json_t *row, const char *name) {
  const json_t *as = json_object_get(json_object_get(row, "rename"), name);
  return as ? json_string_value(as) : name;
}

static void logits_agree_with_transformers(void **state) {
  Scratch *s = *state;
  json_t *expected = golden_json("family/expected.json"), *row;
  size_t i;
  Comparison c = compare_begin(PARITY_F32, "families");
  json_array_foreach(json_object_get(expected, "cases"), i, row) {
    Error err = {0};
    T5 *model;
    char file[64];
    const char *config = scratch_path(s, "config.json");
    expect_ok(config, json_write_file(json_object_get(row, "config"), config, &err), &err);
    snprintf(file, sizeof file, "family/%s.safetensors",
             json_string_value(json_object_get(row, "weights")));
    logit_case_write(s, file, "model.safetensors", renamed, row);
    expect_ok(json_string_value(json_object_get(row, "name")), t5_open(&model, s->dir, &err), &err);
    logit_case_compare(&c, model, NULL, expected, row);
    t5_close(model);
  }
  assert_in_range(c.tensors, 20, 99);
  compare_end(&c);
  json_decref(expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(logits_agree_with_transformers)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
