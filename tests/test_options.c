/* Settings: values, messages, precedence, and sets of several tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/settings.h"

static void defaults_come_from_the_table(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  assert_null(f.s.train);
  assert_string_equal(f.s.task, "none");
  assert_int_equal(f.s.steps, 100);
  assert_true(f.s.rate == 5e-3);
  assert_true(f.s.shuffle);
  assert_int_equal(f.s.schedule, 0);
  assert_null(f.s.experts);
  options_free(&f.o);
  assert_null(f.s.task);
}

static void the_table_decides_types(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  fixture_accept(&f, "data: {task: no, train: 012}\nexperts: on");
  assert_string_equal(f.s.task, "no");
  assert_string_equal(f.s.train, "012");
  assert_string_equal(f.s.experts, "on");
  fixture_accept(&f, "data: {task: ~}\nexperts: [null, 1:30, .inf]\na: {b: {c: {deep: -1.5e+2}}}");
  assert_string_equal(f.s.task, "~");
  assert_string_equal(f.s.experts, "null,1:30,.inf");
  assert_true(f.s.deep == -150);
  fixture_accept(&f, "data:\n  train: ''\nexperts: []"); /* empty is unset */
  assert_null(f.s.train);
  assert_null(f.s.experts);
  fixture_accept(&f, "data:\n  task: |\n    two\n    lines\n");
  assert_string_equal(f.s.task, "two\nlines\n");
  options_free(&f.o);
}

static void numbers_have_one_grammar(void **state) {
  (void)state;
  static const char *const bad[] = {
      "0x10", "nan",  ".nan", "inf", "-inf", ".inf",   "Infinity", "NaN",   "+1",      "007",  "1.",
      ".5",   "1e",   "1e+",  "--1", "1_0",  "1,0",    "1 0",      "fast",  "0o17",    "1:30", "''",
      "' 1'", "'1 '", "true", "~",   "1e5x", "'1\\n'", "'-'",      "0x1p3", "\"1\\t\""};
  char text[64], words[96];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, "a.b.c.deep: %s", bad[i]);
    refuse_config(text, "run.yaml:1:13|a.b.c.deep: not a number");
    snprintf(text, sizeof text, "seed: %s", bad[i]);
    refuse_config(text, "run.yaml:1:7|seed: not an integer");
  }
  static const char *const fractions[] = {"1.0", "1e3", "0.5"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(text, sizeof text, "seed: %s", fractions[i]);
    snprintf(words, sizeof words, "seed: not an integer: '%s'", fractions[i]);
    refuse_config(text, words);
  }
  Fixture f;
  fixture_init(&f);
  fixture_accept(&f, "seed: 9223372036854775807\na.b.c.deep: 1e-4");
  assert_true(f.s.seed == INT64_MAX);
  assert_true(f.s.deep == 1e-4);
  fixture_accept(&f, "seed: -9223372036854775808\na.b.c.deep: 100000000000000000000");
  assert_true(f.s.seed == INT64_MIN);
  assert_true(f.s.deep == 1e20);
  fixture_accept(&f, "seed: 9007199254740993\na.b.c.deep: -0");
  assert_true(f.s.seed == 9007199254740993);
  options_free(&f.o);
  refuse_config("seed: 9223372036854775808", "seed: out of range");
  refuse_config("seed: -9223372036854775809", "seed: out of range");
  refuse_config("a.b.c.deep: 1e400", "deep: out of range");
}

