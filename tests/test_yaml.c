/* YAML documents as JSON values: types, refusals, and that what is written reads back equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/text/yaml.h"
#include "tests/scratch.h"

/* The text means what the JSON says. */
static void expect_json(Scratch *s, const char *text, const char *json) {
  Error err = {0};
  JsonDoc doc;
  const char *path = scratch_write(s, "a.yaml", text, strlen(text));
  expect_ok(text, yaml_parse_file(&doc, path, NULL, &err), &err);
  json_t *want = json_loads(json, JSON_DECODE_ANY, NULL);
  assert_non_null(want);
  if (!json_equal(doc.root, want)) {
    char *got = json_dumps(doc.root, JSON_ENCODE_ANY);
    print_message("%s\nreads as %s, want %s\n", text, got, json);
    free(got);
  }
  assert_true(json_equal(doc.root, want));
  json_decref(want);
  json_free(&doc);
}

static void scalars_have_the_types_of_json(void **state) {
  static const char *const cases[][2] = {
      {"null", "null"},
      {"", "null"},
      {"# only a comment\n", "null"},
      {"---\n...\n", "null"},
      {"true", "true"},
      {"false", "false"},
      {"True", "\"True\""},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"~", "\"~\""},
      {"12", "12"},
      {"-3", "-3"},
      {"9223372036854775807", "9223372036854775807"},
      {"1.5", "1.5"},
      {"1.0", "1.0"},
      {"-2e-3", "-0.002"},
      {"+1", "\"+1\""},
      {"007", "\"007\""},
      {"7e7275ba1", "\"7e7275ba1\""},
      {"0x10", "\"0x10\""},
      {"1_000", "\"1_000\""},
      {".5", "\".5\""},
      {".inf", "\".inf\""},
      {"2024-01-31", "\"2024-01-31\""},
      {"'12'", "\"12\""},
      {"\"true\"", "\"true\""},
      {"'null'", "\"null\""},
      {"''", "\"\""},
      {"\"caf\\xe9\"", "\"caf\\u00e9\""},
      {"plain words", "\"plain words\""},
      {"|\n  one\n  two\n", "\"one\\ntwo\\n\""},
      {">-\n  one\n  two\n", "\"one two\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    expect_json(*state, cases[i][0], cases[i][1]);
  }
}

static void names_are_what_is_written(void **state) {
  static const char *const numbers[] = {"rank", "on", NULL};
  static const char *const names[] = {
      "25921e05",   "695e0514", "1e3",      "1.10",  "0x10",
      "0o7",        "1_000",    "12:30:45", "yes",   "no",
      "on",         "null",     "true",     "False", "~",
      "2024-01-31", "1e999",    "-0",       ".inf",  "NaN",
      "007",        "+1",       "=",        "<<",    "99999999999999999999"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[256];
    JsonDoc doc;
    Error err = {0};
    int n = snprintf(text, sizeof text,
                     "- name: %s\n  rank: [1, 2.5, null]\n  on: true\n  none:\n"
                     "  list: [%s, {rank: 3}]\n  files: {x: %s}\n",
                     names[i], names[i], names[i]);
    const char *path = scratch_write(*state, "a.yaml", text, (size_t)n);
    expect_ok(text, yaml_parse_file(&doc, path, numbers, &err), &err);
    json_t *want =
        json_pack("[{s:s, s:[i,f,n], s:b, s:n, s:[s,{s:i}], s:{s:s}}]", "name", names[i], "rank", 1,
                  2.5, "on", 1, "none", "list", names[i], "rank", 3, "files", "x", names[i]);
    assert_non_null(want);
    if (!json_equal(doc.root, want)) fail_msg("%s", text);
    json_decref(want);
    json_free(&doc);
  }
}

