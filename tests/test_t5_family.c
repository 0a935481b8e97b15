/* Directories of T5 models as people hold them: logits against Hugging Face transformers
 * (tests/oracle/make_family_golden.py says what is in tests/golden/family). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "data/text/json.h"
#include "infer/t5/t5.h"
#include "tests/parity.h"
#include "tests/scratch.h"

enum { TOKENS_MOST = 16 };

/* The tensors of a golden file under other names, or left out. */
static void write_weights(Scratch *s, const json_t *row) {
  Error err = {0};
  TensorTable file;
  char *path =
      golden_path("family/%s.safetensors", json_string_value(json_object_get(row, "weights")));
  expect_ok(path, tensor_table_open(&file, path, &err), &err);
  SafetensorsItem *items = calloc(file.count, sizeof *items);
  size_t n = 0;
  for (size_t i = 0; i < file.count; i++) {
    const TensorEntry *e = &file.entry[i];
    const json_t *name = json_object_get(json_object_get(row, "rename"), e->name);
    if (json_is_null(name)) continue;
    bool vector = e->rank == 1;
    items[n++] = (SafetensorsItem){name ? json_string_value(name) : e->name,
                                   DTYPE_F32,
                                   (const float *)(const void *)e->data,
                                   vector ? 1 : e->shape[0],
                                   e->shape[vector ? 0 : 1],
                                   vector};
  }
  const char *to = scratch_path(s, "model.safetensors");
  expect_ok(to, safetensors_write(to, items, n, NULL, 0, &err), &err);
  free(items);
  tensor_table_close(&file);
  free(path);
}

static int64_t read_ids(int32_t *ids, const json_t *list) {
  size_t n = json_array_size(list);
  assert_in_range(n, 1, TOKENS_MOST);
  for (size_t i = 0; i < n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
  return (int64_t)n;
}

static void compare_logits(Comparison *c, T5 *model, const json_t *expected, const json_t *row) {
  Error err = {0};
  Arena *arena = arena_new();
  Context ctx = context_make(arena, NULL, 1, &err);
  T5Run run = {.model = model};
  int32_t in[TOKENS_MOST], out[TOKENS_MOST] = {model->config.decoder_start_id};
  int64_t n = read_ids(in, json_object_get(expected, "input"));
  int64_t m = read_ids(out + 1, json_object_get(expected, "target"));
  Ragged input = {1, (int64_t[]){0, n}}, target = {1, (int64_t[]){0, m}};
  Tensor *encoded = t5_encode(&ctx, &run, in, input);
  Tensor *decoded = t5_decode(&ctx, &run, encoded, input, out, (Rows){target, NULL});
  Tensor *z = t5_logits(&ctx, &run, decoded);
  expect_ok("logits", err.status, &err);
  const json_t *logits = json_object_get(row, "logits");
  assert_int_equal(json_array_size(logits), tensor_count(z));
  float *want = calloc(json_array_size(logits), sizeof *want);
  for (size_t i = 0; i < json_array_size(logits); i++)
    want[i] = (float)json_number_value(json_array_get(logits, i));
  compare(c, json_string_value(json_object_get(row, "name")), z->data, want, tensor_count(z));
  free(want);
  arena_free(arena);
}

static void logits_agree_with_transformers(void **state) {
  Scratch *s = *state;
  json_t *expected = golden_json("family/expected.json"), *row;
  size_t i;
  Comparison c = compare_begin(PARITY_F32, "families");
  json_array_foreach(json_object_get(expected, "cases"), i, row) {
    Error err = {0};
    T5 *model;
    const char *config = scratch_path(s, "config.json");
    expect_ok(config, json_write_file(json_object_get(row, "config"), config, &err), &err);
    write_weights(s, row);
    expect_ok(json_string_value(json_object_get(row, "name")), t5_open(&model, s->dir, &err), &err);
    compare_logits(&c, model, expected, row);
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
