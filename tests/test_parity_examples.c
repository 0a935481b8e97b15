/* Examples of a JSONL file, cut to a length, against Hugging Face's T5Tokenizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/examples/examples.h"
#include "tests/scratch.h"
#include "tests/testing.h"

/* The ids are those of the JSON list. */
static void expect_ids(const char *what, const int32_t *ids, int64_t count, const json_t *want) {
  bool same = count == (int64_t)json_array_size(want);
  for (int64_t i = 0; same && i < count; i++) {
    same = ids[i] == json_integer_value(json_array_get(want, (size_t)i));
  }
  if (same) return;
  char *list = json_dumps(want, JSON_COMPACT);
  print_error("%s: want %s, got [", what, list);
  for (int64_t i = 0; i < count; i++) print_error("%s%d", i ? "," : "", (int)ids[i]);
  print_error("]\n");
  free(list);
  fail();
}

static void truncation_keeps_eos(void **state) {
  (void)state;
  json_t *expected = golden_json("tokenizer/expected.json");
  const json_t *golden = json_object_get(expected, "truncated");
  const json_t *rows = json_object_get(golden, "rows");
  char *path = golden_path("tokenizer/truncated.jsonl");
  char *model = golden_path("tokenizer/nfkc");
  ExampleKeys keys = {.input = "input", .target = "target"};
  ExampleSet *set = NULL;
  Tokenizer *t = NULL;
  Error err = {0};
  expect_ok(model, tokenizer_open(&t, model, &err), &err);
  expect_ok(
      path,
      examples_open(&set, path, &keys, t, json_integer_value(json_object_get(golden, "max_input")),
                    json_integer_value(json_object_get(golden, "max_target")), &err),
      &err);
  assert_int_equal(examples_count(set), json_array_size(rows));
  for (int64_t i = 0; i < examples_count(set); i++) {
    const json_t *row = json_array_get(rows, (size_t)i);
    Example e;
    expect_ok(path, examples_get(set, i, &e, &err), &err);
    expect_ids("input", e.input, e.input_len, json_object_get(row, "input"));
    expect_ids("target", e.target, e.target_len, json_object_get(row, "target"));
    example_free(&e);
  }
  examples_close(set);
  tokenizer_close(t);
  free(path);
  free(model);
  json_decref(expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(truncation_keeps_eos),
  };
  return cmocka_run_group_tests_name("parity: examples", tests, NULL, NULL);
}
