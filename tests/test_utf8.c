/* The UTF-8 validator against jansson's, which was written by others. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/text/utf8.h"

static bool jansson_accepts(const char *text, size_t size) {
  json_t *string = json_stringn(text, size);
  bool valid = string != NULL;
  json_decref(string);
  return valid;
}

static void assert_agrees(const unsigned char *bytes, size_t size) {
  char *exact = malloc(size ? size : 1); /* so that reading past the end is caught */
  assert_non_null(exact);
  memcpy(exact, bytes, size);
  bool valid = utf8_valid(exact, size) == size;
  if (valid != jansson_accepts(exact, size)) {
    fail_msg("%02x %02x %02x %02x (%zu bytes): %d", bytes[0], bytes[1], bytes[2], bytes[3], size,
             valid);
  }
  free(exact);
}

static void every_short_sequence_is_judged_right(void **state) {
  (void)state;
  static const unsigned char edge[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                       0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xff};
  enum { EDGES = sizeof edge };
  for (int a = 0; a < 256; a++) {
    for (int b = 0; b < 256; b++) {
      unsigned char s[4] = {(unsigned char)a, (unsigned char)b};
      assert_agrees(s, 1);
      assert_agrees(s, 2);
      for (int k = 0; k < EDGES; k++) {
        s[2] = edge[k];
        assert_agrees(s, 3);
      }
      for (int k = 0; k < EDGES * EDGES; k++) {
        s[2] = edge[k / EDGES];
        s[3] = edge[k % EDGES];
        if (a >= 0xe0) assert_agrees(s, 4);
      }
    }
  }
}

static void the_first_bad_byte_is_found(void **state) {
  (void)state;
  Rng rng = {.key = 5};
  for (int round = 0; round < 2000; round++) {
    char text[64];
    size_t size = 1 + rng_below(&rng, sizeof text - 1), bad = rng_below(&rng, size);
    memset(text, 'a', size);
    for (size_t i = 0; i + 1 < bad; i += 2) memcpy(text + i, "\xc3\xa9", 2);
    if (bad % 2) text[bad - 1] = 'a';
    assert_int_equal(utf8_valid(text, bad), bad);
    text[bad] = (char)(rng_below(&rng, 2) ? 0xff : 0x80);
    assert_int_equal(utf8_valid(text, size), bad);
  }
  assert_int_equal(utf8_valid("", 0), 0);
  assert_int_equal(utf8_valid("abc\xe2\x82", 5), 3); /* a code point is cut */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_short_sequence_is_judged_right),
      cmocka_unit_test(the_first_bad_byte_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
