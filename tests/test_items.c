/* Items of JSONL lines and of BIG-bench Hard files: what is read, what becomes choices, what is
 * refused. With SKEIN_DATA the real BIG-bench Hard files below it are read too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/examples/items.h"
#include "data/file/hash.h"
#include "tests/scratch.h"

static ItemSet *open_text(Scratch *s, ItemFormat format, const ItemKeys *keys, const char *text) {
  Error err = {0};
  ItemSet *set;
  const char *path = scratch_write(s, "items", text, strlen(text));
  expect_ok(text, items_open(&set, path, format, keys, &err), &err);
  assert_string_equal(items_path(set), path);
  return set;
}

static Item get(const ItemSet *set, int64_t i) {
  Error err = {0};
  Item item;
  expect_ok("get", items_get(set, i, &item, &err), &err);
  return item;
}

/* The texts joined by '|'. */
static void assert_texts(char *const *text, int count, const char *want) {
  char joined[512] = "";
  for (int i = 0; i < count; i++) {
    size_t n = strlen(joined);
    snprintf(joined + n, sizeof joined - n, "%s%s", i ? "|" : "", text[i]);
  }
  assert_string_equal(joined, want);
}

static void lines_are_read(void **state) {
  ItemSet *set = open_text(
      *state, ITEMS_LINES, NULL,
      "{\"input\": \"a?\", \"choices\": [\"x\", \"y\"], \"label\": 1, \"instruction\": \"say\", "
      "\"id\": \"first\", \"task\": \"t\", \"target\": \"x\", \"more\": [1]}\n\n"
      "{\"input\": \"\", \"target\": [\"p\", \"q\"], \"id\": -7, \"label\": 9, \"choices\": null}\n"
      "{\"input\": \"c\"}");
  assert_int_equal(items_count(set), 3);
  assert_int_equal(strlen(items_hash(set)), 64);
  Item a = get(set, 0), b = get(set, 1), c = get(set, 2);
  assert_string_equal(a.input, "a?");
  assert_string_equal(a.id, "first");
  assert_string_equal(a.instruction, "say");
  assert_string_equal(a.task, "t");
  assert_texts(a.choice, a.choices, "x|y");
  assert_texts(a.target, a.targets, "x");
  assert_int_equal(a.label, 1);
  assert_string_equal(b.input, "");
  assert_string_equal(b.id, "-7");
  assert_null(b.instruction);
  assert_null(b.task);
  assert_int_equal(b.choices, 0);
  assert_int_equal(b.label, -1);
  assert_texts(b.target, b.targets, "p|q");
  assert_string_equal(c.id, "2");
  assert_int_equal(c.targets, 0);
  item_free(&a);
  item_free(&b);
  item_free(&c);
  items_close(set);
}