static void messages_name_place_and_key(void **state) {
  (void)state;
  refuse_config_exactly("data:\n  train: x\ntrain:\n  learning_rate: fast\n",
                        "run.yaml:4:18: train.learning_rate: not a number: 'fast'");
  refuse_config_exactly("train: {steps: 0}",
                        "run.yaml:1:16: train.steps: out of range (want 1 to 1e9): '0'");
  refuse_config_exactly("train: {learning_rate: 1.5}",
                        "run.yaml:1:24: train.learning_rate: out of range (want 0 to 1): '1.5'");
  refuse_config_exactly("train:\n  schedule: cosin",
                        "run.yaml:2:13: train.schedule: not one of constant|linear|cosine: "
                        "'cosin'; did you mean 'cosine'?");
  refuse_config_exactly("data: {shuffle: si}",
                        "run.yaml:1:17: data.shuffle: not true or false: 'si'");
  refuse_config_exactly("train:\n  stpes: 3",
                        "run.yaml:2:3: unknown key 'train.stpes'; did you mean 'train.steps'?");
  refuse_config_exactly(
      "learning_rate: 1",
      "run.yaml:1:1: unknown key 'learning_rate'; did you mean 'train.learning_rate'?");
  refuse_config_exactly("zebra: 1", "run.yaml:1:1: unknown key 'zebra' (--help lists the keys)");
  refuse_config_exactly("train: {steps: {a: 1}}",
                        "run.yaml:1:16: train.steps: want one value, got a mapping");
  refuse_config_exactly("train: {steps: [1]}",
                        "run.yaml:1:16: train.steps: want one value, got a list");
  refuse_config_exactly("experts: {a: 1}", "run.yaml:1:10: experts: want a list, got a mapping");
  refuse_config_exactly("train: 3", "run.yaml:1:8: train: want a mapping of settings");
  refuse_config_exactly("train: [1]", "run.yaml:1:8: train: want a mapping of settings");
  refuse_config_exactly("experts: [a, [b]]", "run.yaml:1:14: experts: an item must be plain text");
  refuse_config_exactly("experts: [a, 'b,c']",
                        "run.yaml:1:14: experts: an item is empty or holds a comma: 'b,c'");
  refuse_config_exactly("experts: 'a,,b'",
                        "run.yaml:1:10: experts: an item of the list is empty: 'a,,b'");
}

static void the_stronger_origin_wins(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  expect_ok("s", options_assign(&f.o, "train.steps=7", &err), &err);
  expect_ok("r", options_preset(&f.o, "train.steps", "500", &err), &err);
  expect_ok("r", options_preset(&f.o, "seed", "1", &err), &err);
  expect_ok("r", options_preset(&f.o, "seed", "2", &err), &err); /* is not at its default */
  expect_ok("r", options_preset(&f.o, "train.schedule", "linear", &err), &err);
  fixture_accept(&f, "train: {steps: 3, schedule: cosine}");
  assert_int_equal(f.s.steps, 7);
  assert_int_equal(f.s.seed, 1);
  assert_int_equal(f.s.schedule, 2);
  expect_ok("s", options_assign(&f.o, "train.steps=8", &err), &err);
  expect_ok("s", options_assign(&f.o, "data.task=a=b", &err), &err);
  expect_ok("s", options_assign(&f.o, "experts= a , b", &err), &err);
  assert_int_equal(f.s.steps, 8);
  assert_string_equal(f.s.task, "a=b");
  assert_string_equal(f.s.experts, "a,b");
  expect_ok("s", options_assign(&f.o, "experts=", &err), &err);
  assert_null(f.s.experts);
  /* What loses is checked all the same. */
  expect_error("file", fixture_read(&f, "train: {steps: x}", &err), &err, STATUS_USAGE,
               "run.yaml:1:16|not an integer");
  options_free(&f.o);
}

/* A list on the command line may look as it does in a file, and in the help. */
static void lists_may_have_brackets(void **state) {
  (void)state;
  static const char *const same[] = {"experts=q,v", "experts=[q,v]", "experts=[q, v]",
                                     "experts=[ q , v ]"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    Fixture f;
    fixture_init(&f);
    Error err = {0};
    expect_ok(same[i], options_assign(&f.o, same[i], &err), &err);
    assert_string_equal(f.s.experts, "q,v");
    options_free(&f.o);
  }
}

static void bad_assignments_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } bad[] = {{"train.steps", "-s: want key=value, got 'train.steps'"},
             {"train.steps=x", "-s: train.steps: not an integer: 'x'"},
             {"steps=4", "-s: unknown key 'steps'; did you mean 'train.steps'?"},
             {"train=4", "-s: train: is a section; set one of its keys: train.steps, "},
             {"trian=4", "-s: unknown key 'trian'; did you mean 'train'?"},
             {"stesp=4", "-s: unknown key 'stesp'; did you mean 'train.steps'?"},
             {"=4", "-s: unknown key ''"},
             {"", "-s: want key=value"},
             {"data.task=\xff", "-s: not UTF-8 at byte 10"},
             {"experts=,", "-s: experts: an item of the list is empty"},
             {"experts=[a,]", "-s: experts: an item of the list is empty"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Fixture f;
    fixture_init(&f);
    Error err = {0};
    expect_error(bad[i].text, options_assign(&f.o, bad[i].text, &err), &err, STATUS_USAGE,
                 bad[i].words);
    options_free(&f.o);
  }
}

