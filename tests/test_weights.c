/* weights: one file or shards, each way an index can disagree with its shards, and the accounting
 * of what was used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/tensors/weights.h"
#include "tests/mutate.h"
#include "tests/tensor_file.h"

static void write_text(Scratch *s, const char *name, const char *text) {
  scratch_write(s, name, text, strlen(text));
}

static void write_shard(Scratch *s, const char *name, const char *header, size_t data_size) {
  write_tensors(s, name, header, strlen(header), data_size);
}

/* An empty directory in the scratch directory, in which the test then writes. */
static const char *fresh_dir(Scratch *s, const char *name) {
  Error err = {0};
  expect_ok(name, dir_remove(scratch_path(s, name), &err), &err);
  expect_ok(name, dir_make(s->path, &err), &err);
  return s->path;
}

#define INDEX "c/model.safetensors.index.json"

/* Two shards with a tensor each. */
static void write_two_shards(Scratch *s) {
  fresh_dir(s, "c");
  write_shard(s, "c/one.safetensors", "{" ENTRY("a", "U8", "[4]", "[0,4]") "}", 4);
  write_shard(s, "c/two.safetensors", "{" ENTRY("b", "F16", "[2]", "[0,4]") "}", 4);
}

static void expect_index_error(Scratch *s, const char *index, const char *words) {
  Weights *w;
  Error err = {0};
  write_text(s, INDEX, index);
  Status got = weights_open(&w, scratch_path(s, "c"), &err);
  expect_error(index, got, &err, STATUS_INPUT, words);
  assert_null(w);
}

/* The f32 numbers whose bytes are 0, 1, 2, ... from `first`. */
static void expect_counting_bytes(const Tensor *t, unsigned first) {
  const unsigned char *bytes = t->store;
  for (int64_t i = 0; i < tensor_count(t) * (int64_t)dtype_size(t->dtype); i++) {
    assert_int_equal(bytes[i], (unsigned char)(first + (unsigned)i));
  }
}

static void tensors_come_as_matrices(void **state) {
  static const char header[] =
      "{" ENTRY("m", "F32", "[2,3]", "[0,24]") "," ENTRY("v", "BF16", "[5]", "[24,34]") "," ENTRY(
          "h", "F16", "[1,2]", "[34,38]") ",\"__metadata__\":{\"k\":\"value\"}}";
  const char *path = write_tensors(*state, "single", header, sizeof header - 1, 38);
  Weights *w;
  Tensor t;
  Error err = {0};
  expect_ok("open", weights_open(&w, path, &err), &err);
  assert_int_equal(weights_count(w), 3);
  assert_string_equal(weights_entry(w, 0)->name, "h");
  assert_string_equal(weights_entry(w, 1)->name, "m");
  assert_string_equal(weights_file(w, 0), path);
  assert_string_equal(weights_meta(w, "k"), "value");
  assert_null(weights_meta(w, "none"));
  assert_true(weights_has(w, "v"));
  assert_false(weights_has(w, "x"));
  expect_ok("m", weights_get(w, "m", 2, 3, &t, &err), &err);
  assert_int_equal(t.dtype, DTYPE_F32);
  assert_int_equal((uintptr_t)t.store % sizeof(float), 0);
  expect_counting_bytes(&t, 0);
  expect_ok("v", weights_get(w, "v", 1, -1, &t, &err), &err);
  assert_int_equal(t.dtype, DTYPE_BF16);
  assert_true(t.rows == 1 && t.cols == 5);
  expect_counting_bytes(&t, 24);
  expect_ok("h", weights_get(w, "h", -1, -1, &t, &err), &err);
  assert_true(t.dtype == DTYPE_F16 && t.rows == 1 && t.cols == 2);
  expect_ok("unchanged", weights_unchanged(w, &err), &err);
  assert_int_equal(truncate(path, 100), 0);
  expect_error("changed", weights_unchanged(w, &err), &err, STATUS_INPUT, "/single: changed size");
  weights_close(w);
  weights_close(NULL);
}