static void collections_nest(void **state) {
  expect_json(
      *state,
      "base:\n  name: t5\n  sizes: [1, 2.5, x]\nexperts:\n- name: a\n  empty:\n- {}\n- []\n",
      "{\"base\": {\"name\": \"t5\", \"sizes\": [1, 2.5, \"x\"]},"
      " \"experts\": [{\"name\": \"a\", \"empty\": null}, {}, []]}");
  expect_json(*state, "\xef\xbb\xbfone: 1\r\ntwo:\r\n- x\r\n- y: |\r\n    z\r\n",
              "{\"one\": 1, \"two\": [\"x\", {\"y\": \"z\\n\"}]}");
  expect_json(*state, "1: a\ntrue: b\n", "{\"1\": \"a\", \"true\": \"b\"}");
  expect_json(*state, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
}

static void every_refusal(void **state) {
  static const char *const cases[][2] = {
      {"a: &x 1", "a.yaml:1:4: |anchors"},
      {"a: *x", "a.yaml:1:4: |aliases|x"},
      {"a: !!str 1", "tags|:1:4: "},
      {"%YAML 1.1\n---\na: 1", "directives"},
      {"a: 1\n---\nb: 2", "a.yaml:2:1: |second document"},
      {"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: a: is set twice"},
      {"? [x]\n: 1", "a key must be plain text"},
      {"? {x: 1}\n: 1", "a key must be plain text"},
      {"x: 9223372036854775808", "a.yaml:1:4: |too large"},
      {"x: -1e999", "too large|-1e999"},
      {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "a.yaml:1:17: |deeper than 16"},
      {"a: [1, 2", "not YAML"},
      {"a: b: c", "a.yaml:1:5: not YAML"},
      {"a: \"x\\0y\"", "NUL"},
      {"a: \xff", "byte 3: |UTF-8"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    JsonDoc doc;
    const char *path = scratch_write(*state, "a.yaml", cases[i][0], strlen(cases[i][0]));
    Status got = yaml_parse_file(&doc, path, NULL, &err);
    assert_null(doc.root);
    expect_error(cases[i][0], got, &err, STATUS_INPUT, cases[i][1]);
  }
}

static void a_missing_and_a_huge_file_are_refused(void **state) {
  Error err = {0};
  JsonDoc doc;
  const char *path = scratch_path(*state, "none.yaml");
  expect_error("missing", yaml_parse_file(&doc, path, NULL, &err), &err, STATUS_INPUT, "none.yaml");
  FILE *f = fopen(scratch_path(*state, "huge.yaml"), "w");
  assert_non_null(f);
  assert_int_equal(fseek(f, 16 << 20, SEEK_SET), 0);
  fputs("x", f);
  fclose(f);
  err = (Error){0};
  path = scratch_path(*state, "huge.yaml");
  expect_error("huge", yaml_parse_file(&doc, path, NULL, &err), &err, STATUS_INPUT, "16777216");
}

/* Writes the value, reads it back and compares. */
static void expect_round_trip(Scratch *s, const json_t *value) {
  Error err = {0};
  JsonDoc doc;
  char path[PATH_MAX];
  strcpy(path, scratch_path(s, "b.yaml"));
  expect_ok("write", yaml_write_file(value, path, &err), &err);
  expect_ok("read", yaml_parse_file(&doc, path, NULL, &err), &err);
  if (!json_equal(doc.root, (json_t *)(uintptr_t)value)) {
    char *want = json_dumps(value, JSON_ENCODE_ANY), *got = json_dumps(doc.root, JSON_ENCODE_ANY);
    print_message("wrote %s, read %s\n", want, got);
    free(want);
    free(got);
  }
  assert_true(json_equal(doc.root, (json_t *)(uintptr_t)value));
  json_free(&doc);
}

/* Strings that YAML would read as something else, or that its plain style cannot hold. */
static const char *const TEXTS[] = {
    "",
    "null",
    "true",
    "FALSE",
    "yes",
    "off",
    "n",
    "12",
    "-1",
    "+1",
    "1e5",
    "0x1f",
    "1.5",
    ".inf",
    "~",
    "-",
    "- a",
    "? a",
    ": a",
    "a: b",
    "a #b",
    "#a",
    "@a",
    "`a",
    "%a",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "[a",
    "{a",
    "a]",
    "'",
    "\"",
    " a",
    "a ",
    "a\n",
    "\na",
    "\n",
    " \n a",
    "a\n\n",
    "a\nb",
    "a\nb\n",
    "  a\nb",
    "a\n  b\n\n",
    "a \nb",
    "a\tb",
    "\ta",
    "\r\n",
    "a\rb",
    "\x01",
    "\x7f",
    "---",
    "...",
    "a\n---\nb",
    "\xc2\x85",
    "caf\xc3\xa9",
    "\xe2\x80\xa8",
    "\xf0\x9f\x90\xa6 goose",
    ("\xef\xbb\xbf"
     "a"),
    "<<",
    "=",
    "Is it so? Answer \"yes\" or 'no': {x}, [y]\n\nText: a\n",
};

static void strings_stay_strings(void **state) {
  json_t *all = json_array(), *keys = json_object();
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
    json_t *text = json_string(TEXTS[i]);
    assert_non_null(text);
    expect_round_trip(*state, text);
    json_object_set(keys, TEXTS[i], text);
    json_array_append_new(all, text);
  }
  expect_round_trip(*state, all);
  expect_round_trip(*state, keys);
  json_decref(all);
  json_decref(keys);
}

static void random_strings_stay_the_same(void **state) {
  static const char alphabet[] = "ab \n:#-'\"|>%[]{},&*!?0.";
  Rng rng = {.key = 5};
  json_t *list = json_array();
  for (int i = 0; i < 2000; i++) {
    char text[12];
    size_t n = rng_below(&rng, sizeof text);
    for (size_t k = 0; k < n; k++) text[k] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
    text[n] = '\0';
    json_t *item = json_object();
    json_object_set_new(item, "key", json_string(text));
    json_array_append_new(list, item);
  }
  expect_round_trip(*state, list);
  json_decref(list);
}

static void numbers_stay_the_same(void **state) {
  static const double reals[] = {0.0, 1.0, -2.5, 0.1, 1.0 / 3, 1e300, 5e-324, 1e15, 123456789.125};
  json_t *list = json_array();
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
    json_array_append_new(list, json_real(reals[i]));
  }
  json_array_append_new(list, json_integer(INT64_MIN));
  json_array_append_new(list, json_integer(INT64_MAX));
  json_array_append_new(list, json_true());
  json_array_append_new(list, json_false());
  json_array_append_new(list, json_null());
  json_array_append_new(list, json_array());
  json_array_append_new(list, json_object());
  expect_round_trip(*state, list);
  json_decref(list);
}

