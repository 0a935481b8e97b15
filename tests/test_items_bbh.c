/* Items of BIG-bench Hard files: which options are choices, what is refused, and what is left out.
 * With SKEIN_DATA the real files below it are read too. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/hash.h"
#include "tests/items_world.h"

#define LETTERS "Options:\\n(A) one\\n(B) two (C)\\n(C) three"

#define WHOLE "{\"input\": \"(A) x\\n(B) y\", \"target\": \"(A)\"}"

/* Ranked, so that the targets do not matter. */
static void options_are_choices(void **state) {
  static const struct {
    const char *input, *choices;
  } cases[] = {
      {"which?\\n" LETTERS, "(A)|(B)|(C)"},  {"which?\\n" LETTERS " \\n", "(A)|(B)|(C)"},
      {"(A) x\\n(B) y", "(A)|(B)"},          {"Options:\\n(A) x", "(A)"},
      {"which?\\n" LETTERS "\\nand so", ""}, {"Options:\\n(A) x\\n(C) y", ""},
      {"Options:\\n(B) x\\n(C) y", ""},      {"Options:\\n(A)x\\n(B)y", ""},
      {"Options:\\n- Yes\\n- No", ""},       {"", ""},
  };
  const ItemKeys keys = items_for(*state, ITEMS_RANKED);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    snprintf(text, sizeof text,
             "{\"canary\": 1e400, \"examples\": [" WHOLE ", {\"input\": \"%s\", \"target\": 7}]}",
             cases[i].input);
    ItemSet *set = items_of(*state, ITEMS_BBH, &keys, text);
    if (*cases[i].choices) {
      Item item = items_item(set, 1);
      assert_string_equal(item.id, "1");
      expect_texts(item.choice, item.choices, cases[i].choices);
      item_free(&item);
    }
    expect_left_out(set, *cases[i].choices ? "" : "examples[1]: the input ends in no options");
    items_close(set);
  }
}

/* The official files have items whose target is the text of an option, or none of them, or that have
 * one option. */
static void odd_items_are_left_out(void **state) {
  static const char text[] =
      "{\"examples\": [" WHOLE
      ", {\"input\": \"(A) dearth, wither\\n(B) earth, wind\", \"target\": \"dearth, wither\"}"
      ", {\"input\": \"(A) the only one\", \"target\": \"(A)\"}"
      ", {\"input\": \"(A) x\\n(B) y\", \"target\": \"(C)\"}"
      ", {\"input\": \"x or y?\", \"target\": \"x\"}, " WHOLE "]}";
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  ItemSet *set = items_of(*state, ITEMS_BBH, &keys, text);
  assert_int_equal(items_count(set), 2);
  expect_left_out(
      set,
      "examples[1]: target 'dearth, wither' is none of the choices|examples[2]: has one "
      "choice|examples[3]: target '(C)'|examples[4]: the input ends in no options");
  Item item = items_item(set, 1);
  assert_string_equal(item.id, "5");
  assert_int_equal(item.label, 0);
  item_free(&item);
  items_close(set);
  keys.strict = true;
  items_refused(*state, ITEMS_BBH, &keys, text,
                "items: examples[1]: target 'dearth, wither'|strict");
}

static void targets_are_choices_when_asked(void **state) {
  static const char text[] =
      "{\"examples\": [{\"input\": \"p?\\nOptions:\\n- Yes\\n- No\", \"target\": \"No\"},"
      "{\"input\": \"q?\\nOptions:\\n- Yes\\n- No\", \"target\": \"Yes\"},"
      "{\"input\": \"r?\\n" LETTERS "\", \"target\": \"(B)\"}]}";
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  keys.choices_from_targets = true;
  ItemSet *set = items_of(*state, ITEMS_BBH, &keys, text);
  Item yes = items_item(set, 1), letter = items_item(set, 2);
  expect_texts(yes.choice, yes.choices, "No|Yes");
  assert_int_equal(yes.label, 1);
  expect_texts(letter.choice, letter.choices, "(A)|(B)|(C)");
  item_free(&yes);
  item_free(&letter);
  /* SHA-256 of the bytes of the file, by the same function as everything. */
  char hex[HASH_HEX];
  Error err = {0};
  expect_ok("hash", hash_file(items_path(set), hex, &err), &err);
  assert_string_equal(items_hash(set), hex);
  items_close(set);
}

static void bad_files_are_refused(void **state) {
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
      {"{\"examples\": [{\"input\": \"p?\", \"target\": \"x\"}]}",
       "items: examples[0]: the input ends in no options"},
  };
  const ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    items_refused(*state, ITEMS_BBH, &keys, bad[i].text, bad[i].words);
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

/* The one item of these files that is odd: "Monsters, Inc" is two options there, and the target. */
enum { TORN_TASK = 11, TORN_ITEM = 163 };

static void check_task(ItemsWorld *w, const char *data, size_t t) {
  char path[PATH_MAX];
  ItemSet *set;
  Error err = {0};
  const ItemKeys keys = items_for(w, BBH_TASKS[t].letters ? ITEMS_CHOSEN : ITEMS_ANSWERED);
  snprintf(path, sizeof path, "%s/bbh/%s.json", data, BBH_TASKS[t].name);
  expect_ok(path, items_open(&set, path, ITEMS_BBH, &keys, &err), &err);
  assert_int_equal(items_count(set), BBH_TASKS[t].items - (t == TORN_TASK));
  expect_left_out(set, t == TORN_TASK ? "examples[163]: target 'Monsters, Inc' is none" : "");
  assert_int_equal(items_alike(set).count, 0);
  for (int64_t i = 0; i < items_count(set); i++) {
    Item item = items_item(set, i);
    assert_int_equal(atoi(item.id), i + (t == TORN_TASK && i >= TORN_ITEM));
    if (BBH_TASKS[t].letters) assert_string_equal(item.choice[item.label], item.target[0]);
    item_free(&item);
  }
  items_close(set);
}

static void the_real_files_open(void **state) {
  const char *data = getenv("SKEIN_DATA");
  if (!data) skip();
  for (size_t t = 0; t < sizeof BBH_TASKS / sizeof *BBH_TASKS; t++) check_task(*state, data, t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_are_choices),
      cmocka_unit_test(odd_items_are_left_out),
      cmocka_unit_test(targets_are_choices_when_asked),
      cmocka_unit_test(bad_files_are_refused),
      cmocka_unit_test(the_real_files_open),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}
