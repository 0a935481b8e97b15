/* Settings as texts: records, help, lines and JSON; and copies. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "tests/scratch.h"
#include "tests/settings.h"

static void assert_same(const char *a, const char *b) {
  if (a && b) {
    assert_string_equal(a, b);
  } else {
    assert_ptr_equal(a, b);
  }
}

static void assert_record_reads_back(const Fixture *f) {
  char *record = options_record(&f->o);
  assert_non_null(record);
  Fixture g;
  fixture_init(&g);
  fixture_accept(&g, record);
  assert_same(f->s.train, g.s.train);
  assert_same(f->s.task, g.s.task);
  assert_same(f->s.experts, g.s.experts);
  assert_true(f->s.steps == g.s.steps && f->s.seed == g.s.seed);
  assert_memory_equal(&f->s.rate, &g.s.rate, sizeof f->s.rate);
  assert_memory_equal(&f->s.deep, &g.s.deep, sizeof f->s.deep);
  assert_true(f->s.warmup == g.s.warmup);
  assert_int_equal(f->s.shuffle, g.s.shuffle);
  assert_int_equal(f->s.schedule, g.s.schedule);
  char *again = options_record(&g.o);
  assert_string_equal(record, again);
  free(record);
  free(again);
  options_free(&g.o);
}

/* Texts that YAML could take for something else. */
static const char *const STRINGS[] = {
    "no",
    "~",
    "null",
    "true",
    "1",
    " lead and trail ",
    "a: b",
    "# not a comment",
    "- x",
    "'",
    "\"",
    "\\",
    "line\nline\n\n",
    "tab\tbell\a",
    "caf\xc3\xa9 \xf0\x9f\x98\x80",
    "\xef\xbb\xbf"
    "bom",
    "\xc2\x85\xe2\x80\xa8",
    "\x7f",
    "%x",
    "@",
    "`",
    "!tag",
    "&a",
    "*a",
    "{",
    "[",
    "a\r\nb",
    "{a: 1}",
    "long long long long long long long long long long long long long long long long long long "
    "long long long long long long long long long long long long long long long long long long"};

static const char *const REALS[] = {
    "0.1",     "1e-300",   "3.141592653589793",      "123456789.123456789",
    "-2.5e17", "4.9e-324", "1.7976931348623157e308", "-0.0"};

static void a_record_is_the_settings(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  char *record = options_record(&f.o);
  assert_string_equal(record,
                      "data:\n  train: \"\"\n  task: \"none\"\n  shuffle: true\n"
                      "train:\n  steps: 100\n  learning_rate: 0.005\n  warmup_ratio: 0.06\n"
                      "  schedule: constant\n"
                      "experts: []\nseed: 42\na:\n  b:\n    c:\n      deep: 0\n");
  free(record);
  assert_record_reads_back(&f);
  char text[64];
  for (size_t i = 0; i < sizeof REALS / sizeof *REALS; i++) {
    snprintf(text, sizeof text, "a.b.c.deep: %s", REALS[i]);
    fixture_accept(&f, text);
    assert_record_reads_back(&f);
  }
  for (size_t i = 0; i < sizeof STRINGS / sizeof *STRINGS; i++) {
    char assignment[512];
    Error err = {0};
    snprintf(assignment, sizeof assignment, "data.task=%s", STRINGS[i]);
    expect_ok(assignment, options_assign(&f.o, assignment, &err), &err);
    assert_string_equal(f.s.task, STRINGS[i]);
    snprintf(assignment, sizeof assignment, "experts=%s,%s", STRINGS[i], STRINGS[i]);
    expect_ok(assignment, options_assign(&f.o, assignment, &err), &err);
    assert_record_reads_back(&f);
  }
  options_free(&f.o);
}

/* Where the machine has a locale with a decimal comma. */
static void the_locale_does_not_matter(void **state) {
  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) skip();
  char comma[16];
  snprintf(comma, sizeof comma, "%.1f", 0.5);
  assert_string_equal(comma, "0,5");
  Fixture f;
  fixture_init(&f);
  fixture_accept(&f, "train: {learning_rate: 0.25}");
  assert_true(f.s.rate == 0.25);
  char *record = options_record(&f.o);
  assert_non_null(strstr(record, "learning_rate: 0.25\n"));
  free(record);
  options_free(&f.o);
  refuse_config("train: {learning_rate: '0,25'}", "not a number");
  setlocale(LC_ALL, "C");
}