/* The header has every length modulo 4, so f32 data stands at every address. */
static void unaligned_floats_are_copied(void **state) {
  for (size_t padding = 0; padding < 4; padding++) {
    char header[100];
    int size = snprintf(header, sizeof header, "{" ENTRY("w", "F32", "[3]", "[0,12]") "}%*s",
                        (int)padding, "");
    Weights *w;
    Tensor first, second;
    Error err = {0};
    const char *path = write_tensors(*state, "odd", header, (size_t)size, 12);
    expect_ok("open", weights_open(&w, path, &err), &err);
    expect_ok("get", weights_get(w, "w", 1, 3, &first, &err), &err);
    assert_int_equal((uintptr_t)first.data % sizeof(float), 0);
    expect_counting_bytes(&first, 0);
    expect_ok("again", weights_get(w, "w", 1, 3, &second, &err), &err);
    assert_ptr_equal(first.data, second.data);
    weights_close(w);
  }
}

static void wrong_tensors_are_named(void **state) {
  static const char header[] = "{" ENTRY("m", "F32", "[2,3]", "[0,24]") "," ENTRY(
      "v", "F32", "[5]", "[24,44]") "," ENTRY("s", "F32", "[]", "[44,48]") "," ENTRY(
      "c", "F32", "[1,1,1]", "[48,52]") "," ENTRY("e", "F32", "[0,4]", "[52,52]") "," ENTRY(
      "i", "I64", "[1,1]", "[52,60]") "," ENTRY("d", "F64", "[1]", "[60,68]") "}";
  const struct {
    const char *name;
    int64_t rows, cols;
    Status status;
    const char *words;
  } cases[] = {
      {"x", 2, 3, STATUS_MISMATCH, "/single: tensor 'x': is missing"},
      {"m", 3, 2, STATUS_MISMATCH, "/single: tensor 'm': got shape [2, 3], want [3, 2]"},
      {"m", -1, 4, STATUS_MISMATCH, "tensor 'm': got shape [2, 3], want [any, 4]"},
      {"v", 5, 1, STATUS_MISMATCH, "tensor 'v': got shape [5], want [5, 1]"},
      {"v", 1, 4, STATUS_MISMATCH, "tensor 'v': got shape [5], want [1, 4]"},
      {"s", -1, -1, STATUS_MISMATCH, "tensor 's': got shape [], want [any, any]"},
      {"c", 1, 1, STATUS_MISMATCH, "tensor 'c': got shape [1, 1, 1], want [1, 1]"},
      {"e", -1, 4, STATUS_MISMATCH, "tensor 'e': got shape [0, 4], want [any, 4]"},
      {"i", 1, 1, STATUS_INPUT, "/single: tensor 'i': got dtype I64, want F32, F16 or BF16"},
      {"d", 1, 1, STATUS_INPUT, "/single: tensor 'd': got dtype F64, want F32, F16 or BF16"},
  };
  Weights *w;
  Error err = {0};
  const char *path = write_tensors(*state, "single", header, sizeof header - 1, 68);
  expect_ok("open", weights_open(&w, path, &err), &err);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Tensor t;
    Error cause = {0};
    Status got = weights_get(w, cases[i].name, cases[i].rows, cases[i].cols, &t, &cause);
    expect_error(cases[i].name, got, &cause, cases[i].status, cases[i].words);
  }
  weights_close(w);
}

