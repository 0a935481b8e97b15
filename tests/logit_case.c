#include "tests/logit_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"

enum { TOKENS_MOST = 16 };

static SafetensorsItem item_of(const TensorEntry *e, const char *name) {
  bool vector = e->rank == 1;
  int64_t rows = vector ? 1 : e->shape[0], cols = e->shape[vector ? 0 : 1];
  return (SafetensorsItem){name, DTYPE_F32, (const void *)e->data, rows, cols, vector};
}

void logit_case_write(Scratch *s, const char *file, const char *to, CaseName *name,
                      const json_t *row) {
  Error err = {0};
  TensorTable from;
  char *path = golden_path("%s", file);
  expect_ok(path, tensor_table_open(&from, path, &err), &err);
  SafetensorsItem *items = calloc(from.count, sizeof *items);
  size_t n = 0;
  for (size_t i = 0; i < from.count; i++) {
    const char *as = name(row, from.entry[i].name);
    if (as) items[n++] = item_of(&from.entry[i], as);
  }
  const char *out = scratch_path(s, to);
  expect_ok(out, safetensors_write(out, items, n, NULL, 0, &err), &err);
  free(items);
  tensor_table_close(&from);
  free(path);
}

static int64_t read_ids(int32_t *ids, const json_t *list) {
  size_t n = json_array_size(list);
  assert_in_range(n, 1, TOKENS_MOST);
  for (size_t i = 0; i < n; i++) ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
  return (int64_t)n;
}

static void compare_values(Comparison *c, const json_t *row, const Tensor *z) {
  const json_t *logits = json_object_get(row, "logits");
  size_t n = json_array_size(logits);
  assert_int_equal(n, tensor_count(z));
  float *want = calloc(n, sizeof *want);
  for (size_t i = 0; i < n; i++) want[i] = (float)json_number_value(json_array_get(logits, i));
  compare(c, json_string_value(json_object_get(row, "name")), z->data, want, (int64_t)n);
  free(want);
}

void logit_case_compare(Comparison *c, T5 *model, const AdapterSet *adapters,
                        const json_t *expected, const json_t *row) {
  Error err = {0};
  Arena *arena = arena_new();
  Context ctx = context_make(arena, NULL, 1, &err);
  T5Run run = {.model = model, .adapters = adapters};
  int32_t in[TOKENS_MOST], out[TOKENS_MOST + 1] = {model->config.decoder_start_id};
  int64_t n = read_ids(in, json_object_get(expected, "input"));
  int64_t m = read_ids(out + 1, json_object_get(expected, "target"));
  Ragged input = {1, (int64_t[]){0, n}}, target = {1, (int64_t[]){0, m}};
  Tensor *encoded = t5_encode(&ctx, &run, in, input);
  Tensor *decoded = t5_decode(&ctx, &run, encoded, input, out, (Rows){target, NULL});
  Tensor *z = t5_logits(&ctx, &run, decoded);
  expect_ok("logits", err.status, &err);
  compare_values(c, row, z);
  arena_free(arena);
}
