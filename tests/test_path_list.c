/* Files with and without weights as the value of a setting: how it is written, and that it reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/options/options.h"
#include "data/options/path_list.h"
#include "tests/scratch.h"

static const Option TABLE[] = {
    {.key = "data.train", .type = OPTION_PATHS, .offset = 0, .required = true, .help = "files"},
};

typedef struct Value {
  OptionSet set;
  char *train;
} Value;

static void open_value(Value *v) {
  Error err = {0};
  expect_ok("init", options_init(&v->set, TABLE, 1, &v->train, &err), &err);
}

static Status from_file(Value *v, const char *yaml, Error *err) {
  return options_read_text(&v->set, yaml, strlen(yaml), "run.yaml", err);
}

/* ---- what is read ---- */

static void every_way_to_write_it(void **state) {
  static const struct {
    const char *yaml, *assigned, *value; /* yaml or assigned NULL: not this way */
  } cases[] = {
      {"data: {train: a.jsonl}", "data.train=a.jsonl", "a.jsonl"},
      {"data: {train: [a.jsonl]}", "data.train=[a.jsonl]", "a.jsonl"},
      {"data: {train: [a, \"b, c\"]}", "data.train=[a, \"b, c\"]", "[\"a\", \"b, c\"]"},
      {"data:\n  train:\n  - {file: a, weight: 2}\n  - {weight: 0.5, file: b}\n",
       "data.train=[{file: a, weight: 2}, {weight: 0.5, file: b}]",
       "[{\"file\": \"a\", \"weight\": 2.0}, {\"file\": \"b\", \"weight\": 0.5}]"},
      {"data: {train: [{file: a}, b]}", "data.train=[\"a\", {\"file\": \"b\"}]", "[\"a\", \"b\"]"},
      {"data: {train: \"[a, b]\"}", NULL, "[\"[a, b]\"]"},
      {"data: {train: ['a\"b', 'c\\d']}", "data.train=['a\"b', 'c\\d']",
       "[\"a\\\"b\", \"c\\\\d\"]"},
      {"data: {train: \"a, b\"}", "data.train=a, b", "a, b"},
      {"data: {train: }", "data.train=", NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int way = 0; way < 2; way++) {
      Value v;
      Error err = {0};
      if (way == 1 && !cases[i].assigned) continue;
      open_value(&v);
      Status status = way == 0 ? from_file(&v, cases[i].yaml, &err)
                               : options_assign(&v.set, cases[i].assigned, &err);
      expect_ok(cases[i].yaml, status, &err);
      if (cases[i].value)
        assert_string_equal(v.train, cases[i].value);
      else
        assert_null(v.train);
      options_free(&v.set);
    }
  }
}

/* The record and the text of a value are read back to it. */
static void it_reads_back(void **state) {
  static const char *const VALUES[] = {"a.jsonl", "[a, b]",
                                       "[{file: a, weight: 0.1}, {file: \"b c\", weight: 1e9}]",
                                       "['[x]']", "['a\"\\b', \"\\u00e4: #\"]"};
  (void)state;
  for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
    Value v, again;
    Error err = {0};
    char assignment[200] = "data.train=";
    open_value(&v);
    open_value(&again);
    expect_ok(VALUES[i], options_assign(&v.set, strcat(assignment, VALUES[i]), &err), &err);
    char *record = options_record(&v.set), *lines = options_lines(&v.set, NULL, NULL);
    expect_ok(record, from_file(&again, record, &err), &err);
    assert_string_equal(again.train, v.train);
    lines[strcspn(lines, "\n")] = '\0';
    expect_ok(lines, options_assign(&again.set, lines, &err), &err);
    assert_string_equal(again.train, v.train);
    free(record);
    free(lines);
    options_free(&v.set);
    options_free(&again.set);
  }
}

static void what_a_value_says(void **state) {
  PathList list;
  Error err = {0};
  (void)state;
  expect_ok("two",
            path_list_read(&list, "[{file: a, weight: 2}, {file: b, weight: 3}]", "k", "-s", &err),
            &err);
  assert_int_equal(list.count, 2);
  assert_true(path_list_weighed(&list) && list.one[0].weight == 2 && list.one[1].weight == 3);
  assert_string_equal(list.one[1].path, "b");
  path_list_free(&list);
  expect_ok("none", path_list_read(&list, NULL, "k", "-s", &err), &err);
  assert_int_equal(list.count, 0);
}

/* ---- what is refused ---- */

static void every_refusal(void **state) {
  static const char *const CASES[][2] = {
      {"[]", "data.train: an empty list"},
      {"[a, '']", "data.train: an empty path"},
      {"[a, b, a]", "data.train: 'a' is there twice"},
      {"[\"a\\tb\"]", "a path cannot hold control characters"},
      {"[{file: a, weight: 1}, b]", "give every file a weight, or none"},
      {"[{file: a, weight: 0}]", "weight: want a number above 0"},
      {"[{file: a, weight: -1}]", "weight: want a number above 0"},
      {"[{file: a, weight: 1e10}]", "weight: want a number above 0, at most 1e+09"},
      {"[{file: a, weight: 1e999}]", "weight: want a number"},
      {"[{file: a, weight: much}]", "weight: want a number"},
      {"[{file: a, weight: [1]}]", "weight: want a number"},
      {"[{weight: 1}]", "file: is missing"},
      {"[{file: a, wieght: 1}]", "wieght: want file: PATH and weight: NUMBER"},
      {"[{file: [a]}]", "file: want file: PATH"},
      {"[[a]]", "want a path or {file: PATH, weight: NUMBER}, got a list"},
      {"[a, b", ""}, /* no list, but a path */
      {"[a: b: c]", "-s"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Value v;
    Error err = {0};
    char assignment[200] = "data.train=";
    open_value(&v);
    Status status = options_assign(&v.set, strcat(assignment, CASES[i][0]), &err);
    if (*CASES[i][1])
      expect_error(CASES[i][0], status, &err, STATUS_USAGE, CASES[i][1]);
    else
      expect_ok(CASES[i][0], status, &err);
    options_free(&v.set);
  }
}

static void a_file_names_the_place(void **state) {
  Value v;
  Error err = {0};
  (void)state;
  open_value(&v);
  Status status = from_file(&v, "data:\n  train:\n  - a\n  - {file: b, weight: 2}\n", &err);
  expect_error("mixed", status, &err, STATUS_USAGE, "run.yaml:3:3: data.train: give every file");
  err = (Error){0};
  status = from_file(&v, "data: {train: ~}", &err);
  expect_error("nothing", status, &err, STATUS_USAGE, "data.train: is ~, which is nothing in YAML");
  err = (Error){0};
  status = from_file(&v, "data: {train: {file: a, weight: 1}}", &err);
  expect_error("mapping", status, &err, STATUS_USAGE, "data.train: want a list, got a mapping");
  options_free(&v.set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_way_to_write_it),  cmocka_unit_test(it_reads_back),
      cmocka_unit_test(what_a_value_says),      cmocka_unit_test(every_refusal),
      cmocka_unit_test(a_file_names_the_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