static void what_is_not_used_is_named(void **state) {
  static const char header[] = "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY(
      "b", "F32", "[1]", "[4,8]") "," ENTRY("c", "I64", "[1]", "[8,16]") "}";
  Weights *w;
  Tensor t;
  Error err = {0};
  const char *path = write_tensors(*state, "single", header, sizeof header - 1, 16);
  expect_ok("open", weights_open(&w, path, &err), &err);
  expect_error("none", weights_check_used(w, &err), &err, STATUS_MISMATCH,
               "/single: tensor 'a': is not used (3 of 3 are not)");
  err = (Error){0};
  expect_ok("a", weights_get(w, "a", 1, 1, &t, &err), &err);
  assert_int_equal(weights_get(w, "b", 2, 2, &t, NULL), STATUS_MISMATCH);
  weights_ignore(w, "c");
  weights_ignore(w, "absent");
  expect_error("b", weights_check_used(w, &err), &err, STATUS_MISMATCH,
               "/single: tensor 'b': is not used (1 of 3 are not)");
  err = (Error){0};
  weights_ignore(w, "b");
  expect_ok("all", weights_check_used(w, &err), &err);
  weights_close(w);
}

static void shards_are_one_checkpoint(void **state) {
  Scratch *s = *state;
  Weights *w;
  Tensor t;
  Error err = {0};
  write_two_shards(s);
  /* total_size is wrong and "alias" is in no shard: as converters leave an index. */
  write_text(s, INDEX,
             "{\"metadata\":{\"total_size\":999},\"weight_map\":{\"b\":\"two.safetensors\","
             "\"a\":\"one.safetensors\",\"alias\":\"one.safetensors\"}}");
  expect_ok("open", weights_open(&w, scratch_path(s, "c"), &err), &err);
  assert_int_equal(weights_count(w), 2);
  assert_string_equal(weights_entry(w, 1)->name, "b");
  assert_non_null(strstr(weights_file(w, 0), "c/one.safetensors"));
  assert_non_null(strstr(weights_file(w, 1), "c/two.safetensors"));
  expect_ok("b", weights_get(w, "b", 1, 2, &t, &err), &err);
  expect_error("alias", weights_get(w, "alias", 1, 2, &t, &err), &err, STATUS_MISMATCH,
               "index.json: weight_map: 'alias': shard one.safetensors does not have it");
  err = (Error){0};
  expect_error("x", weights_get(w, "x", 1, 2, &t, &err), &err, STATUS_MISMATCH,
               "index.json: tensor 'x': is missing");
  err = (Error){0};
  expect_error("a", weights_check_used(w, &err), &err, STATUS_MISMATCH,
               "c/one.safetensors: tensor 'a': is not used (1 of 2 are not)");
  weights_close(w);

  /* A single file beside them is taken instead. */
  write_shard(s, "c/model.safetensors", "{" ENTRY("z", "F32", "[1]", "[0,4]") "}", 4);
  err = (Error){0};
  expect_ok("single", weights_open(&w, scratch_path(s, "c"), &err), &err);
  assert_int_equal(weights_count(w), 1);
  assert_true(weights_has(w, "z"));
  weights_close(w);
}

static void an_index_that_disagrees_is_refused(void **state) {
  Scratch *s = *state;
  write_two_shards(s);
  const struct {
    const char *index, *words;
  } cases[] = {
      {"", INDEX ": line 1"},
      {"[]", INDEX ": got an array, want an object"},
      {"{}", INDEX ": weight_map: is missing"},
      {"{\"weight_map\":[]}", INDEX ": weight_map: got an array, want an object"},
      {"{\"weight_map\":{}}", INDEX ": weight_map: is empty"},
      {"{\"weight_map\":{\"a\":1}}", INDEX ": weight_map: 'a': got an integer, want a string"},
      {"{\"weight_map\":{\"a\":\"one.safetensors\",\"\\u0061\":\"one.safetensors\"}}",
       INDEX "|duplicate object key"},
      {"{\"weight_map\":{\"a\":\"../../etc/passwd\"}}",
       INDEX ": weight_map: 'a': '../../etc/passwd' is not the name of a file beside it"},
      {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}",
       "weight_map: 'a': '/etc/passwd' is not the name"},
      {"{\"weight_map\":{\"a\":\"..\"}}", "weight_map: 'a': '..' is not the name"},
      {"{\"weight_map\":{\"a\":\"\"}}", "weight_map: 'a': '' is not the name"},
      {"{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"three\"}}", "c/three: cannot open"},
      {"{\"weight_map\":{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"}}",
       INDEX ": weight_map: 'a': says two.safetensors, but it is in one.safetensors"},
      {"{\"weight_map\":{\"x\":\"one.safetensors\"}}",
       INDEX ": weight_map: tensor 'a' of shard one.safetensors: is missing"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expect_index_error(s, cases[i].index, cases[i].words);
  }
  static const char both[] =
      "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}";
  write_shard(s, "c/two.safetensors", "{" ENTRY("a", "U8", "[4]", "[0,4]") "}", 4);
  expect_index_error(s, both, "c/one.safetensors: tensor 'a': is in |c/two.safetensors, too");
  write_shard(s, "c/two.safetensors", "{" ENTRY("b", "U8", "[4]", "[0,4]") "}", 3);
  expect_index_error(s, both, "c/two.safetensors: tensor 'b': data_offsets: the file is truncated");
  write_text(s, "c/two.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  expect_index_error(s, both, "c/two.safetensors: is no file of tensors but a Git LFS pointer");
}

