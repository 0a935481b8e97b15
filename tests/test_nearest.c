/* Which word was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/nearest.h"

static void the_nearest_word_is_found(void **state) {
  (void)state;
  static const char *const KNOWN[] = {"train", "pool",       "score", "generate",
                                      "eval",  "batch_size", "rate"};
  static const struct {
    const char *word, *meant; /* NULL: none is near */
  } CASE[] = {
      {"trian", "train"},
      {"scores", "score"},
      {"evla", "eval"},
      {"genrate", "generate"},
      {"Train", "train"},
      {"GENERATE", "generate"},
      {"batch-size", "batch_size"},
      {"pol", "pool"},
      /* Two changes make any other word of a short one. */
      {"foo", NULL},
      {"base", NULL},
      {"zebra", NULL},
      {"", NULL},
      {"x", NULL},
  };
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    const char *near = nearest_word(CASE[i].word, KNOWN, 7);
    if (!CASE[i].meant) assert_null(near);
    if (CASE[i].meant) assert_string_equal(near, CASE[i].meant);
  }
  static const char *const SHORT[] = {"tp"};
  assert_string_equal(nearest_word("pt", SHORT, 1), "tp"); /* a swap is one change */
  assert_null(nearest_word("train", KNOWN, 0));
}

static void hints_end_messages(void **state) {
  (void)state;
  char longest[65] = "", longer[66] = "";
  const char *known[] = {longest};
  memset(longest, 'a', 64);
  memset(longer, 'a', 65);
  assert_string_equal(nearest_hint(longest, known, 1).text + 77, "aaa'?");
  assert_string_equal(nearest_hint(longer, known, 1).text, "");
  assert_string_equal(nearest_hint("b", known, 1).text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_nearest_word_is_found),
      cmocka_unit_test(hints_end_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
