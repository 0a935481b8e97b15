/* Configurations as YAML: what is accepted, and hostile files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/settings.h"

static void block_and_flow_are_the_same(void **state) {
  (void)state;
  static const char *const texts[] = {
      "# a comment\n"
      "data:\n  train: x.jsonl   # another\n  shuffle: false\n"
      "train:\n  steps: 200\n  learning_rate: 5.0e-3\n  schedule: cosine\n"
      "experts:\n  - one\n  - \"two\"\n",
      "{data: {train: x.jsonl, shuffle: false}, "
      "train: {steps: 200, learning_rate: 5.0e-3, schedule: cosine}, experts: [one, two]}",
      "data.train: x.jsonl\ndata.shuffle: false\ntrain.steps: 200\ntrain.learning_rate: 0.005\n"
      "train: {schedule: 'cosine'}\nexperts: one, two",
      "---\r\ndata:\r\n  train: x.jsonl\r\n  shuffle: false\r\n"
      "train: {steps: 200, learning_rate: 5E-3, schedule: cosine}\r\nexperts: 'one,two'\r\n...\r\n",
      "\xef\xbb\xbf{data: {train: x.jsonl, shuffle: false}, "
      "train: {steps: \"200\", learning_rate: 0.5e-2, schedule: cosine}, experts: [one, two]}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    Fixture f;
    fixture_init(&f);
    fixture_accept(&f, texts[i]);
    assert_string_equal(f.s.train, "x.jsonl");
    assert_false(f.s.shuffle);
    assert_int_equal(f.s.steps, 200);
    assert_true(f.s.rate == 0.005);
    assert_int_equal(f.s.schedule, 2);
    assert_string_equal(f.s.experts, "one,two");
    options_free(&f.o);
  }
}

/* An option that is a section too: `x: a` is `x: {kind: a}`, and the record reads back. */
static void a_section_may_have_a_value_of_its_own(void **state) {
  (void)state;
  typedef struct Own {
    char *x, *y, *z;
  } Own;
  static const Option TABLE[] = {
      {.key = "x.y", .type = OPTION_STRING, .offset = offsetof(Own, y)},
      {.key = "z", .type = OPTION_STRING, .offset = offsetof(Own, z)},
      {.key = "x", .type = OPTION_STRING, .offset = offsetof(Own, x)},
  };
  static const char *const TEXTS[] = {"x: a\nx.y: b\nz: c\n", "{x: {kind: a, y: b}, z: c}",
                                      "x.kind: a\nx: {y: b}\nz: c\n"};
  char *record = NULL;
  for (int i = 0; i < 4; i++) {
    Own own;
    OptionSet o;
    Error err = {0};
    const char *text = i < 3 ? TEXTS[i] : record;
    expect_ok(text, options_init(&o, TABLE, 3, &own, &err), &err);
    expect_ok(text, options_read_text(&o, text, strlen(text), "run.yaml", &err), &err);
    assert_string_equal(own.x, "a");
    assert_string_equal(own.y, "b");
    assert_string_equal(own.z, "c");
    expect_error("z.kind", options_assign(&o, "z.kind=d", &err), &err, STATUS_USAGE, "z.kind");
    err = (Error){0};
    expect_error("twice", options_read_text(&o, "x: a\nx.kind: b", 14, "run.yaml", &err), &err,
                 STATUS_USAGE, "set twice");
    free(record);
    record = i < 3 ? options_record(&o) : NULL;
    options_free(&o);
  }
}

static void nothing_is_a_configuration(void **state) {
  (void)state;
  Fixture f;
  fixture_init(&f);
  fixture_accept(&f, "");
  fixture_accept(&f, "\n# only a comment\n");
  fixture_accept(&f, "---");
  fixture_accept(&f, "--- \n...\n");
  fixture_accept(&f, "{}");
  fixture_accept(&f, "data: {}");
  assert_int_equal(f.s.steps, 100);
  options_free(&f.o);
}