/* Block style, keys in their order: a change of one value is a change of one line. */
static void the_text_is_made_for_diffs(void **state) {
  Error err = {0};
  json_t *value =
      json_pack("{s:s, s:[{s:s, s:[i,i], s:f}, {s:s}], s:s}", "zebra", "a b", "list", "name", "x",
                "rank", 4, 8, "real", 1.5, "name", "true", "text", "one\ntwo");
  assert_non_null(value);
  const char *path = scratch_path(*state, "c.yaml");
  expect_ok("write", yaml_write_file(value, path, &err), &err);
  char text[512] = "";
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  assert_true(fread(text, 1, sizeof text - 1, f) > 0);
  fclose(f);
  assert_string_equal(text,
                      "zebra: a b\nlist:\n- name: x\n  rank: [4, 8]\n  real: 1.5\n"
                      "- name: 'true'\ntext: |-\n  one\n  two\n");
  json_decref(value);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scalars_have_the_types_of_json),
      cmocka_unit_test(names_are_what_is_written),
      cmocka_unit_test(collections_nest),
      cmocka_unit_test(every_refusal),
      cmocka_unit_test(a_missing_and_a_huge_file_are_refused),
      cmocka_unit_test(strings_stay_strings),
      cmocka_unit_test(random_strings_stay_the_same),
      cmocka_unit_test(numbers_stay_the_same),
      cmocka_unit_test(the_text_is_made_for_diffs),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
