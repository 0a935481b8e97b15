/* json_scan: what is scanned where it stands means what it means to jansson, damaged or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "data/text/json_scan.h"
#include "data/text/utf8.h"
#include "tests/mutate.h"

enum { KEYS = 3 };
static const char *const KEY[KEYS] = {"input", "target", NULL};

/* Scans a copy of just that size, so that a sanitizer sees a step behind its end. */
static bool scan(const char *text, size_t size, json_t *found[KEYS]) {
  JsonText span[KEYS];
  char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  bool plain = json_scan_texts(copy, size, KEY, KEYS, span);
  for (int k = 0; k < KEYS; k++) {
    found[k] = plain && span[k].text ? json_scan_string(&span[k]) : NULL;
    assert_true(!plain || !span[k].text || found[k]);
  }
  free(copy);
  return plain;
}

/* Whether the text is plain; if it is, jansson accepts it and finds the same. */
static bool check_text(const char *text, size_t size) {
  json_t *found[KEYS];
  if (!scan(text, size, found)) return false;
  Error err = {0};
  JsonDoc doc = {.file = "x.json"};
  if (json_parse(&doc, text, size, &err) != STATUS_OK) {
    fail_msg("jansson refuses '%.*s': %s", (int)size, text, err.text);
  }
  assert_true(json_is_object(doc.root));
  for (int k = 0; k < KEYS; k++) {
    const json_t *want = KEY[k] ? json_object_get(doc.root, KEY[k]) : NULL;
    if (want ? !json_equal(want, found[k]) : found[k] != NULL) {
      fail_msg("'%.*s': %s is another to jansson", (int)size, text, KEY[k]);
    }
    json_decref(found[k]);
  }
  json_free(&doc);
  return true;
}

static void plain_objects_are_scanned(void **state) {
  (void)state;
  static const char *const texts[] = {
      "{\"input\": \"a\", \"target\": \"b\"}",
      " \t\r{ \"target\" :\"\",\"other\":\"input\" }\n ",
      "{\"input\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t caf\xc3\xa9 \xf0\x9f\x98\x80\x7f\"}",
      "{\"a\": [], \"b\": [1, -2, 0, -0], \"c\": [[\"x\", null], true, false], \"input\": \"]\"}",
      "{\"\": 999999999999999999, \"in\xc3\xa9\": -7, \"target\": \"\\n\"}",
      "{\"a\": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]], \"inputs\": \"b\"}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!check_text(texts[i], strlen(texts[i]))) fail_msg("'%s' is not plain", texts[i]);
  }
}

static const char *const NOT_PLAIN[] = {
    /* sound */
    "{}",
    "{\"input\": \"\\u0041\"}",
    "{\"inp\\u0075t\": \"a\"}",
    "{\"in\\\\put\": \"a\"}",
    "{\"input\": null}",
    "{\"input\": 4}",
    "{\"input\": [\"a\"]}",
    "{\"a\": 0.5}",
    "{\"a\": 1e5}",
    "{\"a\": 1000000000000000000}",
    "{\"a\": {}}",
    "{\"a\": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
    "[\"input\"]",
    /* wrong */
    "",
    "{",
    "{\"input\": \"a\"",
    "{\"input\": \"a\"} x",
    "{\"input\": \"a\",}",
    "{\"input\": \"a\" \"target\": \"b\"}",
    "{\"input\": \"a\", \"input\": \"b\"}",
    "{\"a\": 1, \"a\": 2}",
    "{\"input\": \"a\tb\"}",
    "{\"input\": \"\\x\"}",
    "{\"input\": \"\\",
    "{\"a\": -}",
    "{\"a\": - 1}",
    "{\"a\": -null}",
    "{\"a\": -[1]}",
    "{\"a\": 01}",
    "{\"a\": [1,]}",
    "{\"a\": [1 2]}",
    "{\"a\": [,]}",
    "{\"a\": nul}",
    "{\"a\": nulll}",
    "{'input': 'a'}",
};

static void all_else_is_left_to_jansson(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof NOT_PLAIN / sizeof *NOT_PLAIN; i++) {
    if (check_text(NOT_PLAIN[i], strlen(NOT_PLAIN[i])))
      fail_msg("'%s' is taken for plain", NOT_PLAIN[i]);
  }
  assert_false(check_text("{\"a\": \"\0\"}", 10));
  assert_false(check_text("{\"a\": \"\\\0\"}", 11));
}

static void damaged_objects_mean_the_same(void **state) {
  (void)state;
  enum { ROUNDS = 40000 };
  static const char whole[] =
      "{\"id\": [12, -3], \"input\": \"a \\\"gate\\\"\\nof wool\", \"options\": [\"yes\", null, "
      "[true]], \"target\":\"caf\xc3\xa9\" , \"n\": 7 }";
  static const char *const PIECES[] = {
      "{",    "}",    "[",       "]",    "\"", ",",          ":",
      "-",    "0",    "00",      " ",    "\\", "\\n",        "\\u00e9",
      "\\\"", "1.5",  "e1",      "null", "\t", "\"input\":", "\"target\": \"x\"",
      "-1",   "\x7f", "\xc3\xa9"};
  Rng rng = {.key = 3};
  int plain = 0;
  for (int i = 0; i < ROUNDS; i++) {
    char text[sizeof whole];
    memcpy(text, whole, sizeof whole);
    size_t size = mutate((unsigned char *)text, sizeof whole - 1, PIECES,
                         sizeof PIECES / sizeof *PIECES, &rng);
    if (utf8_valid(text, size) == size) plain += check_text(text, size);
  }
  assert_in_range(plain, ROUNDS / 100, ROUNDS / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_objects_are_scanned),
      cmocka_unit_test(all_else_is_left_to_jansson),
      cmocka_unit_test(damaged_objects_mean_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
