/* Headers that are scanned where they stand mean what they mean to jansson, damaged ones too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/tensor_table.h"
#include "tests/mutate.h"
#include "tests/tensor_file.h"

/* The header with one letter of each "dtype" escaped: the same to a JSON parser, and never plain.
 */
static size_t escape_headers(const char *from, size_t size, char *to) {
  static const char WORD[] = "\"dtype\"", ESCAPED[] = "\"d\\u0074ype\"";
  char *end = to;
  while (size > 0) {
    bool word = size >= strlen(WORD) && memcmp(from, WORD, strlen(WORD)) == 0;
    size_t n = word ? strlen(WORD) : 1, m = word ? strlen(ESCAPED) : 1;
    memcpy(end, word ? ESCAPED : from, m);
    end += m;
    from += n;
    size -= n;
  }
  return (size_t)(end - to);
}

/* What is told of a file: its tensors, or the error without numbers, which may be places of bytes,
 * and without the text that jansson quotes. */
static void describe(const char *path, char *text, size_t size) {
  TensorTable s;
  Error err = {0};
  FILE *out = fmemopen(text, size, "w");
  assert_non_null(out);
  if (tensor_table_open(&s, path, &err) != STATUS_OK) {
    const char *near = strstr(err.text, " near ");
    for (const char *c = err.text; *c && c != near; c++) {
      if (!strchr("0123456789", *c)) fputc(*c, out);
    }
  }
  for (size_t i = 0; i < s.count; i++) {
    const TensorEntry *e = &s.entry[i];
    fprintf(out, "%s %s %zu:", e->name, e->dtype, e->size);
    if (e->size > 0) fprintf(out, "%d of", e->data[0]);
    for (int k = 0; k < e->rank; k++) fprintf(out, " %jd", (intmax_t)e->shape[k]);
    fputc('\n', out);
  }
  fclose(out);
  tensor_table_close(&s);
}

static void plain_entries_are_read_as_json(void **state) {
  enum { ROUNDS = 4000, DATA = 32, ROOM = 1024 };
  static const char header[] =
      "{" ENTRY("w", "F32", "[2,3]", "[0,24]") ", \"v\" : { \"dtype\" : \"I16\" , \"shape\" : [ 4 ]"
      ", \"data_offsets\" : [ 24 , 32 ] } ," ENTRY("e", "U8", "[0,7]", "[32,32]") "}";
  static const char *const PIECES[] = {"{",
                                       "]",
                                       "\"",
                                       ",",
                                       "0",
                                       "00",
                                       " ",
                                       "-1",
                                       "1.0",
                                       "F64",
                                       "\x7f",
                                       "\\u0077",
                                       "4294967296",
                                       "\"dtype\"",
                                       "\"shape\":",
                                       "999999999999999999",
                                       "9223372036854775808"};
  Rng rng = {.key = 2};
  int read = 0;
  for (int i = 0; i < ROUNDS; i++) {
    char plain[sizeof header], escaped[ROOM], one[ROOM], other[ROOM];
    memcpy(plain, header, sizeof header);
    size_t size = sizeof header - 1;
    if (i > 0)
      size = mutate((unsigned char *)plain, size, PIECES, sizeof PIECES / sizeof *PIECES, &rng);
    describe(write_tensors(*state, "m.safetensors", plain, size, DATA), one, ROOM);
    size = escape_headers(plain, size, escaped);
    describe(write_tensors(*state, "m.safetensors", escaped, size, DATA), other, ROOM);
    assert_string_equal(one, other);
    read += one[0] != '/';
  }
  assert_in_range(read, ROUNDS / 100, ROUNDS / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_entries_are_read_as_json),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
