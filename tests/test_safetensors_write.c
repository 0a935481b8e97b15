/* The writer of safetensors: bytes known beforehand, and what it must not write. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "tests/scratch.h"

static void the_writer_spells_these_bytes(void **state) {
  static const char header[] =
      "{\"__metadata__\":{\"format\":\"t\",\"q\":\"a\\\"\\n\xc3\xa9\"},"
      "\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
      "\"v\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[16,22]},"
      "\"b/h\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[22,26]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[26,26]}}";
  static const unsigned char data[] = {0,    0,    0x80, 0x3f, 0, 0,    0,    0xc0, 0,
                                       0,    0,    0x3f, 0,    0, 0,    0,    0x80, 0x3f,
                                       0xc0, 0xbf, 0x40, 0x40, 0, 0x3c, 0xff, 0x7b};
  const float w[] = {1, -2, 0.5f, 0}, v[] = {1, -1.5f, 3}, h[] = {1, 65504};
  const SafetensorsItem items[] = {{"w", DTYPE_F32, w, 2, 2, false},
                                   {"v", DTYPE_BF16, v, 1, 3, true},
                                   {"b/h", DTYPE_F16, h, 1, 2, false},
                                   {"a", DTYPE_F32, NULL, 0, 5, false}};
  char format[] = "format", t[] = "t", q[] = "q", text[] = "a\"\n\xc3\xa9";
  const TensorMeta meta[] = {{format, t}, {q, text}};
  Error err = {0};
  char *bytes;
  size_t size, length = (sizeof header - 1 + 7) / 8 * 8;
  const char *path = scratch_path(*state, "w.safetensors");
  expect_ok("write", safetensors_write(path, items, 4, meta, 2, &err), &err);
  expect_ok("read", file_read(path, 10000, &bytes, &size, &err), &err);
  assert_int_equal(size, 8 + length + sizeof data);
  const unsigned char first[] = {
      (unsigned char)length, (unsigned char)(length >> 8), 0, 0, 0, 0, 0, 0};
  assert_memory_equal(bytes, first, 8);
  assert_memory_equal(bytes + 8, header, sizeof header - 1);
  for (size_t i = 8 + sizeof header - 1; i < 8 + length; i++) assert_int_equal(bytes[i], ' ');
  assert_memory_equal(bytes + 8 + length, data, sizeof data);
  free(bytes);
}

/* Names of 8 lengths, so that the header needs every padding from 0 to 7. */
static void data_begins_at_the_next_multiple_of_8(void **state) {
  static const char around[] = "{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
  static const char name[] = "nnnnnnnn";
  const float value = 1;
  for (size_t length = 1; length <= 8; length++) {
    const SafetensorsItem item = {name + 8 - length, DTYPE_F32, &value, 1, 1, true};
    Error err = {0};
    char *bytes;
    size_t size, header = sizeof around - 1 + length;
    const char *path = scratch_path(*state, "p.safetensors");
    expect_ok("write", safetensors_write(path, &item, 1, NULL, 0, &err), &err);
    expect_ok("read", file_read(path, 1000, &bytes, &size, &err), &err);
    assert_int_equal(size, 8 + (header + 7) / 8 * 8 + 4);
    assert_int_equal((unsigned char)bytes[0], (header + 7) / 8 * 8);
    free(bytes);
  }
}

static void what_is_written_is_read(void **state) {
  enum { ROWS = 3, COLS = 3001 };
  float *values = malloc(ROWS * COLS * sizeof *values);
  for (int i = 0; i < ROWS * COLS; i++) values[i] = (float)(i % 251) - 125;
  const SafetensorsItem items[] = {{"z", DTYPE_BF16, values, ROWS, COLS, false},
                                   {"y", DTYPE_F32, values, ROWS, COLS, false}};
  TensorTable s;
  Error err = {0};
  const char *path = scratch_path(*state, "w.safetensors");
  expect_ok("write", safetensors_write(path, items, 2, NULL, 0, &err), &err);
  expect_ok("open", tensor_table_open(&s, path, &err), &err);
  assert_int_equal(s.count, 2);
  assert_int_equal(s.meta_count, 0);
  float *back = malloc(ROWS * COLS * sizeof *back);
  dtype_widen(back, tensor_table_find(&s, "z")->data, DTYPE_BF16, ROWS * COLS);
  assert_memory_equal(back, values, ROWS * COLS * sizeof *values);
  dtype_widen(back, tensor_table_find(&s, "y")->data, DTYPE_F32, ROWS * COLS);
  assert_memory_equal(back, values, ROWS * COLS * sizeof *values);
  tensor_table_close(&s);
  free(back);
  free(values);
}

static void what_must_not_be_written_is_refused(void **state) {
  Scratch *s = *state;
  float bad[2][5000] = {{0}};
  const struct {
    const char *what, *name, *second;
    Dtype dtype;
    float value;
    const char *words;
  } cases[] = {
      {"NaN", "w", "x", DTYPE_F32, NAN, "/kept: tensor 'w': [1, 4500]: nan is not finite in f32"},
      {"infinity", "w", "x", DTYPE_BF16, -INFINITY,
       "tensor 'w': [1, 4500]: -inf is not finite in bf16"},
      {"too large", "w", "x", DTYPE_F16, 65520,
       "tensor 'w': [1, 4500]: 65520 is not finite in f16"},
      {"rounds up", "w", "x", DTYPE_BF16, 3.4e38f, "[1, 4500]: 3.4e+38 is not finite in bf16"},
      {"twice", "w", "w", DTYPE_F32, 0, "/kept: 'w': would be written twice"},
      {"not UTF-8", "w", "\xff", DTYPE_F32, 0, "/kept: '\\xff': is too large or not UTF-8"},
  };
  Error err = {0};
  expect_ok("keep", file_write(scratch_path(s, "kept"), "kept", 4, &err), &err);
  int before = scratch_count(s);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    bad[1][4500] = cases[i].value;
    const SafetensorsItem items[] = {{cases[i].name, cases[i].dtype, &bad[0][0], 2, 5000, false},
                                     {cases[i].second, DTYPE_F32, &bad[0][0], 1, 1, true}};
    err = (Error){0};
    Status got = safetensors_write(scratch_path(s, "kept"), items, 2, NULL, 0, &err);
    expect_error(cases[i].what, got, &err, STATUS_RUN, cases[i].words);
    char *text;
    size_t size;
    err = (Error){0};
    expect_ok("kept", file_read(s->path, 4, &text, &size, &err), &err);
    assert_string_equal(text, "kept");
    free(text);
    assert_int_equal(scratch_count(s), before);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_writer_spells_these_bytes),
      cmocka_unit_test(data_begins_at_the_next_multiple_of_8),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(what_must_not_be_written_is_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
