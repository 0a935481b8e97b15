/* json: what is refused and where, what stays exact, and the errors of typed fields. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "tests/scratch.h"

enum { MAX_DEPTH = 2048 };

/* A table of texts: `size` 0 stands for strlen. */
typedef struct TextCase {
  const char *text;
  size_t size;
  const char *words;
} TextCase;

static const TextCase MALFORMED[] = {
    {"", 0, "x.json: line 1: column 0: byte 0"},
    {"{\"a\": 1,\n \"b\": tru}", 0, "x.json: line 2: column 9: byte 18: invalid token"},
    {"{\"a\":1,\"a\":2}", 0, "byte 10: duplicate object key"},
    {"{\"w\":1,\"\\u0077\":2}", 0, "duplicate object key"},
    {"[1,2", 0, "byte 4|']' expected"},
    {"{\"a\":1}}", 0, "byte 8: end of file expected"},
    {"{\"a\":1}\0", 8, "x.json: byte 7: a NUL byte"},
    {"123\0", 4, "byte 3: a NUL byte"},
    {"[1,]", 0, "byte 4"},
    {"{'a':1}", 0, "byte 2"},
    {"[1] // x", 0, "byte 5: end of file expected"},
    {"[01]", 0, "byte 2"},
    {"[+1]", 0, "byte 2"},
    {"[.5]", 0, "byte 2"},
    {"[1.]", 0, "byte 3"},
    {"[0x10]", 0, "byte 3"},
    {"[NaN]", 0, "byte 4"},
    {"[Infinity]", 0, "invalid token near 'Infinity'"},
    {"\"\\ud800\"", 0, "invalid Unicode"},
    {"\"\\udc00\\ud800\"", 0, "invalid Unicode"},
    {"\"\\u0000\"", 0, "\\u0000 is not allowed in a text; remove it"},
    {"{\"\\u0000\":1}", 0, "NUL byte in object key"},
    {"\"a\0b\"", 5, "byte 2: a NUL byte"},
    {"\"\033[2J\"", 0, "control character 0x1b"},
    {"\"\xc0\xaf\"", 0, "unable to decode byte 0xc0"},
    {"\"\xed\xa0\x80\"", 0, "unable to decode byte 0xed"},
    {"\"\xf4\x90\x80\x80\"", 0, "unable to decode byte 0xf4"},
    {"\"\xe2\x82", 0, "unable to decode byte 0xe2"},
    {"\xff\xfe{\0}\0", 6, "byte 3: a NUL byte"},
    {"{\"h\": 99999999999999999999, \"i\": 1e999, \"b\": tru}", 0,
     "x.json: line 1: column 48: byte 48: invalid token"},
    {"[99999999999999999999-1]", 0, "x.json: line 1|byte"},
    {"[000000000000000000001]", 0, "byte 2"},
    {"\xef\xbb\xbf[1,]", 0, "x.json: line 1: column 4: byte 7: "},
    {"\xef\xbb\xbf\xef\xbb\xbf{}", 0, "byte 6"},
    {"\xef\xbb\xbf", 0, "x.json: line 1: column 0: byte 3"},
};

static void malformed_texts_are_refused_with_their_place(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof MALFORMED / sizeof MALFORMED[0]; i++) {
    size_t size = MALFORMED[i].size ? MALFORMED[i].size : strlen(MALFORMED[i].text);
    JsonDoc doc = {.file = "x.json"};
    Error err = {0};
    char *exact = malloc(size); /* so that a sanitizer sees reads beyond it */
    memcpy(exact, MALFORMED[i].text, size);
    Status got = json_parse(&doc, exact, size, &err);
    expect_error(MALFORMED[i].text, got, &err, STATUS_INPUT, MALFORMED[i].words);
    assert_null(doc.root);
    free(exact);
  }
}