static void targets_say_the_label(void **state) {
  static const struct {
    const char *target;
    int label;
  } cases[] = {{"\"no\"", 1},   {"\" no\\n\"", 1},    {"\"n\"", -1}, {"[\"z\", \"yes\"]", 0},
               {"\"Yes\"", -1}, {"\"maybe not\"", 2}, {"null", -1},  {"\"maybe\\tnot\"", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char line[256];
    snprintf(line, sizeof line,
             "{\"input\": \"a\", \"choices\": [\"yes \", \"no\", \"maybe not\"], \"target\": %s}",
             cases[i].target);
    ItemSet *set = open_text(*state, ITEMS_LINES, NULL, line);
    Item item = get(set, 0);
    assert_int_equal(item.label, cases[i].label);
    item_free(&item);
    items_close(set);
  }
}

static void keys_are_mapped(void **state) {
  const ItemKeys keys = {"question", "answer", "options", "gold", "how", false, false};
  ItemSet *set = open_text(*state, ITEMS_LINES, &keys,
                           "{\"question\": \"q\", \"answer\": \"b\", \"options\": [\"a\", \"b\"], "
                           "\"gold\": 0, \"how\": \"so\", \"input\": 1, \"instruction\": 2}");
  Item item = get(set, 0);
  assert_string_equal(item.input, "q");
  assert_string_equal(item.instruction, "so");
  assert_texts(item.choice, item.choices, "a|b");
  assert_texts(item.target, item.targets, "b");
  assert_int_equal(item.label, 0);
  item_free(&item);
  items_close(set);
}

static void label_sets_are_of_the_template(void **state) {
  const ItemKeys keys = {.choices_from_targets = true, .need_choices = true};
  static const char text[] =
      "{\"input\": \"1\", \"target\": \"no\", \"template\": \"t\"}\n"
      "{\"input\": \"2\", \"target\": \"9\", \"template\": 0}\n"
      "{\"input\": \"3\", \"target\": \"yes\", \"template\": \"t\"}\n"
      "{\"input\": \"4\", \"target\": \"no\", \"template\": \"t\"}\n"
      "{\"input\": \"5\", \"target\": \"b\", \"choices\": [\"a\", \"b\"], \"template\": \"t\"}\n"
      "{\"input\": \"6\", \"target\": \"8\", \"template\": 0}\n"
      "{\"input\": \"7\", \"target\": \"free\"}\n";
  static const struct {
    const char *choices;
    int label;
  } want[] = {{"no|yes", 0}, {"9|8", 0}, {"no|yes", 1}, {"no|yes", 0},
              {"a|b", 1},    {"9|8", 1}, {"free", 0}};
  ItemSet *set = open_text(*state, ITEMS_LINES, &keys, text);
  assert_int_equal(items_count(set), 7);
  for (int i = 0; i < 7; i++) {
    Item item = get(set, i);
    assert_texts(item.choice, item.choices, want[i].choices);
    assert_int_equal(item.label, want[i].label);
    item_free(&item);
  }
  items_close(set);
}

static void bad_lines_are_found_at_once(void **state) {
  static const struct {
    const char *line, *words;
  } bad[] = {
      {"{\"target\": \"a\"}", "items: line 3: input: is missing"},
      {"{\"input\": 3, \"choices\": [\"a\"]}", "line 3: input: got an integer"},
      {"{\"input\": \"a\", \"choices\": \"b\"}", "line 3: choices: got a string, want an array"},
      {"{\"input\": \"a\", \"choices\": []}", "line 3: choices: is an empty list"},
      {"{\"input\": \"a\", \"choices\": [\"b\", 4]}", "line 3: choices[1]: got an integer"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": 1}", "line 3: label: got 1|[0, 0]"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": \"b\"}", "line 3: label: got a string"},
      {"{\"input\": \"a\", \"target\": [\"b\", null]}", "line 3: target[1]: got null"},
      {"{\"input\": \"a\", \"target\": 4}", "line 3: target: got an integer"},
      {"{\"input\": \"a\", \"id\": [1]}", "line 3: id: got an array"},
      {"{\"input\": \"a\", \"task\": 1}", "line 3: task: got an integer"},
      {"{\"input\": \"a\", \"instruction\": {}}", "line 3: instruction: got an object"},
      {"{\"input\": \"a\"", "line 3: column"},
      {"[]", "line 3: got an array, want an object"},
      {"{\"input\": \"a\", \"target\": \"b\"}", "line 3: choices: is missing"},
  };
  static const char good[] = "{\"input\": \"a\", \"choices\": [\"b\", \"c\"]}\n";
  const ItemKeys keys = {.need_choices = true};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s\n%s\n%s", good, bad[i].line, good);
    const char *path = scratch_write(*state, "items", text, strlen(text));
    ItemSet *set;
    Error err = {0};
    expect_error(bad[i].line, items_open(&set, path, ITEMS_LINES, &keys, &err), &err, STATUS_INPUT,
                 bad[i].words);
    assert_null(set);
  }
}

