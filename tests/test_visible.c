/* What may be shown of text that somebody else chose. The code points that are hidden are those of
 * Unicode 15: category Cc, Zl and Zp, the property Bidi_Control, and noncharacters (chapter 23.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/character.h"
#include "autograd/ground/visible.h"
#include "data/text/utf8.h"

static size_t encode(uint32_t code, char out[5]) {
  size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char FIRST[] = {0, 0, 0xc0, 0xe0, 0xf0};
  memset(out, 0, 5);
  for (size_t i = size; i-- > 1; code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
  out[0] = (char)(FIRST[size] | code);
  return size;
}

static bool is_within(uint32_t code, uint32_t first, uint32_t last) {
  return code >= first && code <= last;
}

static bool is_hidden(uint32_t code) {
  return is_within(code, 0, 0x1f) || is_within(code, 0x7f, 0x9f) || code == 0x61c ||
         is_within(code, 0x200e, 0x200f) || is_within(code, 0x2028, 0x202e) ||
         is_within(code, 0x2066, 0x2069) || is_within(code, 0xfdd0, 0xfdef) ||
         (code & 0xffff) >= 0xfffe;
}

static void every_character_is_told(void **state) {
  (void)state;
  for (uint32_t code = 1; code < 0x110000; code++) {
    char text[5];
    bool hidden;
    size_t size = encode(code, text);
    if (is_within(code, 0xd800, 0xdfff)) {
      assert_int_equal(character_size(text, size), 0);
      assert_int_equal(visible_next(text, &hidden), 1);
      assert_true(hidden);
      continue;
    }
    assert_int_equal(character_size(text, size), size);
    assert_int_equal(character_code(text, size), code);
    assert_int_equal(visible_next(text, &hidden), size);
    if (hidden != is_hidden(code)) fail_msg("U+%04X", code);
  }
}

/* A text of random bytes is shown in UTF-8 that hides nothing more, in as many columns as told. */
static void what_is_shown_is_visible(void **state) {
  (void)state;
  uint32_t random = 1;
  for (int round = 0; round < 20000; round++) {
    char text[12] = {0}, shown[64] = "", *put = NULL;
    for (int i = 0; i < 11; i++) {
      random = random * 1664525 + 1013904223;
      text[i] = (char)(random >> 24 | (round & 1 ? 0x80 : 0));
    }
    visible_append(shown, sizeof shown, text);
    assert_int_equal(utf8_valid(shown, strlen(shown)), strlen(shown));
    bool hidden = false;
    for (const char *p = shown; *p && !hidden;) p += visible_next(p, &hidden);
    assert_false(hidden);
    assert_int_equal(visible_columns(shown), visible_columns(text));
    size_t size;
    FILE *out = open_memstream(&put, &size);
    assert_non_null(out);
    visible_put(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(put, shown);
    free(put);
  }
}

static void what_has_no_room_is_left_out_whole(void **state) {
  (void)state;
  char out[8] = "ab";
  visible_append(out, sizeof out, "c\ne");
  assert_string_equal(out, "abc\\x0a");
  char *small = malloc(4);
  assert_non_null(small);
  strcpy(small, "a");
  visible_append(small, 4, "\xe2\x82\xac");
  assert_string_equal(small, "a");
  free(small);
}

static void files_have_spellings_of_their_own(void **state) {
  (void)state;
  static const char *const SPECIAL[VISIBLE_ASCII] = {['%'] = "<percent>"};
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  visible_spell(out,
                "1%\n\xe2\x80\xae"
                "\xc3\xa9\xff"
                "\xc2\x9b.",
                SPECIAL);
  assert_int_equal(fclose(out), 0);
  assert_string_equal(text, "1<percent> \xef\xbf\xbd\xc3\xa9\xef\xbf\xbd .");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_character_is_told),
      cmocka_unit_test(what_is_shown_is_visible),
      cmocka_unit_test(what_has_no_room_is_left_out_whole),
      cmocka_unit_test(files_have_spellings_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