static void a_line_of_a_file_is_counted_from_its_start(void **state) {
  (void)state;
  JsonDoc doc = {.file = "d.jsonl", .line = 7, .byte = 100};
  Error err = {0};
  expect_error("syntax", json_parse(&doc, "{\"a\":x}", 7, &err), &err, STATUS_INPUT,
               "d.jsonl: line 7: column 6: byte 106: invalid token");
  err = (Error){0};
  expect_ok("line", json_parse(&doc, "{\"a\":1}", 7, &err), &err);
  const char *text;
  expect_error("field", json_get_string(&doc, "a", &text, &err), &err, STATUS_INPUT,
               "d.jsonl: line 7: a: got an integer, want a string");
  json_free(&doc);
  err = (Error){0};
  expect_ok("array", json_parse(&doc, "[]", 2, &err), &err);
  expect_error("root", json_get_string(&doc, "a", &text, &err), &err, STATUS_INPUT,
               "d.jsonl: line 7: got an array, want an object");
  json_free(&doc);
}

/* `depth` open brackets, and as many closing ones if `closed`. */
static Status parse_nested(size_t depth, bool closed, Error *err) {
  JsonDoc doc = {.file = "deep"};
  char *text = malloc(2 * depth);
  memset(text, '[', depth);
  memset(text + depth, ']', depth);
  Status status = json_parse(&doc, text, closed ? 2 * depth : depth, err);
  json_free(&doc);
  free(text);
  return status;
}

static void depth_is_limited(void **state) {
  (void)state;
  Error err = {0};
  expect_ok("deepest", parse_nested(MAX_DEPTH, true, &err), &err);
  expect_error("deeper", parse_nested(MAX_DEPTH + 1, true, &err), &err, STATUS_INPUT,
               "byte 2049: maximum parsing depth");
  err = (Error){0};
  expect_error("abyss", parse_nested(1000000, false, &err), &err, STATUS_INPUT, "maximum parsing");
}

static void fields_have_types_and_bounds(void **state) {
  Scratch *s = *state;
  static const char text[] =
      "{\"big\": 9007199254740993, \"min\": -9223372036854775808, \"real\": 1.0, \"exp\": 1e3,\n"
      " \"tiny\": 1e-400, \"text\": \"h\\u00e9\", \"yes\": true, \"no\": false, \"none\": null,\n"
      " \"list\": [1], \"map\": {\"k\": 1}}";
  Error err = {0};
  JsonDoc doc;
  const char *path = scratch_write(s, "c.json", text, sizeof text - 1);
  expect_ok("parse", json_parse_file(&doc, path, 1000, &err), &err);
  int64_t integer;
  double real;
  bool truth;
  const char *string;
  json_t *value;
  expect_ok("big", json_get_int(&doc, "big", 0, INT64_MAX, &integer, &err), &err);
  assert_true(integer == 9007199254740993);
  expect_ok("min", json_get_int(&doc, "min", INT64_MIN, 0, &integer, &err), &err);
  assert_true(integer == INT64_MIN);
  expect_ok("real", json_get_real(&doc, "exp", 0, 1000, &real, &err), &err);
  assert_true(real == 1000);
  expect_ok("tiny", json_get_real(&doc, "tiny", 0, 1, &real, &err), &err);
  assert_true(real == 0);
  expect_ok("integer as real", json_get_real(&doc, "big", 0, INFINITY, &real, &err), &err);
  expect_ok("true", json_get_bool(&doc, "yes", &truth, &err), &err);
  assert_true(truth);
  expect_ok("false", json_get_bool(&doc, "no", &truth, &err), &err);
  assert_false(truth);
  expect_ok("text", json_get_string(&doc, "text", &string, &err), &err);
  assert_string_equal(string, "h\xc3\xa9");
  expect_ok("list", json_get_array(&doc, "list", &value, &err), &err);
  expect_ok("map", json_get_object(&doc, "map", &value, &err), &err);
  assert_true(json_has(&doc, "no"));
  assert_false(json_has(&doc, "none"));
  assert_false(json_has(&doc, "absent"));
  json_free(&doc);
  json_free(&doc);
}

typedef enum Getter { INT, REAL, BOOL, STRING, OBJECT, ARRAY } Getter;

