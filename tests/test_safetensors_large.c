/* The reader of safetensors on large headers: limits, long names, many tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "tests/tensor_file.h"

static void a_header_has_a_size_limit(void **state) {
  Scratch *s = *state;
  const uint64_t length = 100000001;
  FILE *out = fopen(scratch_path(s, "large"), "wb");
  assert_int_equal(fwrite(&length, 8, 1, out), 1);
  assert_int_equal(fseek(out, 8 + (long)length, SEEK_SET), 0); /* a sparse file */
  fputc(0, out);
  assert_int_equal(fclose(out), 0);
  TensorTable file;
  Error err = {0};
  expect_error("limit", tensor_table_open(&file, s->path, &err), &err, STATUS_INPUT,
               "/large: byte 0: header length 100000001, at most 100000000");
}

static void a_name_may_be_very_long(void **state) {
  enum { LONG = 1000000 };
  char *header = malloc(LONG + 100), *name = malloc(LONG + 1);
  memset(name, 'n', LONG);
  name[LONG] = '\0';
  TensorTable s;
  Error err = {0};
  int size = snprintf(header, LONG + 100, "{" ENTRY("%s", "U8", "[2]", "[0,2]") "}", name);
  const char *path = write_tensors(*state, "m.safetensors", header, (size_t)size, 2);
  expect_ok("long", tensor_table_open(&s, path, &err), &err);
  assert_non_null(tensor_table_find(&s, name));
  tensor_table_close(&s);
  path = write_tensors(*state, "m.safetensors", header, (size_t)size, 1);
  expect_error("long", tensor_table_open(&s, path, &err), &err, STATUS_INPUT,
               "tensor 'nnnnnnnn|data_offsets: the file is truncated");
  free(header);
  free(name);
}

/* Many tensors, their names in an order that is neither that of the file nor of the alphabet. */
static void many_tensors_are_found_by_name(void **state) {
  enum { COUNT = 50000, STEP = 7919 };
  char *header = malloc(COUNT * 80 + 10), name[32];
  size_t size = 1;
  header[0] = '{';
  for (int i = 0; i < COUNT; i++) {
    int k = (int)((int64_t)i * STEP % COUNT);
    size += (size_t)sprintf(header + size, "%s" ENTRY("t%d", "U8", "[1]", "[%d,%d]"), i ? "," : "",
                            k, k, k + 1);
  }
  header[size++] = '}';
  TensorTable s;
  Error err = {0};
  expect_ok(
      "many",
      tensor_table_open(&s, write_tensors(*state, "m.safetensors", header, size, COUNT), &err),
      &err);
  assert_int_equal(s.count, COUNT);
  const unsigned char *data = s.file.data + 8 + size;
  for (int k = 0; k < COUNT; k++) {
    sprintf(name, "t%d", k);
    const TensorEntry *e = tensor_table_find(&s, name);
    assert_non_null(e);
    assert_ptr_equal(e->data, data + k);
  }
  tensor_table_close(&s);
  free(header);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_header_has_a_size_limit),
      cmocka_unit_test(a_name_may_be_very_long),
      cmocka_unit_test(many_tensors_are_found_by_name),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
