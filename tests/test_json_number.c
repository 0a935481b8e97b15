/* json_number: numbers that no C type holds are read as near as a double comes, whatever stands
 * beside them keeps its place, and members are found as they are written. The doubles are the
 * compiler's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "data/text/json_number.h"
#include "tests/scratch.h"

static void too_large_numbers_are_read_as_reals(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double want;
  } cases[] = {
      {"9223372036854775808", 9223372036854775808.0},
      {"-9223372036854775809", -9223372036854775809.0},
      {"18446744073709551615", 18446744073709551615.0},
      {"17295743882340912345", 17295743882340912345.0},
      {"9999999999999999999", 9999999999999999999.0},
      {"9007199254740993000000", 9007199254740993000000.0},
      {"1000000000000000019884624838656", 1000000000000000019884624838656.0},
      {"-123456789012345678901234567890123456789012345678901234567890",
       -123456789012345678901234567890123456789012345678901234567890.0},
      {"1e309", JSON_TOO_LARGE},
      {"-1E400", -JSON_TOO_LARGE},
      {"123.456e+999", JSON_TOO_LARGE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    JsonDoc doc = {.file = "x.json"};
    Error err = {0};
    expect_ok(cases[i].text, json_parse(&doc, cases[i].text, strlen(cases[i].text), &err), &err);
    assert_true(json_is_real(doc.root));
    if (json_real_value(doc.root) != cases[i].want) {
      fail_msg("%s: got %.17g", cases[i].text, json_real_value(doc.root));
    }
    json_free(&doc);
  }
}

/* An integer of 400 digits is beyond doubles, too. */
static void four_hundred_digits(void **state) {
  (void)state;
  char text[401];
  JsonDoc doc = {.file = "x.json"};
  Error err = {0};
  memset(text, '7', 400);
  expect_ok("digits", json_parse(&doc, text, 400, &err), &err);
  assert_true(json_real_value(doc.root) == JSON_TOO_LARGE);
  json_free(&doc);
}

static void nothing_else_changes(void **state) {
  (void)state;
  static const char *const same[] = {
      "",
      "-",
      "\"99999999999999999999\"",
      "\"a\\\"99999999999999999999\"",
      "{\"99999999999999999999\": 1}",
      "[9223372036854775807, -9223372036854775808, 1e308, 1e-999, 0.10000000000000000000001]",
      "00000000000000000000000001",
      "99999999999999999999-1",
      "1e400e400",
      "\"open 99999999999999999999",
      "\"open \\",
  };
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    char text[128];
    strcpy(text, same[i]);
    bool found = json_fit_numbers(text, strlen(text));
    assert_false(found);
    assert_string_equal(text, same[i]);
  }
}

static void members_are_found_as_written(void **state) {
  (void)state;
  static const char text[] =
      " {\"a,}\": [1, {\"x\": \"]\"}, 2] ,\n\"\\\"\\u0069:\"\t: 1.10, \"c\":18446744073709551615 , "
      "\"d\": \"x, y\", \"e\":{\"id\": 3}, \"f\": -0 } ";
  static const char *const want[] = {
      "[1, {\"x\": \"]\"}, 2]", "1.10", "18446744073709551615", "\"x, y\"", "{\"id\": 3}", "-0"};
  JsonDoc doc = {.file = "x.json"};
  Error err = {0};
  expect_ok(text, json_parse(&doc, text, sizeof text - 1, &err), &err);
  assert_int_equal(json_object_size(doc.root), sizeof want / sizeof *want);
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    size_t length;
    const char *found = json_written(text, sizeof text - 1, i, &length);
    if (length != strlen(want[i]) || memcmp(found, want[i], length) != 0) {
      fail_msg("member %zu: '%.*s'", i, (int)length, found);
    }
  }
  json_free(&doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(too_large_numbers_are_read_as_reals),
      cmocka_unit_test(four_hundred_digits),
      cmocka_unit_test(nothing_else_changes),
      cmocka_unit_test(members_are_found_as_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
