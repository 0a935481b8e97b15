/* Items of JSONL lines: what is read for which use, what becomes choices, what is refused, and what
 * is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/items_world.h"

static void lines_are_read(void **state) {
  const ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  ItemSet *set = items_of(
      *state, ITEMS_LINES, &keys,
      "{\"input\": \"a?\", \"choices\": [\"x\", \"y\"], \"label\": 1, \"instruction\": \"say\", "
      "\"id\": \"first\", \"task\": \"t\", \"target\": \"y\", \"more\": [1]}\n\n"
      "{\"input\": \"\", \"target\": [\"p\", \"q\"], \"id\": -7, \"choices\": [\"q\", \"p\"], "
      "\"label\": null, \"task\": 1.50}\n"
      "{\"input\": \"c\", \"choices\": [\"x\", \"y\"], \"label\": 0}");
  assert_int_equal(items_count(set), 3);
  assert_int_equal(strlen(items_hash(set)), 64);
  Item a = items_item(set, 0), b = items_item(set, 1), c = items_item(set, 2);
  assert_string_equal(a.input, "a?");
  assert_string_equal(a.id, "first");
  assert_string_equal(a.instruction, "say");
  assert_string_equal(a.task, "t");
  expect_texts(a.choice, a.choices, "x|y");
  expect_texts(a.target, a.targets, "y");
  assert_int_equal(a.label, 1);
  assert_string_equal(b.input, "");
  assert_string_equal(b.id, "-7");
  assert_null(b.instruction);
  assert_string_equal(b.task, "1.50");
  assert_int_equal(b.label, 1);
  expect_texts(b.target, b.targets, "p|q");
  assert_string_equal(c.id, "2");
  assert_int_equal(c.targets, 0);
  item_free(&a);
  item_free(&b);
  item_free(&c);
  items_close(set);
}

/* An id, and the name of a task, are what the line says, digit by digit. */
static void ids_are_kept_as_written(void **state) {
  static const char *const ids[][2] = {
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"1e400", "1e400"},
      {"1.10", "1.10"},
      {"-0", "-0"},
      {"12", "12"},
      {"\"1.10\"", "1.10"},
      {"null", "0"},
  };
  const ItemKeys keys = items_for(*state, ITEMS_ASKED);
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    char line[256];
    snprintf(line, sizeof line,
             "{\"hash\": 99999999999999999999, \"x\": [{\"id\": 1}, \"\\\"\"], \"\\u0069d\" : %s , "
             "\"input\": \"a\"}",
             ids[i][0]);
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, line);
    Item item = items_item(set, 0);
    assert_string_equal(item.id, ids[i][1]);
    item_free(&item);
    items_close(set);
  }
}

/* What the use does not read may hold anything. */
static void unused_fields_are_not_looked_at(void **state) {
  static const char asked[] =
      "{\"input\": \"a\", \"choices\": [], \"label\": \"x\", \"target\": {}, \"template\": []}\n"
      "{\"input\": \"a\", \"choices\": 7, \"task\": [], \"instruction\": {}, \"target\": 1e400}\n";
  static const char ranked[] =
      "{\"input\": \"a\", \"choices\": [\"b\"], \"label\": 9, \"target\": {}, \"template\": 0}\n"
      "{\"input\": \"a\", \"choices\": [\"b\", \"c\"], \"label\": \"b\", \"target\": [1]}\n";
  static const char answered[] =
      "{\"input\": \"a\", \"target\": \"b\", \"choices\": [], \"label\": 7}\n"
      "{\"input\": \"a\", \"target\": [\"b\", \"c\"], \"choices\": 7, \"label\": \"x\"}\n"
      "{\"input\": \"a\", \"choices\": [\"x\", \"y\"], \"label\": 1}\n";
  static const struct {
    ItemUse use;
    const char *text;
    int items;
  } cases[] = {{ITEMS_ASKED, asked, 2}, {ITEMS_RANKED, ranked, 2}, {ITEMS_ANSWERED, answered, 3}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ItemKeys keys = items_for(*state, cases[i].use);
    keys.strict = keys.no_query = true;
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, cases[i].text);
    assert_int_equal(items_count(set), cases[i].items);
    expect_left_out(set, "");
    if (cases[i].use == ITEMS_ANSWERED) {
      Item item = items_item(set, 2); /* its answer is the label's choice */
      expect_texts(item.target, item.targets, "y");
      item_free(&item);
    }
    items_close(set);
  }
}

static void keys_are_mapped(void **state) {
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  keys.input = "question";
  keys.target = "answer";
  keys.choices = "options";
  keys.label = "gold";
  keys.instruction = "how";
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "{\"question\": \"q\", \"answer\": \"a\", \"options\": [\"a\", \"b\"], "
                          "\"gold\": 0, \"how\": \"so\", \"input\": 1, \"instruction\": 2}");
  Item item = items_item(set, 0);
  assert_string_equal(item.input, "q");
  assert_string_equal(item.instruction, "so");
  expect_texts(item.choice, item.choices, "a|b");
  expect_texts(item.target, item.targets, "a");
  assert_int_equal(item.label, 0);
  item_free(&item);
  items_close(set);
}

