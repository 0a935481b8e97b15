/* The files that people have a tokenizer in, against transformers 5 and the library `tokenizers`
 * (tests/oracle/make_tokenizer_files_golden.py): ids, pieces and decoded texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static Tokenizer *open_files(const char *name) {
  char *path = golden_path("tokenizer_files/%s", name);
  Error err = {0};
  Tokenizer *t;
  expect_ok(path, tokenizer_open(&t, path, &err), &err);
  free(path);
  return t;
}

static void expect_ids(const Tokenizer *t, const char *name, size_t row, const json_t *want,
                       const int32_t *ids, int64_t count) {
  if ((size_t)count + 1 != json_array_size(want)) {
    fail_msg("%s: text %zu: %d ids, want %zu", name, row, (int)count, json_array_size(want) - 1);
  }
  for (int64_t i = 0; i <= count; i++) {
    json_int_t id = json_integer_value(json_array_get(want, (size_t)i));
    if ((i < count ? ids[i] : tokenizer_eos(t)) == id) continue;
    fail_msg("%s: text %zu: id %d is %d, want %d", name, row, (int)i, ids[i], (int)id);
  }
}

static void expect_pieces(const Tokenizer *t, const json_t *want, const json_t *ids) {
  for (size_t i = 0; i < json_array_size(want); i++) {
    int64_t id = json_integer_value(json_array_get(ids, i));
    assert_string_equal(tokenizer_piece(t, id), json_string_value(json_array_get(want, i)));
  }
}

static void expect_row(const Tokenizer *t, const char *name, const json_t *rows, size_t i,
                       const json_t *text) {
  const json_t *want = json_array_get(json_object_get(rows, "ids"), i);
  const json_t *decoded = json_array_get(json_object_get(rows, "decoded"), i);
  Error err = {0};
  int32_t *ids;
  int64_t count;
  char *back;
  expect_ok(
      name,
      tokenizer_encode(t, json_string_value(text), json_string_length(text), &ids, &count, &err),
      &err);
  expect_ids(t, name, i, want, ids, count);
  expect_ok(name, tokenizer_decode(t, ids, count, &back, &err), &err);
  if (strcmp(back, json_string_value(decoded)) != 0) {
    fail_msg("%s: text %zu: decoded '%s', want '%s'", name, i, back, json_string_value(decoded));
  }
  expect_pieces(t, json_array_get(json_object_get(rows, "pieces"), i), want);
  free(back);
  free(ids);
}

/* Every directory of a part of the golden file, on the texts of that part. */
static void expect_part(const char *part, size_t least_texts, size_t least_rows) {
  json_t *golden = golden_json("tokenizer_files/expected.json");
  const json_t *texts = json_object_get(json_object_get(golden, part), "texts");
  json_t *directories = json_object_get(json_object_get(golden, part), "rows"), *rows;
  const char *name;
  assert_true(json_array_size(texts) >= least_texts);
  assert_true(json_object_size(directories) >= least_rows);
  json_object_foreach(directories, name, rows) {
    Tokenizer *t = open_files(name);
    assert_int_equal(tokenizer_size(t), json_integer_value(json_object_get(rows, "size")));
    for (size_t i = 0; i < json_array_size(texts); i++)
      expect_row(t, name, rows, i, json_array_get(texts, i));
    tokenizer_close(t);
  }
  json_decref(golden);
}

static void odd_texts_have_the_ids_of_transformers(void **state) {
  (void)state;
  expect_part("odd", 1000, 4);
}

static void added_tokens_are_found_as_transformers_finds_them(void **state) {
  (void)state;
  expect_part("added", 40, 6);
}

static void generated_ids_have_the_texts_of_transformers(void **state) {
  (void)state;
  json_t *golden = golden_json("tokenizer_files/expected.json"), *rows;
  const char *name;
  json_object_foreach(json_object_get(golden, "decoded"), name, rows) {
    Tokenizer *t = open_files(name);
    assert_true(json_array_size(rows) >= 40);
    for (size_t i = 0; i < json_array_size(rows); i++) {
      const json_t *ids = json_object_get(json_array_get(rows, i), "ids");
      int32_t id[32];
      for (size_t k = 0; k < json_array_size(ids); k++)
        id[k] = (int32_t)json_integer_value(json_array_get(ids, k));
      char *text;
      Error err = {0};
      expect_ok(name, tokenizer_decode(t, id, (int64_t)json_array_size(ids), &text, &err), &err);
      assert_string_equal(text,
                          json_string_value(json_object_get(json_array_get(rows, i), "text")));
      free(text);
    }
    tokenizer_close(t);
  }
  json_decref(golden);
}

/* The same vocabulary from both files is the same tokenizer; added tokens make it another. */
static void a_fingerprint_is_of_what_is_done(void **state) {
  (void)state;
  static const char *const names[] = {"spiece", "json", "first", "decoder", "plain", "saved"};
  enum { NAMES = sizeof names / sizeof *names };
  char hex[NAMES][HASH_HEX];
  Error err = {0};
  for (int i = 0; i < NAMES; i++) {
    Tokenizer *t = open_files(names[i]);
    expect_ok(names[i], tokenizer_fingerprint(t, hex[i], &err), &err);
    tokenizer_close(t);
  }
  assert_string_equal(hex[0], hex[1]);
  for (int i = 1; i < NAMES; i++) {
    for (int k = 1; k < i; k++) assert_string_not_equal(hex[i], hex[k]);
  }
}

/* What is written of each is read as the same. */
static void a_saved_tokenizer_is_the_same(void **state) {
  Scratch *s = *state;
  static const char *const names[] = {"spiece", "json", "first", "decoder", "plain", "mt5"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char before[HASH_HEX], after[HASH_HEX];
    Error err = {0};
    Tokenizer *t = open_files(names[i]), *again;
    expect_ok(names[i], dir_make(scratch_path(s, names[i]), &err), &err);
    expect_ok(names[i], tokenizer_save(t, scratch_path(s, names[i]), &err), &err);
    expect_ok(names[i], tokenizer_open(&again, scratch_path(s, names[i]), &err), &err);
    expect_ok(names[i], tokenizer_fingerprint(t, before, &err), &err);
    expect_ok(names[i], tokenizer_fingerprint(again, after, &err), &err);
    assert_string_equal(before, after);
    tokenizer_close(again);
    tokenizer_close(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_texts_have_the_ids_of_transformers),
      cmocka_unit_test(added_tokens_are_found_as_transformers_finds_them),
      cmocka_unit_test(generated_ids_have_the_texts_of_transformers),
      cmocka_unit_test(a_fingerprint_is_of_what_is_done),
      cmocka_unit_test(a_saved_tokenizer_is_the_same),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