static void directories_without_weights_are_explained(void **state) {
  Scratch *s = *state;
  Weights *w;
  Error err = {0};
  expect_error(
      "empty", weights_open(&w, fresh_dir(s, "d"), &err), &err, STATUS_INPUT,
      "/d: has no weights: neither model.safetensors nor pytorch_model.bin, nor the index");
  write_text(s, "d/pytorch_model.bin", "PK");
  err = (Error){0};
  expect_error("pickle", weights_open(&w, scratch_path(s, "d"), &err), &err, STATUS_INPUT,
               "/d/pytorch_model.bin: is not a safetensors file: it has 2 bytes");
  err = (Error){0};
  expect_error("missing", weights_open(&w, scratch_path(s, "nothing"), &err), &err, STATUS_INPUT,
               "/nothing: cannot open: No such file");
  fresh_dir(s, "d");
  assert_int_equal(symlink("nowhere", scratch_path(s, "d/model.safetensors")), 0);
  err = (Error){0};
  expect_error("dangling", weights_open(&w, scratch_path(s, "d"), &err), &err, STATUS_INPUT,
               "/d/model.safetensors: cannot open: No such file");
}

static void mutated_indexes_are_survived(void **state) {
  enum { ROUNDS = 1500 };
  static const char original[] =
      "{\"metadata\":{\"total_size\":8},\"weight_map\":"
      "{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}";
  static const char *const pieces[] = {"{",    "}",   "\"",  ":", ",",
                                       "null", "one", "two", "/", "\\u0061"};
  Scratch *s = *state;
  Rng rng = {.key = 7};
  write_two_shards(s);
  int opened = 0;
  for (int i = 0; i < ROUNDS; i++) {
    unsigned char bytes[sizeof original];
    memcpy(bytes, original, sizeof original);
    size_t size =
        mutate(bytes, sizeof original - 1, pieces, sizeof pieces / sizeof pieces[0], &rng);
    scratch_write(s, INDEX, bytes, size);
    Weights *w;
    Error err = {0};
    Status status = weights_open(&w, scratch_path(s, "c"), &err);
    if (status == STATUS_OK) {
      opened++;
      assert_int_equal(weights_count(w), 2);
    } else {
      expect_error("mutation", status, &err, STATUS_INPUT, "/c/");
    }
    weights_close(w);
  }
  assert_in_range(opened, 1, ROUNDS / 2); /* both outcomes are exercised */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_come_as_matrices),
      cmocka_unit_test(unaligned_floats_are_copied),
      cmocka_unit_test(wrong_tensors_are_named),
      cmocka_unit_test(what_is_not_used_is_named),
      cmocka_unit_test(shards_are_one_checkpoint),
      cmocka_unit_test(an_index_that_disagrees_is_refused),
      cmocka_unit_test(directories_without_weights_are_explained),
      cmocka_unit_test(mutated_indexes_are_survived),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