static void label_sets_are_of_the_template(void **state) {
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  keys.choices_from_targets = true;
  static const char text[] =
      "{\"input\": \"1\", \"target\": \"no\", \"template\": \"t\"}\n"
      "{\"input\": \"2\", \"target\": \"9\", \"template\": 0}\n"
      "{\"input\": \"3\", \"target\": \"yes\", \"template\": \"t\", \"choices\": []}\n"
      "{\"input\": \"4\", \"target\": \"no\", \"template\": \"t\"}\n"
      "{\"input\": \"5\", \"target\": \"b\", \"choices\": [\"a\", \"b\"], \"template\": \"t\"}\n"
      "{\"input\": \"6\", \"target\": \"8\", \"template\": 0}\n"
      "{\"input\": \"7\", \"target\": \"free\"}\n"
      "{\"input\": \"8\", \"target\": [\"yes\", \"no\"], \"template\": \"t\"}\n"
      "{\"input\": \"9\", \"target\": \"yes\\n\", \"template\": \"t\"}\n";
  static const struct {
    const char *id, *choices, *target;
    int label;
  } want[] = {{"0", "no|yes", "no", 0}, {"1", "9|8", "9", 0}, {"2", "no|yes", "yes", 1},
              {"3", "no|yes", "no", 0}, {"4", "a|b", "b", 1}, {"5", "9|8", "8", 1},
              {"8", "no|yes", "yes", 1}};
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys, text);
  assert_int_equal(items_count(set), 7);
  for (int i = 0; i < 7; i++) {
    Item item = items_item(set, i);
    assert_string_equal(item.id, want[i].id);
    expect_texts(item.choice, item.choices, want[i].choices);
    expect_texts(item.target, item.targets, want[i].target);
    assert_int_equal(item.label, want[i].label);
    item_free(&item);
  }
  expect_left_out(set, "line 7: all targets of its label set are the same|line 8: target: got 2");
  assert_int_equal(items_left_out(set, 6), 0);
  assert_int_equal(items_left_out(set, 7), 2);
  assert_int_equal(items_same(set).count, 1);
  assert_non_null(strstr(items_same(set).first, "line 9: 'yes' and 'yes\n'"));
  items_close(set);
}

static void bad_lines_are_found_at_once(void **state) {
  static const struct {
    const char *line, *words;
  } bad[] = {
      {"{\"target\": \"a\"}", "items: line 3: input: is missing"},
      {"{\"input\": 3, \"choices\": [\"a\"]}", "line 3: input: got an integer"},
      {"{\"input\": 99999999999999999999}", "line 3: input: got a number beyond 64 bits"},
      {"{\"input\": \"a\", \"choices\": \"b\"}", "line 3: choices: got a string, want an array"},
      {"{\"input\": \"a\", \"choices\": [\"b\", 4]}", "line 3: choices[1]: got an integer"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": \"b\"}", "line 3: label: got a string"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": 1e400}",
       "line 3: label: got a number too large"},
      {"{\"input\": \"a\", \"target\": [\"b\", null]}", "line 3: target[1]: got null"},
      {"{\"input\": \"a\", \"target\": 4}", "line 3: target: got an integer"},
      {"{\"input\": \"a\", \"id\": [1]}", "line 3: id: got an array"},
      {"{\"input\": \"a\", \"task\": []}", "line 3: task: got an array"},
      {"{\"input\": \"a\", \"instruction\": {}}", "line 3: instruction: got an object"},
      {"{\"input\": \"a\"", "line 3: column"},
      {"[]", "line 3: got an array, want an object"},
      {"{\"input\": \"a\\u0000\"}", "line 3: column|u0000 is not allowed"},
      {"{\"input\": \"a\\ud800\"}", "line 3: column|invalid Unicode '\\uD800"},
      {"{\"input\": \"a\", \"input\": \"b\"}",
       "line 3: column|duplicate object key near '\"input\"'"},
  };
  static const char good[] = "{\"input\": \"a\", \"choices\": [\"b\", \"c\"], \"label\": 0}\n";
  const ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s\n%s\n%s", good, bad[i].line, good);
    items_refused(*state, ITEMS_LINES, &keys, text, bad[i].words);
  }
}

/* Fields of an item, and why it is left out. */
static const struct {
  ItemUse use;
  const char *line, *why;
} ODD[] = {
    {ITEMS_CHOSEN, "\"target\": \"b\"", "choices: there are none"},
    {ITEMS_CHOSEN, "\"choices\": [], \"label\": 0", "choices: there are none"},
    {ITEMS_CHOSEN, "\"choices\": null", "choices: there are none"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\"], \"label\": 0", "has one choice"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \" b\", \"b\\n\"], \"label\": 0", "all its choices are"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \"c\"]", "label and target are missing"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \"c\"], \"target\": \"d\"", "target 'd' is none"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \"c\"], \"label\": 2", "label: got 2, want an integer in"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \"c\"], \"label\": -1", "label: got -1"},
    {ITEMS_CHOSEN, "\"choices\": [\"b\", \"c\"], \"label\": 0, \"target\": \"c\"",
     "label says 'b', target says 'c'"},
    {ITEMS_RANKED, "\"target\": \"b\"", "choices: there are none"},
    {ITEMS_RANKED, "\"choices\": []", "choices: there are none"},
    {ITEMS_ANSWERED, "\"x\": 1", "target: is missing"},
    {ITEMS_ANSWERED, "\"target\": []", "target: is missing"},
    {ITEMS_ANSWERED, "\"choices\": [\"b\"], \"label\": 1", "label: got 1"},
};