static void bad_label_sets_are_refused(void **state) {
  const ItemKeys keys = {.choices_from_targets = true};
  ItemSet *set;
  Error none = {0}, many = {0}, empty = {0};
  static const char no_target[] = "{\"input\": \"a\", \"target\": \"b\"}\n{\"input\": \"a\"}\n";
  const char *path = scratch_write(*state, "items", no_target, sizeof no_target - 1);
  expect_error("no target", items_open(&set, path, ITEMS_LINES, &keys, &none), &none, STATUS_INPUT,
               "items: line 2: target: got 0 texts");
  char *text = malloc(1 << 17);
  assert_non_null(text);
  size_t n = 0;
  for (int i = 0; i < 1001; i++) {
    n += (size_t)sprintf(text + n, "{\"input\": \"a\", \"target\": \"%d\", \"template\": \"w\"}\n",
                         i);
  }
  path = scratch_write(*state, "items", text, n);
  free(text);
  expect_error("free text", items_open(&set, path, ITEMS_LINES, &keys, &many), &many, STATUS_INPUT,
               "items: template 'w' has more than 1000 distinct targets");
  path = scratch_write(*state, "items", "\n", 1);
  expect_error("empty", items_open(&set, path, ITEMS_LINES, NULL, &empty), &empty, STATUS_INPUT,
               "items: holds no items");
}

#define LETTERS "Options:\\n(A) one\\n(B) two (C)\\n(C) three"