static void hostile_yaml_is_refused(void **state) {
  (void)state;
  refuse_config("train: &a {steps: 1}", "run.yaml:1:8|anchors and aliases");
  refuse_config("a: &a [*a]", "run.yaml:1:4|anchors and aliases");
  refuse_config("train: &a\n  steps: *a", "anchors and aliases");
  refuse_config("experts: [*a]", "1:11|anchors and aliases");
  refuse_config("seed: *a", "1:7|anchors and aliases");
  refuse_config("&k seed: 1", "1:1|anchors and aliases");
  refuse_config("train: {<<: {steps: 1}}", "1:9|unknown key 'train.<<'");
  refuse_config("seed: 1\nseed: 2", "run.yaml:2:1|seed: is set twice");
  refuse_config("train: {steps: 1}\ndata: {}\ntrain: {schedule: linear}",
                "3:1|train: is set twice");
  refuse_config("train: {steps: 1}\ntrain.steps: 2", "2:1|train.steps: is set twice");
  refuse_config("data: {train: !!python/object:os.system x}", "1:15|tags are not allowed");
  refuse_config("data: {train: !!binary aGk=}", "tags are not allowed");
  refuse_config("data: {train: !x y}", "tags are not allowed");
  refuse_config("data: {train: !!str y}", "tags are not allowed");
  refuse_config("!!map {seed: 1}", "tags are not allowed");
  refuse_config("data: !t {train: 1}", "tags are not allowed");
  refuse_config("%YAML 9.9\n---\nseed: 1", "run.yaml:1:1|YAML");
  refuse_config("%YAML 1.1\n---\nseed: 1", "directives");
  refuse_config("%TAG ! tag:x,2000:\n---\nseed: 1", "directives");
  refuse_config("seed: 1\n---\nseed: 2", "2:1|second document");
  refuse_config("---\n---\n", "second document");
  refuse_config("train:\n\tsteps: 1", "2:1|not YAML");
}

static void what_is_no_text_is_refused(void **state) {
  (void)state;
  refuse_config("data: {train: \xff\xfe}", "byte 14|not UTF-8");
  refuse_config("data: {train: \xc0\xaf}", "not UTF-8");
  refuse_config("data: {train: \xed\xa0\x80}", "not UTF-8");
  static const char little[] =
      "\xff\xfes\0e\0e\0d\0:\0 \0"
      "1";
  static const char big[] =
      "\xfe\xff\0s\0e\0e\0d\0:\0 \0"
      "1";
  refuse_config_bytes(little, sizeof little,
                      "not UTF-8"); /* UTF-16: the final NUL is a high byte */
  refuse_config_bytes(big, sizeof big - 1, "not UTF-8");
  refuse_config_bytes("seed: 1\0", 8, "not UTF-8 text");
  refuse_config("data: {train: \"a\\0b\"}", "1:15|NUL");
  refuse_config("experts: [\"a\\0b\"]", "1:11|NUL");
  refuse_config("\"se\\0ed\": 1", "1:1|NUL");
}

