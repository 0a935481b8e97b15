/* status: the first cause wins, and a message is one line that cannot drive a terminal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/status.h"

static void the_first_cause_wins(void **state) {
  (void)state;
  Error err = {0};
  assert_int_equal(error_set(&err, STATUS_INPUT, "%s: %d", "first", 1), STATUS_INPUT);
  assert_int_equal(error_set(&err, STATUS_RUN, "second"), STATUS_INPUT);
  assert_int_equal(err.status, STATUS_INPUT);
  assert_string_equal(err.text, "first: 1");
  assert_int_equal(error_set(NULL, STATUS_RUN, "nobody listens"), STATUS_RUN);
}

static void errno_is_named(void **state) {
  (void)state;
  Error err = {0};
  errno = ENOSPC;
  assert_int_equal(error_set_errno(&err, STATUS_RUN, "%s: cannot write", "out"), STATUS_RUN);
  assert_string_equal(err.text, "out: cannot write: No space left on device");
}

static void what_is_hidden_is_escaped(void **state) {
  (void)state;
  const char *const cases[][2] = {
      {"a\nb\r\t", "a\\x0ab\\x0d\\x09"},
      {"\033[2J\x7f", "\\x1b[2J\\x7f"},
      {"\xc2\x9b"
       "2J",
       "\\xc2\\x9b2J"},
      {"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f"},
      {"\xc2\xa0\xc3\x80\xe2\x82\xac", "\xc2\xa0\xc3\x80\xe2\x82\xac"},
      {"cut \xc2", "cut \\xc2"},
      {"\xe2\x80\xae"
       "exe.\xe2\x81\xa9",
       "\\xe2\\x80\\xaeexe.\\xe2\\x81\\xa9"},
      {"\xe2\x80\xa8\xef\xbf\xbf", "\\xe2\\x80\\xa8\\xef\\xbf\\xbf"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Error err = {0};
    error_set(&err, STATUS_INPUT, "%s", cases[i][0]);
    assert_string_equal(err.text, cases[i][1]);
  }
}

/* What does not fit is cut between characters of the escape, and always ended. */
static void long_messages_are_cut(void **state) {
  (void)state;
  char plain[3000], controls[3000];
  memset(plain, 'x', sizeof plain);
  memset(controls, '\n', sizeof controls);
  plain[sizeof plain - 1] = controls[sizeof controls - 1] = '\0';
  Error err = {0};
  error_set(&err, STATUS_INPUT, "%s", plain);
  assert_in_range(strlen(err.text), ERROR_TEXT - 20, ERROR_TEXT - 1);
  assert_int_equal(strspn(err.text, "x"), strlen(err.text));
  err = (Error){0};
  error_set(&err, STATUS_INPUT, "%s", controls);
  assert_in_range(strlen(err.text), ERROR_TEXT - 20, ERROR_TEXT - 1);
  assert_int_equal(strlen(err.text) % 4, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_cause_wins),
      cmocka_unit_test(errno_is_named),
      cmocka_unit_test(what_is_hidden_is_escaped),
      cmocka_unit_test(long_messages_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