static void required_settings_are_asked_for(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  expect_error("unset", options_check_required(&f.o, "run.yaml", &err), &err, STATUS_USAGE,
               "run.yaml: data.train: is required (training examples)");
  err = (Error){0};
  expect_ok("set", options_assign(&f.o, "data.train=x", &err), &err);
  expect_ok("set", options_check_required(&f.o, "run.yaml", &err), &err);
  expect_ok("unset", options_assign(&f.o, "data.train=", &err), &err);
  assert_int_equal(options_check_required(&f.o, "run.yaml", &err), STATUS_USAGE);
  options_free(&f.o);
}

/* As YAML 1.1 has them, and no others. */
static void flags_are_words_of_yaml(void **state) {
  (void)state;
  static const struct {
    const char *word;
    int flag; /* -1: none */
  } CASE[] = {{"true", 1}, {"True", 1},  {"TRUE", 1},  {"yes", 1},    {"Yes", 1},
              {"on", 1},   {"false", 0}, {"no", 0},    {"NO", 0},     {"Off", 0},
              {"off", 0},  {"yEs", -1},  {"truE", -1}, {"y", -1},     {"1", -1},
              {"0", -1},   {"", -1},     {"yess", -1}, {"True ", -1}, {"null", -1}};
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    Fixture f;
    fixture_init(&f);
    Error err = {0};
    char text[40];
    snprintf(text, sizeof text, "data: {shuffle: '%s'}", CASE[i].word);
    Status status = fixture_read(&f, text, &err);
    if (CASE[i].flag < 0) expect_error(text, status, &err, STATUS_USAGE, "not true or false");
    if (CASE[i].flag >= 0) expect_ok(text, status, &err);
    if (CASE[i].flag >= 0) assert_int_equal(f.s.shuffle, CASE[i].flag);
    options_free(&f.o);
  }
}

static void files_are_read(void **state) {
  Scratch *s = *state;
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  const char *path = scratch_write(s, "run.yaml", "seed: 5\n", 8);
  expect_ok("file", options_read_file(&f.o, path, &err), &err);
  assert_int_equal(f.s.seed, 5);
  expect_error("missing", options_read_file(&f.o, scratch_path(s, "none.yaml"), &err), &err,
               STATUS_INPUT, "none.yaml|No such file");
  err = (Error){0};
  path = scratch_write(s, "bad.yaml", "seed: x\n", 8);
  expect_error("bad", options_read_file(&f.o, path, &err), &err, STATUS_USAGE,
               "bad.yaml:1:7: seed: not an integer");
  options_free(&f.o);
}

/* Two tables over two parts of one struct are one set of options. */
static void tables_are_parts_of_one_set(void **state) {
  (void)state;
  typedef struct Half {
    int64_t count;
    char *word;
  } Half;
  struct {
    double before;
    Half own;
    Settings shared;
  } s;
  static const Option HALF[] = {
      {.key = "half.count", .type = OPTION_INT, .offset = offsetof(Half, count), .initial = "3"},
      {.key = "half.word", .type = OPTION_STRING, .offset = offsetof(Half, word), .initial = "w"}};
  const OptionPart part[] = {{SETTINGS, SETTINGS_COUNT, (size_t)((char *)&s.shared - (char *)&s)},
                             {HALF, 2, (size_t)((char *)&s.own - (char *)&s)}};
  OptionSet o;
  Error err = {0};
  expect_ok("init", options_init_parts(&o, part, 2, &s, &err), &err);
  assert_int_equal(o.count, SETTINGS_COUNT + 2);
  assert_int_equal(s.own.count, 3);
  assert_string_equal(s.own.word, "w");
  assert_int_equal(s.shared.steps, 100);
  const char text[] = "half: {count: 4, word: v}\ntrain: {steps: 5}";
  expect_ok("read", options_read_text(&o, text, strlen(text), "run.yaml", &err), &err);
  assert_int_equal(s.own.count, 4);
  assert_string_equal(s.own.word, "v");
  assert_int_equal(s.shared.steps, 5);
  expect_error("near", options_assign(&o, "half.cuont=1", &err), &err, STATUS_USAGE,
               "did you mean 'half.count'");
  options_free(&o);
  assert_null(s.own.word);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_come_from_the_table),
      cmocka_unit_test(the_table_decides_types),
      cmocka_unit_test(numbers_have_one_grammar),
      cmocka_unit_test(messages_name_place_and_key),
      cmocka_unit_test(the_stronger_origin_wins),
      cmocka_unit_test(lists_may_have_brackets),
      cmocka_unit_test(bad_assignments_are_refused),
      cmocka_unit_test(required_settings_are_asked_for),
      cmocka_unit_test(flags_are_words_of_yaml),
      cmocka_unit_test(files_are_read),
      cmocka_unit_test(tables_are_parts_of_one_set),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
