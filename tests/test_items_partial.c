/* Items that come with whatever their lines have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/items_world.h"

static ItemKeys partial_keys(const ItemsWorld *w, ItemUse use) {
  ItemKeys keys = items_for(w, use);
  keys.partial = true;
  return keys;
}

static void lines_come_with_what_they_have(void **state) {
  const ItemKeys keys = partial_keys(*state, ITEMS_CHOSEN);
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "{\"input\": \"a\"}\n"
                          "{\"input\": \"b\", \"target\": \"t\"}\n"
                          "{\"input\": \"c\", \"choices\": [\"x\", \"y\"]}\n"
                          "{\"input\": \"d\", \"choices\": [\"x\", \"y\"], \"label\": -1}\n"
                          "{\"input\": \"e\", \"choices\": [\"x\", \"y\"], \"label\": 1}\n"
                          "{\"input\": \"f\", \"choices\": [\"x\", \"y\"], \"target\": \"y\"}\n");
  static const struct {
    int choices, label, targets;
  } WANT[] = {{0, -1, 0}, {0, -1, 1}, {2, -1, 0}, {2, -1, 0}, {2, 1, 0}, {2, 1, 1}};
  assert_int_equal(items_count(set), 6);
  for (int64_t i = 0; i < 6; i++) {
    Item item = items_item(set, i);
    assert_int_equal(item.choices, WANT[i].choices);
    assert_int_equal(item.label, WANT[i].label);
    assert_int_equal(item.targets, WANT[i].targets);
    item_free(&item);
  }
  items_close(set);
}

/* What contradicts itself is odd as ever. */
static void contradictions_are_left_out(void **state) {
  const ItemKeys keys = partial_keys(*state, ITEMS_CHOSEN);
  ItemSet *set = items_of(
      *state, ITEMS_LINES, &keys,
      "{\"input\": \"a\"}\n"
      "{\"input\": \"b\", \"choices\": [\"x\", \"y\"], \"label\": 7}\n"
      "{\"input\": \"c\", \"choices\": [\"x\", \"y\"], \"label\": 0, \"target\": \"y\"}\n");
  expect_left_out(set, "label: got 7|label");
  items_close(set);
}

static void choices_are_ranked_where_there_are_some(void **state) {
  const ItemKeys keys = partial_keys(*state, ITEMS_RANKED);
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "{\"input\": \"a\"}\n{\"input\": \"b\", \"choices\": [\"x\"]}\n");
  Item first = items_item(set, 0), second = items_item(set, 1);
  assert_int_equal(first.choices, 0);
  assert_int_equal(second.choices, 1);
  item_free(&first);
  item_free(&second);
  items_close(set);
}

/* Label sets are made of all targets. */
static void choices_from_targets_are_needed(void **state) {
  ItemKeys keys = partial_keys(*state, ITEMS_CHOSEN);
  keys.choices_from_targets = true;
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "{\"input\": \"a\"}\n{\"input\": \"b\", \"target\": \"x\"}\n"
                          "{\"input\": \"c\", \"target\": \"y\"}\n");
  assert_int_equal(items_count(set), 2);
  Item item = items_item(set, 0);
  expect_texts(item.choice, item.choices, "x|y");
  item_free(&item);
  items_close(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_come_with_what_they_have),
      cmocka_unit_test(contradictions_are_left_out),
      cmocka_unit_test(choices_are_ranked_where_there_are_some),
      cmocka_unit_test(choices_from_targets_are_needed),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}