static Status get(const JsonDoc *doc, Getter getter, const char *key, Error *err) {
  int64_t integer;
  double real;
  bool truth;
  const char *string;
  json_t *value;
  switch (getter) {
    case INT:
      return json_get_int(doc, key, 1, 65536, &integer, err);
    case REAL:
      return json_get_real(doc, key, 0, 1, &real, err);
    case BOOL:
      return json_get_bool(doc, key, &truth, err);
    case STRING:
      return json_get_string(doc, key, &string, err);
    case OBJECT:
      return json_get_object(doc, key, &value, err);
    case ARRAY:
      return json_get_array(doc, key, &value, err);
  }
  return STATUS_OK;
}

static const struct {
  const char *text;
  Getter getter;
  const char *words;
} WRONG[] = {
    {"{\"k\":\"768\"}", INT, "c.json: k: got a string, want an integer"},
    {"{\"k\":1.0}", INT, "c.json: k: got a real, want an integer"},
    {"{\"k\":1e3}", INT, "k: got a real, want an integer"},
    {"{\"k\":null}", INT, "k: got null, want an integer"},
    {"{\"k\":true}", INT, "k: got true, want an integer"},
    {"{\"k\":[1]}", INT, "k: got an array, want an integer"},
    {"{\"k\":0}", INT, "k: got 0, want an integer in [1, 65536]"},
    {"{\"k\":-1}", INT, "k: got -1, want an integer in [1, 65536]"},
    {"{\"k\":65537}", INT, "k: got 65537, want an integer in [1, 65536]"},
    {"{}", INT, "c.json: k: is missing, want an integer"},
    {"{\"k\":1.5}", REAL, "k: got 1.5, want a number in [0, 1]"},
    {"{\"k\":9223372036854775808}", INT, "k: got a number beyond 64 bits, want an integer"},
    {"{\"k\":-1e400}", INT, "k: got a number too large, want an integer"},
    {"{\"k\":1e400}", REAL, "k: got a number too large, want a number in [0, 1]"},
    {"{\"k\":18446744073709551615}", STRING, "k: got a number beyond 64 bits, want a string"},
    {"{\"k\":-1}", REAL, "k: got -1, want a number in [0, 1]"},
    {"{\"k\":false}", REAL, "k: got false, want a number"},
    {"{\"k\":1}", BOOL, "k: got an integer, want true or false"},
    {"{\"k\":\"true\"}", BOOL, "k: got a string, want true or false"},
    {"{\"k\":1}", STRING, "k: got an integer, want a string"},
    {"{\"k\":[]}", OBJECT, "k: got an array, want an object"},
    {"{\"k\":{}}", ARRAY, "k: got an object, want an array"},
    {"[1]", INT, "c.json: got an array, want an object"},
    {"null", STRING, "c.json: got null, want an object"},
};

static void wrong_fields_are_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
    JsonDoc doc = {.file = "c.json"};
    Error err = {0};
    expect_ok(WRONG[i].text, json_parse(&doc, WRONG[i].text, strlen(WRONG[i].text), &err), &err);
    Status got = get(&doc, WRONG[i].getter, "k", &err);
    expect_error(WRONG[i].text, got, &err, STATUS_INPUT, WRONG[i].words);
    json_free(&doc);
  }
}

static void files_have_a_size_limit(void **state) {
  Scratch *s = *state;
  JsonDoc doc;
  Error err = {0};
  const char *path = scratch_write(s, "small.json", "[1,2]", 5);
  expect_ok("at the limit", json_parse_file(&doc, path, 5, &err), &err);
  json_free(&doc);
  expect_error("above", json_parse_file(&doc, path, 4, &err), &err, STATUS_INPUT,
               "/small.json: has 5 bytes, at most 4");
  assert_null(doc.root);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(malformed_texts_are_refused_with_their_place),
      cmocka_unit_test(a_line_of_a_file_is_counted_from_its_start),
      cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(fields_have_types_and_bounds),
      cmocka_unit_test(wrong_fields_are_named),
      cmocka_unit_test(files_have_a_size_limit),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
