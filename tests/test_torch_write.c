/* Files for torch.load: read again by the reader of PyTorch's own files. That torch.load reads them
 * is looked at by tests/oracle/check_export.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/torch_write.h"
#include "data/tensors/weights.h"
#include "tests/scratch.h"

static const float VALUES[] = {1, -2, 0.5f, 0, 3, 65504};

static Status write_items(const char *path, const SafetensorsItem *item, size_t count, Error *err) {
  TorchWriter *w;
  TRY(torch_writer_open(&w, path, err));
  Status status = STATUS_OK;
  for (size_t i = 0; i < count && status == STATUS_OK; i++) {
    status = torch_writer_add(w, &item[i], err);
  }
  if (status == STATUS_OK) return torch_writer_commit(w, err);
  torch_writer_abort(w);
  return status;
}

static void tensors_come_back(void **state) {
  const SafetensorsItem item[] = {{"b.matrix", DTYPE_F32, VALUES, 2, 3, false},
                                  {"a.vector", DTYPE_F16, VALUES, 1, 6, true},
                                  {"c.\xc3\xa9", DTYPE_BF16, VALUES, 3, 2, false},
                                  {"none", DTYPE_F32, VALUES, 0, 4, false}};
  Error err = {0};
  Weights *w;
  const char *path = scratch_path(*state, "w.pt");
  expect_ok("write", write_items(path, item, 4, &err), &err);
  expect_ok("open", weights_open(&w, path, &err), &err);
  assert_int_equal(weights_count(w), 4);
  for (int i = 0; i < 3; i++) {
    Tensor t;
    float got[6];
    expect_ok(item[i].name, weights_locate(w, item[i].name, item[i].rows, item[i].cols, &t, &err),
              &err);
    assert_int_equal(t.dtype, item[i].dtype);
    dtype_widen(got, t.store, t.dtype, 6);
    for (int c = 0; c < (i == 2 ? 5 : 6); c++) assert_true(got[c] == VALUES[c]);
    assert_int_equal((uintptr_t)t.store % 4, 0); /* found where torch.save would have put it */
  }
  weights_close(w);
}

static void the_same_tensors_are_the_same_bytes(void **state) {
  const SafetensorsItem item = {"m", DTYPE_F32, VALUES, 2, 3, false};
  Error err = {0};
  char *bytes[2];
  size_t size[2];
  for (int i = 0; i < 2; i++) {
    const char *path = scratch_path(*state, i ? "two.pt" : "one.pt");
    expect_ok("write", write_items(path, &item, 1, &err), &err);
    expect_ok("read", file_read(path, 100000, &bytes[i], &size[i], &err), &err);
  }
  assert_int_equal(size[0], size[1]);
  assert_memory_equal(bytes[0], bytes[1], size[0]);
  free(bytes[0]);
  free(bytes[1]);
}

/* More members than zip counts in 16 bits. */
static void many_tensors_come_back(void **state) {
  enum { MANY = 70000 };
  Error err = {0};
  TorchWriter *w;
  Weights *read;
  const char *path = scratch_path(*state, "many.pt");
  expect_ok("open", torch_writer_open(&w, path, &err), &err);
  for (int i = 0; i < MANY; i++) {
    char name[24];
    float value = (float)i;
    snprintf(name, sizeof name, "t%05d", i);
    const SafetensorsItem item = {name, DTYPE_F32, &value, 1, 1, true};
    expect_ok(name, torch_writer_add(w, &item, &err), &err);
  }
  expect_ok("commit", torch_writer_commit(w, &err), &err);
  expect_ok("open", weights_open(&read, path, &err), &err);
  assert_int_equal(weights_count(read), MANY);
  for (int i = 0; i < MANY; i += 6999) {
    Tensor t;
    float value;
    expect_ok("tensor", weights_locate(read, weights_entry(read, (size_t)i)->name, 1, 1, &t, &err),
              &err);
    dtype_widen(&value, t.store, t.dtype, 1);
    assert_true(value == (float)i);
  }
  weights_close(read);
}

static void what_is_not_finite_is_refused(void **state) {
  const float bad[] = {1, NAN, 70000};
  const SafetensorsItem item[] = {{"x", DTYPE_F32, bad, 1, 3, true},
                                  {"y", DTYPE_F16, bad + 2, 1, 1, true}};
  for (int i = 0; i < 2; i++) {
    Error err = {0};
    const char *path = scratch_path(*state, "bad.pt");
    Status got = write_items(path, &item[i], 1, &err);
    expect_error("not finite", got, &err, STATUS_RUN, i ? "'y'|[0, 0]" : "'x'|[0, 1]|not finite");
    FILE *f = fopen(path, "rb");
    assert_null(f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_come_back),
      cmocka_unit_test(the_same_tensors_are_the_same_bytes),
      cmocka_unit_test(many_tensors_come_back),
      cmocka_unit_test(what_is_not_finite_is_refused),
  };
  return cmocka_run_group_tests_name("files for torch.load", tests, scratch_setup,
                                     scratch_teardown);
}
