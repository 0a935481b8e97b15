/* The tokenizer against Hugging Face's (tests/oracle/make_tokenizer_golden.py), and training. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/corpus.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static Tokenizer *open_golden(const char *name) {
  char *path = golden_path("tokenizer/%s", name);
  Error err = {0};
  Tokenizer *t;
  expect_ok(path, tokenizer_open(&t, path, &err), &err);
  free(path);
  return t;
}

static void assert_row(const Tokenizer *t, const json_t *row) {
  const json_t *text = json_object_get(row, "text"), *want = json_object_get(row, "ids");
  const char *decoded = json_string_value(json_object_get(row, "decoded"));
  Error err = {0};
  int32_t *ids;
  int64_t count;
  expect_ok(
      "encode",
      tokenizer_encode(t, json_string_value(text), json_string_length(text), &ids, &count, &err),
      &err);
  size_t wanted = json_array_size(want); /* with EOS */
  if ((size_t)count + 1 != wanted) {
    fail_msg("'%s': %zu ids, want %zu", json_string_value(text), (size_t)count + 1, wanted);
  }
  for (size_t i = 0; i + 1 < wanted; i++) {
    json_int_t id = json_integer_value(json_array_get(want, i));
    if (ids[i] != id) fail_msg("'%s': id %zu is %d", json_string_value(text), i, ids[i]);
  }
  assert_int_equal(tokenizer_eos(t), json_integer_value(json_array_get(want, wanted - 1)));
  if (decoded) {
    char *back;
    expect_ok("decode", tokenizer_decode(t, ids, count, &back, &err), &err);
    assert_string_equal(back, decoded);
    free(back);
  }
  free(ids);
}

static void ids_agree_with_transformers(void **state) {
  (void)state;
  json_t *golden = golden_json("tokenizer/expected.json");
  static const char *const models[] = {"nfkc", "identity"};
  for (int m = 0; m < 2; m++) {
    const json_t *expected = json_object_get(golden, models[m]);
    const json_t *rows = json_object_get(expected, "rows");
    Tokenizer *t = open_golden(models[m]);
    assert_int_equal(tokenizer_size(t), json_integer_value(json_object_get(expected, "size")));
    assert_true(json_array_size(rows) >= 4);
    for (size_t i = 0; i < json_array_size(rows); i++) assert_row(t, json_array_get(rows, i));
    tokenizer_close(t);
  }
  json_decref(golden);
}

static void special_ids_are_in_their_places(void **state) {
  (void)state;
  Tokenizer *t = open_golden("nfkc");
  assert_int_equal(tokenizer_pad(t), 0);
  assert_int_equal(tokenizer_eos(t), 1);
  assert_int_equal(tokenizer_size(t), 320);
  assert_int_equal(tokenizer_sentinel(t, 0), 319);
  assert_int_equal(tokenizer_sentinel(t, 99), 220);
  assert_int_equal(tokenizer_sentinel(t, 100), -1);
  assert_int_equal(tokenizer_sentinel(t, -1), -1);
  static const int32_t ids[] = {0, 4, 319, 1, 2, 220, 320, 400, -7, INT32_MIN, INT32_MAX, 4};
  Error err = {0};
  char *text;
  expect_ok("decode", tokenizer_decode(t, ids, 12, &text, &err), &err);
  assert_string_equal(text, "the the"); /* as transformers with skip_special_tokens */
  free(text);
  expect_ok("decode", tokenizer_decode(t, ids, 0, &text, &err), &err);
  assert_string_equal(text, "");
  free(text);
  tokenizer_close(t);
}

static void what_is_not_utf8_is_refused(void **state) {
  (void)state;
  Tokenizer *t = open_golden("nfkc");
  Error err = {0};
  int32_t *ids;
  int64_t count;
  expect_error("bytes", tokenizer_encode(t, "the \xc3(", 6, &ids, &count, &err), &err, STATUS_INPUT,
               "byte 4");
  assert_null(ids);
  err = (Error){0}; /* a NUL byte is a character like any other */
  expect_ok("nul", tokenizer_encode(t, "the\0the", 7, &ids, &count, &err), &err);
  assert_true(count > 2);
  free(ids);
  expect_ok("part", tokenizer_encode(t, "<extra_id_0>", 11, &ids, &count, &err), &err);
  for (int64_t i = 0; i < count; i++) assert_true(ids[i] < 220); /* no reading past the end */
  free(ids);
  static const char wrapped[] = "<extra_id_4294967296>"; /* 2^32 is not 0 */
  expect_ok("wrap", tokenizer_encode(t, wrapped, sizeof wrapped - 1, &ids, &count, &err), &err);
  for (int64_t i = 0; i < count; i++) assert_true(ids[i] < 220);
  free(ids);
  tokenizer_close(t);
}

/* Linear in the text: a quarter of a mebibyte without white space, of marks, of sentinels. */
static void long_texts_are_encoded(void **state) {
  (void)state;
  Tokenizer *t = open_golden("nfkc");
  static const char *const parts[] = {"x", "\xcc\x81", "<extra_id_3>", "<extra_id_", "<", " "};
  enum { SIZE = 1 << 18 };
  char *text = malloc(SIZE);
  assert_non_null(text);
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
    size_t n = strlen(parts[k]), size = SIZE / n * n;
    for (size_t i = 0; i < size; i += n) memcpy(text + i, parts[k], n);
    Error err = {0};
    int32_t *ids;
    int64_t count;
    expect_ok(parts[k], tokenizer_encode(t, text, size, &ids, &count, &err), &err);
    if (k == 1) assert_int_equal(count, 2); /* a word, all of it unknown */
    if (k == 2) assert_int_equal(count, size / n);
    free(ids);
  }
  free(text);
  tokenizer_close(t);
}