static void other_shapes_are_refused(void **state) {
  (void)state;
  refuse_config("? {a: 1}\n: 2", "key must be plain text");
  refuse_config("? [a]\n: 2", "key must be plain text");
  refuse_config("train: {? {a: 1} : 2}", "key must be plain text");
  refuse_config("~: 1", "unknown key '~'");
  refuse_config("? \n: 1", "unknown key ''");
  refuse_config(": 1", "not YAML");
  refuse_config("'': {'': {seed: 1}}", "unknown key ''");
  refuse_config("train: {'': 1}", "unknown key 'train.'");
  refuse_config("- a\n- b", "1:1|want a mapping");
  refuse_config("hello", "1:1|want a mapping");
  refuse_config("data: {train: \"a\\nb\"}", "data.train|control characters");
  refuse_config("data: {train: \"a\\eb\"}", "data.train|control characters");
  refuse_config("seed: 1\n x: 2", "run.yaml:2:3|not YAML");
  refuse_config("train: {steps: 1, steps: 2}", "run.yaml:1:19|steps: is set twice");
  refuse_config("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "run.yaml:1:17|deeper than 16");
  refuse_config("{seed: 1", "not YAML");
  refuse_config("seed: \"1", "not YAML");
  refuse_config("seed: 1}", "seed: not an integer: '1}'");
}

/* Fails when `part` repeated to `size` bytes after `head` is not refused in good time: a tenth of a
 * second here, seconds under valgrind; quadratic work on a MiB takes minutes. */
static void refuse_bomb(const char *head, const char *part, size_t size, const char *words) {
  char *text = malloc(size);
  assert_non_null(text);
  size_t used = strlen(head), n = strlen(part);
  memcpy(text, head, used);
  while (used < size) {
    size_t k = n < size - used ? n : size - used;
    memcpy(text + used, part, k);
    used += k;
  }
  struct timespec from, to;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  refuse_config_bytes(text, size, words);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
  if (seconds > 10) fail_msg("%s%s...: %.2f s", head, part, seconds);
  free(text);
}

static void bombs_fail_fast(void **state) {
  (void)state;
  enum { MIB = 1 << 20 };
  refuse_bomb("", "[", 400000, "deeper than 16");
  refuse_bomb("", "[", MIB, "deeper than 16");
  refuse_bomb("", "{", MIB, "key must be plain text");
  refuse_bomb("experts: ", "[", MIB, "deeper than 16");
  refuse_bomb("train: ", "[", MIB, "deeper than 16");
  refuse_bomb("train: ", "{", MIB, "key must be plain text");
  refuse_bomb("", "? ", 40000, "key must be plain text");
  refuse_bomb("", "? ", MIB, "run.yaml");
  refuse_bomb("", "- ", MIB, "run.yaml");
  refuse_bomb("experts: \n", "- ", MIB, "run.yaml");
  refuse_bomb("", "a:\n ", MIB, "run.yaml");
  refuse_bomb("", "a: &x 1\n", MIB, "run.yaml");
  refuse_bomb("experts: [", "&x a, ", 1200000, "larger than 1048576");
  refuse_bomb("experts: [", "&x a, ", MIB, "anchors");
  refuse_bomb("experts: [", "a, ", MIB, "run.yaml");
  refuse_bomb("experts: [", "a: ", MIB, "run.yaml");
  refuse_bomb("experts: [", "\"a\",", MIB, "run.yaml");
  refuse_bomb("seed: ", "a", MIB, "not an integer");
  refuse_bomb("seed: ", "9", MIB, "out of range");
  refuse_bomb("a.b.c.deep: 1", "0", MIB, "out of range");
  refuse_bomb("seed: ", "a\n ", MIB, "run.yaml");
  refuse_bomb("seed: \"", "\\\n", MIB, "run.yaml");
  refuse_bomb("seed: |\n", " a\n", MIB, "not an integer");
  refuse_bomb("seed: 'a\n", "\n", MIB, "run.yaml");
  refuse_bomb("", "#\n", MIB + 1, "larger than");
  refuse_bomb("", "a", MIB, "want a mapping");
  refuse_bomb("? ", "a", MIB, "unknown key");
  refuse_bomb("", "%TAG !a! b\n", MIB, "run.yaml");
  refuse_bomb("a.b.c.deep: 1\n", "a.b.c.deep: 1\n", MIB, "set twice");
}

/* Nine references to nine references ... */
static void alias_bombs_are_refused_at_the_first_anchor(void **state) {
  (void)state;
  refuse_config("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n",
                "run.yaml:1:4|anchors and aliases");
  refuse_config("experts: &a [x,x,x]\nb: &b [*a,*a,*a]\n", "run.yaml:1:10|anchors and aliases");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(block_and_flow_are_the_same),
      cmocka_unit_test(a_section_may_have_a_value_of_its_own),
      cmocka_unit_test(nothing_is_a_configuration),
      cmocka_unit_test(hostile_yaml_is_refused),
      cmocka_unit_test(what_is_no_text_is_refused),
      cmocka_unit_test(other_shapes_are_refused),
      cmocka_unit_test(bombs_fail_fast),
      cmocka_unit_test(alias_bombs_are_refused_at_the_first_anchor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
