/* SHA-256 against the examples of FIPS 180-4 (NIST), and the framing of strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/hash.h"
#include "tests/scratch.h"

static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char ABC[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char MILLION[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void published_examples(void **state) {
  (void)state;
  char hex[HASH_HEX], block[1000];
  hash_finish(hash_new(), hex);
  assert_string_equal(hex, EMPTY);

  Hash *hash = hash_new();
  hash_add(hash, "a", 1);
  hash_add(hash, "", 0);
  hash_add(hash, "bc", 2);
  hash_finish(hash, hex);
  assert_string_equal(hex, ABC);

  memset(block, 'a', sizeof block);
  hash = hash_new();
  for (int i = 0; i < 1000; i++) hash_add(hash, block, sizeof block);
  hash_finish(hash, hex);
  assert_string_equal(hex, MILLION);
}

static void strings_are_preceded_by_their_length(void **state) {
  (void)state;
  char framed[HASH_HEX], spelt[HASH_HEX], other[HASH_HEX];
  Hash *hash = hash_new();
  hash_add_string(hash, "ab");
  hash_add_string(hash, "c");
  hash_finish(hash, framed);
  hash = hash_new();
  hash_add(hash, "\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 19);
  hash_finish(hash, spelt);
  assert_string_equal(framed, spelt);
  hash = hash_new();
  hash_add_string(hash, "a");
  hash_add_string(hash, "bc");
  hash_finish(hash, other);
  assert_string_not_equal(framed, other);
}

static void long_strings_have_their_length_in_little_endian(void **state) {
  (void)state;
  enum { SIZE = 0x010203 };
  char *text = malloc(SIZE + 1), framed[HASH_HEX], spelt[HASH_HEX];
  memset(text, 'a', SIZE);
  text[SIZE] = '\0';
  Hash *hash = hash_new();
  hash_add_string(hash, text);
  hash_finish(hash, framed);
  hash = hash_new();
  hash_add(hash, "\3\2\1\0\0\0\0\0", 8);
  hash_add(hash, text, SIZE);
  hash_finish(hash, spelt);
  assert_string_equal(framed, spelt);
  free(text);
}

static void files(void **state) {
  Scratch *s = *state;
  char hex[HASH_HEX];
  Error err = {0};
  expect_ok("abc", hash_file(scratch_write(s, "abc", "abc", 3), hex, &err), &err);
  assert_string_equal(hex, ABC);
  expect_ok("empty", hash_file(scratch_write(s, "empty", "", 0), hex, &err), &err);
  assert_string_equal(hex, EMPTY);
  Status got = hash_file(scratch_path(s, "missing"), hex, &err);
  expect_error("missing", got, &err, STATUS_INPUT, "/missing: cannot open: No such file");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_examples),
      cmocka_unit_test(strings_are_preceded_by_their_length),
      cmocka_unit_test(long_strings_have_their_length_in_little_endian),
      cmocka_unit_test(files),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