static void help_shows_live_values(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  Error err = {0};
  expect_ok("s", options_assign(&f.o, "train.learning_rate=0.25", &err), &err);
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  options_print_help(&f.o, out);
  fclose(out);
  assert_non_null(strstr(text, "train.learning_rate"));
  assert_non_null(strstr(text, "0.25"));
  assert_non_null(strstr(text, "0 to 1"));
  assert_non_null(strstr(text, "constant|linear|cosine"));
  assert_non_null(strstr(text, "required"));
  for (size_t i = 0; i < SETTINGS_COUNT; i++) {
    assert_non_null(strstr(text, SETTINGS[i].key));
    assert_non_null(strstr(text, SETTINGS[i].help));
  }
  free(text);
  options_free(&f.o);
}

static bool is_of_train(const char *key, const void *prefix) {
  return strncmp(key, prefix, strlen(prefix)) == 0;
}

static void values_are_texts(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  fixture_accept(&f, "train: {learning_rate: 0.250, schedule: linear}\nexperts: [a, b]");
  char *rate = options_text(&f.o, "train.learning_rate"), *unset = options_text(&f.o, "data.train");
  char *lines = options_lines(&f.o, is_of_train, "train."), *all = options_lines(&f.o, NULL, NULL);
  assert_string_equal(rate, "0.25");
  assert_string_equal(unset, "");
  assert_string_equal(lines,
                      "train.steps=100\ntrain.learning_rate=0.25\ntrain.warmup_ratio=0.06\n"
                      "train.schedule=linear\n");
  assert_non_null(strstr(all, "\nexperts=a,b\nseed=42\n"));
  json_t *json = options_json(&f.o, is_of_train, "train.");
  char *dump = json_dumps(json, 0);
  assert_string_equal(dump,
                      "{\"train.steps\": \"100\", \"train.learning_rate\": \"0.25\", "
                      "\"train.warmup_ratio\": \"0.06\", \"train.schedule\": \"linear\"}");
  json_decref(json);
  free(dump);
  free(rate);
  free(unset);
  free(lines);
  free(all);
  options_free(&f.o);
}

static void files_are_those_that_are_named(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  const char *file[64];
  assert_true(f.o.count <= 64);
  assert_int_equal(options_files(&f.o, file), 0);
  fixture_accept(&f, "data: {train: 'a: b.jsonl'}\nexperts: [c]");
  assert_int_equal(options_files(&f.o, file), 1);
  assert_string_equal(path_last(file[0]), "a: b.jsonl");
  options_free(&f.o);
}

/* Values that no line of text could carry, and origins. */
static void a_copy_is_the_same_set(void **state) {
  (void)state;
  Fixture f, g;
  fixture_init(&f);
  fixture_init(&g);
  Error err = {0};
  fixture_accept(&f, "data: {task: \"a\\nseed=3\\n\"}\na.b.c.deep: 0.1");
  expect_ok("s", options_assign(&f.o, "train.steps=7", &err), &err);
  expect_ok("s", options_assign(&g.o, "experts=dropped", &err), &err);
  expect_ok("copy", options_copy(&g.o, &f.o, &err), &err);
  assert_string_equal(g.s.task, "a\nseed=3\n");
  assert_ptr_not_equal(g.s.task, f.s.task);
  assert_null(g.s.experts);
  assert_int_equal(g.s.seed, 42);
  assert_true(g.s.deep == 0.1);
  fixture_accept(&g, "train.steps: 9"); /* the command line had it */
  assert_int_equal(g.s.steps, 7);
  options_free(&f.o);
  assert_string_equal(g.s.task, "a\nseed=3\n");
  options_free(&g.o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_is_the_settings),
      cmocka_unit_test(the_locale_does_not_matter),
      cmocka_unit_test(help_shows_live_values),
      cmocka_unit_test(values_are_texts),
      cmocka_unit_test(files_are_those_that_are_named),
      cmocka_unit_test(a_copy_is_the_same_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