typedef struct Job {
  const Tokenizer *t;
  int64_t sum;
} Job;

static void *encode_all(void *arg) {
  Job *job = arg;
  for (int round = 0; round < 20; round++) {
    for (size_t i = 0; i < CORPUS_COUNT; i++) {
      int32_t *ids;
      int64_t count;
      if (tokenizer_encode(job->t, CORPUS[i], strlen(CORPUS[i]), &ids, &count, NULL)) return NULL;
      for (int64_t j = 0; j < count; j++) job->sum = job->sum * 31 % 1000003 + ids[j];
      free(ids);
    }
  }
  return NULL;
}

static void threads_share_a_tokenizer(void **state) {
  (void)state;
  Tokenizer *t = open_golden("nfkc");
  Job job[3] = {{.t = t}, {.t = t}, {.t = t}};
  pthread_t thread[2];
  for (int i = 0; i < 2; i++) {
    assert_int_equal(pthread_create(&thread[i], NULL, encode_all, &job[i]), 0);
  }
  encode_all(&job[2]);
  for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
  assert_true(job[2].sum != 0);
  assert_int_equal(job[0].sum, job[2].sum);
  assert_int_equal(job[1].sum, job[2].sum);
  tokenizer_close(t);
}

static void training_is_repeatable_and_silent(void **state) {
  Scratch *s = *state;
  Error err = {0};
  char *first, *second;
  size_t first_size, second_size;
  int saved = dup(2);
  assert_non_null(freopen(scratch_path(s, "stderr"), "w", stderr));
  Status one =
      tokenizer_train(CORPUS, CORPUS_COUNT, 120, "a: pieces", scratch_path(s, "one"), &err);
  Status two =
      tokenizer_train(CORPUS, CORPUS_COUNT, 120, "a: pieces", scratch_path(s, "two"), &err);
  fflush(stderr);
  dup2(saved, 2);
  close(saved);
  expect_ok("one", one, &err);
  expect_ok("two", two, &err);
  expect_ok("log", file_read(scratch_path(s, "stderr"), 1 << 20, &first, &first_size, &err), &err);
  assert_string_equal(first, "");
  free(first);
  expect_ok("one", file_read(scratch_path(s, "one"), 1 << 24, &first, &first_size, &err), &err);
  expect_ok("two", file_read(scratch_path(s, "two"), 1 << 24, &second, &second_size, &err), &err);
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  free(first);
  free(second);
}

static void a_trained_tokenizer_reads_its_texts(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Tokenizer *t;
  corpus_train(scratch_path(s, "spiece.model"));
  expect_ok("open", tokenizer_open(&t, s->dir, &err), &err);
  assert_int_equal(tokenizer_size(t), CORPUS_PIECES + 100);
  assert_int_equal(tokenizer_pad(t), 0);
  assert_int_equal(tokenizer_eos(t), 1);
  for (size_t i = 0; i < CORPUS_COUNT; i++) {
    int32_t *ids;
    int64_t count;
    char *text;
    expect_ok("encode", tokenizer_encode(t, CORPUS[i], strlen(CORPUS[i]), &ids, &count, &err),
              &err);
    assert_true(count > 0);
    for (int64_t j = 0; j < count; j++) assert_true(ids[j] > 2 && ids[j] < CORPUS_PIECES);
    expect_ok("decode", tokenizer_decode(t, ids, count, &text, &err), &err);
    assert_string_equal(text, CORPUS[i]);
    free(text);
    free(ids);
  }
  tokenizer_close(t);
}

static void impossible_training_is_refused(void **state) {
  Scratch *s = *state;
  static const char *const broken[] = {"fine", "not \xff fine"};
  static const char *const empty[] = {"", "  "};
  Error err = {0};
  expect_error(
      "many",
      tokenizer_train(CORPUS, CORPUS_COUNT, 1000000, "a: pieces", scratch_path(s, "x"), &err), &err,
      STATUS_USAGE, "a: pieces: is 1000000, and the texts give |at most");
  err = (Error){0};
  expect_error(
      "few", tokenizer_train(CORPUS, CORPUS_COUNT, 4, "a: pieces", scratch_path(s, "x"), &err),
      &err, STATUS_USAGE, "a: pieces: is 4, and the characters of the texts alone are |; raise it");
  err = (Error){0};
  expect_error("zero",
               tokenizer_train(CORPUS, CORPUS_COUNT, 0, "a: pieces", scratch_path(s, "x"), &err),
               &err, STATUS_USAGE, "a: pieces: ");
  err = (Error){0};
  expect_error("bytes", tokenizer_train(broken, 2, 120, "a: pieces", scratch_path(s, "x"), &err),
               &err, STATUS_INPUT, "byte 4 of text 1");
  err = (Error){0};
  expect_error("empty", tokenizer_train(empty, 2, 120, "a: pieces", scratch_path(s, "x"), &err),
               &err, STATUS_USAGE, "a: pieces: ");
  err = (Error){0};
  expect_error("none", tokenizer_train(NULL, 0, 120, "a: pieces", scratch_path(s, "x"), &err), &err,
               STATUS_USAGE, "a: pieces: ");
  assert_int_equal(access(scratch_path(s, "x"), F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_agree_with_transformers),
      cmocka_unit_test(special_ids_are_in_their_places),
      cmocka_unit_test(what_is_not_utf8_is_refused),
      cmocka_unit_test(long_texts_are_encoded),
      cmocka_unit_test(threads_share_a_tokenizer),
      cmocka_unit_test(training_is_repeatable_and_silent),
      cmocka_unit_test(a_trained_tokenizer_reads_its_texts),
      cmocka_unit_test(impossible_training_is_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