static void bbh_options_are_choices(void **state) {
  static const struct {
    const char *input, *target, *choices;
    int label;
  } cases[] = {
      {"which?\\n" LETTERS, "(C)", "(A)|(B)|(C)", 2},
      {"which?\\n" LETTERS " \\n", "(A)", "(A)|(B)|(C)", 0},
      {"which?\\n" LETTERS, "(D)", "(A)|(B)|(C)", -1},
      {"(A) x\\n(B) y", "(B)", "(A)|(B)", 1},
      {"which?\\n" LETTERS "\\nand so", "(C)", "", -1},
      {"Options:\\n(A) x\\n(C) y", "(C)", "", -1},
      {"Options:\\n(B) x\\n(C) y", "(C)", "", -1},
      {"Options:\\n(A) x", "(A)", "", -1},
      {"Options:\\n(A)x\\n(B)y", "(A)", "", -1},
      {"Options:\\n- Yes\\n- No", "Yes", "", -1},
      {"", "5", "", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    snprintf(text, sizeof text,
             "{\"canary\": \"c\", \"examples\": [{\"input\": \"x\", \"target\": \"y\"}, "
             "{\"input\": \"%s\", \"target\": \"%s\"}]}",
             cases[i].input, cases[i].target);
    ItemSet *set = open_text(*state, ITEMS_BBH, NULL, text);
    assert_int_equal(items_count(set), 2);
    Item item = get(set, 1);
    assert_string_equal(item.id, "1");
    assert_texts(item.choice, item.choices, cases[i].choices);
    assert_texts(item.target, item.targets, cases[i].target);
    assert_int_equal(item.label, cases[i].label);
    item_free(&item);
    items_close(set);
  }
}

static void bbh_targets_are_choices_when_asked(void **state) {
  static const char text[] =
      "{\"examples\": [{\"input\": \"p?\\nOptions:\\n- Yes\\n- No\", \"target\": \"No\"},"
      "{\"input\": \"q?\\nOptions:\\n- Yes\\n- No\", \"target\": \"Yes\"},"
      "{\"input\": \"r?\\n" LETTERS "\", \"target\": \"(B)\"}]}";
  const ItemKeys ask = {.choices_from_targets = true}, need = {.need_choices = true};
  ItemSet *set = open_text(*state, ITEMS_BBH, &ask, text);
  Item yes = get(set, 1), letter = get(set, 2);
  assert_texts(yes.choice, yes.choices, "No|Yes");
  assert_int_equal(yes.label, 1);
  assert_texts(letter.choice, letter.choices, "(A)|(B)|(C)");
  item_free(&yes);
  item_free(&letter);
  /* SHA-256 of the bytes of the file, by the same function as everything. */
  char hex[HASH_HEX];
  Error err = {0};
  expect_ok("hash", hash_file(items_path(set), hex, &err), &err);
  assert_string_equal(items_hash(set), hex);
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", items_path(set));
  items_close(set);
  expect_error("no options", items_open(&set, path, ITEMS_BBH, &need, &err), &err, STATUS_INPUT,
               "items: examples[0]: the input ends in no options");
}

static void bad_bbh_files_are_refused(void **state) {
  static const struct {
    const char *text, *words;
  } bad[] = {
      {"{\"examples\": {}}", "items: examples: got an object, want an array"},
      {"{\"canary\": \"\"}", "items: examples: is missing"},
      {"[]", "items: got an array, want an object"},
      {"{\"examples\": []}", "items: holds no items"},
      {"{\"examples\": [{\"input\": \"a\", \"target\": \"b\"}, {\"input\": \"a\"}]}",
       "items: examples[1]: target: is missing"},
      {"{\"examples\": [7]}", "items: examples[0]: got an integer, want an object"},
      {"{\"examples\": [{\"input\": 4, \"target\": \"b\"}]}", "examples[0]: input: got an integer"},
      {"{\"examples\": [", "items: line 1: column"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const char *path = scratch_write(*state, "items", bad[i].text, strlen(bad[i].text));
    ItemSet *set;
    Error err = {0};
    expect_error(bad[i].text, items_open(&set, path, ITEMS_BBH, NULL, &err), &err, STATUS_INPUT,
                 bad[i].words);
    assert_null(set);
  }
}

/* Every task of the published set, with the number of its items and how it is answered. */
static const struct {
  const char *name;
  int items;
  bool letters;
} BBH_TASKS[] = {{"boolean_expressions", 250, false},
                 {"causal_judgement", 187, false},
                 {"date_understanding", 250, true},
                 {"disambiguation_qa", 250, true},
                 {"dyck_languages", 250, false},
                 {"formal_fallacies", 250, false},
                 {"geometric_shapes", 250, true},
                 {"hyperbaton", 250, true},
                 {"logical_deduction_five_objects", 250, true},
                 {"logical_deduction_seven_objects", 250, true},
                 {"logical_deduction_three_objects", 250, true},
                 {"movie_recommendation", 250, true},
                 {"multistep_arithmetic_two", 250, false},
                 {"reasoning_about_colored_objects", 250, true},
                 {"salient_translation_error_detection", 250, true},
                 {"temporal_sequences", 250, true},
                 {"tracking_shuffled_objects_five_objects", 250, true},
                 {"tracking_shuffled_objects_seven_objects", 250, true},
                 {"tracking_shuffled_objects_three_objects", 250, true},
                 {"word_sorting", 250, false}};

static void the_real_files_open(void **state) {
  (void)state;
  const char *data = getenv("SKEIN_DATA");
  if (!data) skip();
  for (size_t t = 0; t < sizeof BBH_TASKS / sizeof *BBH_TASKS; t++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/bbh/%s.json", data, BBH_TASKS[t].name);
    ItemSet *set;
    Error err = {0};
    expect_ok(path, items_open(&set, path, ITEMS_BBH, NULL, &err), &err);
    assert_int_equal(items_count(set), BBH_TASKS[t].items);
    for (int64_t i = 0; i < items_count(set); i++) {
      Item item = get(set, i);
      bool torn = t == 11 && i == 163; /* "Monsters, Inc" is two options there, and the target */
      if ((item.choices > 0) != BBH_TASKS[t].letters ||
          (item.label >= 0) != (BBH_TASKS[t].letters && !torn)) {
        fail_msg("%s: item %s: %d choices, label %d for '%s'", path, item.id, item.choices,
                 item.label, item.target[0]);
      }
      item_free(&item);
    }
    items_close(set);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_read),
      cmocka_unit_test(targets_say_the_label),
      cmocka_unit_test(keys_are_mapped),
      cmocka_unit_test(label_sets_are_of_the_template),
      cmocka_unit_test(bad_lines_are_found_at_once),
      cmocka_unit_test(bad_label_sets_are_refused),
      cmocka_unit_test(bbh_options_are_choices),
      cmocka_unit_test(bbh_targets_are_choices_when_asked),
      cmocka_unit_test(bad_bbh_files_are_refused),
      cmocka_unit_test(the_real_files_open),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