/* One odd item costs itself, and a strict reader the file. */
static void odd_items_are_left_out(void **state) {
  static const char good[] =
      "{\"input\": \"a\", \"choices\": [\"b\", \"c\"], \"label\": 0, \"target\": \"b\"}\n";
  for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++) {
    char text[512], words[128];
    ItemKeys keys = items_for(*state, ODD[i].use);
    snprintf(text, sizeof text, "%s{\"input\": \"a\", %s}\n%s", good, ODD[i].line, good);
    snprintf(words, sizeof words, "items: line 2: %s", ODD[i].why);
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, text);
    assert_int_equal(items_count(set), 2);
    expect_left_out(set, words);
    assert_int_equal(items_left_out(set, 1), 0);
    Item item = items_item(set, 1);
    assert_string_equal(item.id, "2"); /* its place in the file */
    item_free(&item);
    items_close(set);
    keys.strict = true;
    snprintf(words, sizeof words, "items: line 2: %s|strict", ODD[i].why);
    items_refused(*state, ITEMS_LINES, &keys, text, words);
    keys.strict = false;
    snprintf(text, sizeof text, "{\"input\": \"a\", %s}\n", ODD[i].line);
    items_refused(*state, ITEMS_LINES, &keys, text, ODD[i].why);
  }
}

/* The map from the items that can be asked to those of the file. */
static void the_others_keep_their_order(void **state) {
  enum { LINES = 100 };
  const ItemKeys keys = items_for(*state, ITEMS_ANSWERED);
  for (int step = 2; step < 12; step++) {
    char text[8192] = "";
    int64_t kept = 0, odd = 0;
    for (int i = 0; i < LINES; i++) {
      bool whole = i % step == step - 1;
      size_t n = strlen(text);
      snprintf(text + n, sizeof text - n, "{\"input\": \"%d\"%s}\n", i,
               whole ? ", \"target\": \"b\"" : "");
    }
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, text);
    for (int i = 0; i < LINES; i++) {
      if (i % step != step - 1) {
        odd++;
        continue;
      }
      Item item = items_item(set, kept++);
      assert_int_equal(atoi(item.input), i);
      if (kept < items_count(set)) assert_int_equal(items_left_out(set, kept), odd);
      item_free(&item);
    }
    assert_int_equal(items_count(set), kept);
    assert_int_equal(items_left_out(set, kept), odd);
    items_close(set);
  }
}

static void bad_label_sets_are_refused(void **state) {
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  keys.choices_from_targets = true;
  char *text = malloc(1 << 17);
  assert_non_null(text);
  size_t n = 0;
  for (int i = 0; i < 1001; i++) {
    n += (size_t)sprintf(text + n, "{\"input\": \"a\", \"target\": \"%d\", \"template\": \"w\"}\n",
                         i);
  }
  items_refused(*state, ITEMS_LINES, &keys, text,
                "items: template 'w' has more than 1000 distinct targets");
  free(text);
  items_refused(*state, ITEMS_LINES, &keys, "\n", "items: holds no items");
}

/* What an editor or another system leaves in a file. */
static void marks_and_line_ends_are_passed_over(void **state) {
  const ItemKeys keys = items_for(*state, ITEMS_ANSWERED);
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "\xef\xbb\xbf{\"input\": \"a\", \"id\": 1.0, \"target\": \"b\"}\r\n\r\n"
                          "\xef\xbb\xbf{\"input\": \"c\", \"target\": \"d\"}\r\n");
  assert_int_equal(items_count(set), 2);
  Item a = items_item(set, 0), c = items_item(set, 1);
  assert_string_equal(a.input, "a");
  assert_string_equal(a.id, "1.0");
  assert_string_equal(c.target[0], "d");
  item_free(&a);
  item_free(&c);
  items_close(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_read),
      cmocka_unit_test(ids_are_kept_as_written),
      cmocka_unit_test(unused_fields_are_not_looked_at),
      cmocka_unit_test(keys_are_mapped),
      cmocka_unit_test(label_sets_are_of_the_template),
      cmocka_unit_test(bad_lines_are_found_at_once),
      cmocka_unit_test(odd_items_are_left_out),
      cmocka_unit_test(the_others_keep_their_order),
      cmocka_unit_test(bad_label_sets_are_refused),
      cmocka_unit_test(marks_and_line_ends_are_passed_over),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}
