/* When two texts are one choice, and when a model cannot tell them apart. The tokens are those that
 * SentencePiece gives for the golden model: of it "maybe" is whole, and U+4E2D has no piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/items_world.h"

typedef struct Case {
  const char *choices; /* as JSON */
  int64_t most;
  int same[4], alike[4];
} Case;

static const Case CASES[] = {
    {"[\"yes\", \"no\"]", 512, {0, 1}, {0, 1}},
    {"[\"yes\", \"no\", \"yes\"]", 512, {0, 1, 0}, {0, 1, 0}},
    {"[\"yes\", \"yes\\n\", \" yes\", \"Yes\"]", 512, {0, 0, 0, 3}, {0, 0, 0, 3}},
    {"[\"maybe not\", \"maybe\\tnot\", \"maybe  not\"]", 512, {0, 0, 0}, {0, 0, 0}},
    {"[\"yes\", \"\\uff59\\uff45\\uff53\"]", 512, {0, 0}, {0, 0}}, /* one text after NFKC */
    {"[\"\\u4e2d\", \"\\u56fd\", \"\\u4e2d\\n\"]", 512, {0, 1, 0}, {0, 0, 0}},
    {"[\"a \\u4e2d\", \"a\", \"\\u4e2d\"]", 512, {0, 1, 2}, {0, 1, 2}},
    {"[\"no no yes\", \"no no no\", \"no\"]", 3, {0, 1, 2}, {0, 0, 2}},
    {"[\"no no yes\", \"no no no\", \"no\"]", 2, {0, 1, 2}, {0, 0, 0}},
    {"[\"yes\", \"no\"]", 1, {0, 1}, {0, 0}}, /* nothing but the end is left */
    {"[\"\", \" \", \"\\n\"]", 512, {0, 0, 0}, {0, 0, 0}},
};

static void texts_are_compared_by_tokens(void **state) {
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    const Case *c = &CASES[i];
    ItemKeys keys = items_for(*state, ITEMS_RANKED);
    keys.tokens.most = c->most;
    char line[256];
    int same = 0, alike = 0;
    snprintf(line, sizeof line, "{\"input\": \"a\", \"choices\": %s}", c->choices);
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, line);
    Item item = items_item(set, 0);
    for (int k = 0; k < item.choices; k++) {
      if (item_same(&item, k) != c->same[k] || item_alike(&item, k) != c->alike[k]) {
        fail_msg("%s, %d tokens: choice %d: same as %d, alike %d", c->choices, (int)c->most, k,
                 item_same(&item, k), item_alike(&item, k));
      }
      same += c->same[k] < k;
      alike += c->same[k] == k && c->alike[k] < k;
    }
    assert_int_equal(items_same(set).count, same);
    assert_int_equal(items_alike(set).count, alike);
    assert_true((items_same(set).first != NULL) == (same > 0));
    item_free(&item);
    items_close(set);
  }
}

/* The choices are "yes ", "no", "maybe not", "no\n" and U+4E2D; -1: none is right. */
static const struct {
  const char *fields;
  int label;
  const char *target; /* as it is compared with the answer */
} TARGETS[] = {
    {"\"target\": \"no\"", 1, "no"},
    {"\"target\": \" no\\n\"", 1, "no"},
    {"\"target\": \"no\\n\"", 3, "no"},
    {"\"target\": [\"z\", \"yes\"]", 0, "z|yes "},
    {"\"target\": \"maybe not\"", 2, "maybe not"},
    {"\"target\": \"maybe\\tnot\"", 2, "maybe not"},
    {"\"target\": \"\\u4e2d\"", 4, "\xe4\xb8\xad"},
    {"\"target\": \" \\u4e2d\"", 4, "\xe4\xb8\xad"},
    {"\"label\": 1", 1, ""},
    {"\"label\": 3, \"target\": \"no\"", 3, "no"},
    {"\"label\": 1, \"target\": \"no\\n\"", 1, "no"},
    {"\"label\": 1, \"target\": [\"yes\", \"no\"]", 1, "yes |no"},
    {"\"label\": 1, \"target\": \"No, it is not.\"", 1, "No, it is not."},
    {"\"target\": \"n\"", -1, NULL},
    {"\"target\": \"Yes\"", -1, NULL},
    {"\"target\": \"\\u56fd\"", -1, NULL},
    {"\"target\": null", -1, NULL},
    {"\"label\": 1, \"target\": \"yes\"", -1, NULL},
    {"\"label\": 3, \"target\": [\"z\", \"maybe not\"]", -1, NULL},
};

static void targets_say_the_label(void **state) {
  const ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
    char text[512];
    snprintf(text, sizeof text,
             "{\"input\": \"a\", \"choices\": [\"b\", \"c\"], \"label\": 0}\n{\"input\": \"a\", "
             "\"choices\": [\"yes \", \"no\", \"maybe not\", \"no\\n\", \"\\u4e2d\"], %s}",
             TARGETS[i].fields);
    ItemSet *set = items_of(*state, ITEMS_LINES, &keys, text);
    if ((items_count(set) == 2) != (TARGETS[i].label >= 0)) fail_msg("%s", TARGETS[i].fields);
    if (TARGETS[i].label >= 0) {
      Item item = items_item(set, 1);
      if (item.label != TARGETS[i].label) fail_msg("%s: %d", TARGETS[i].fields, item.label);
      expect_texts(item.target, item.targets, TARGETS[i].target);
      item_free(&item);
    }
    items_close(set);
  }
}

/* Targets of a set that are alike stay two choices; those that are the same do not. */
static void label_sets_are_compared_too(void **state) {
  ItemKeys keys = items_for(*state, ITEMS_CHOSEN);
  keys.choices_from_targets = true;
  keys.tokens.most = 3;
  ItemSet *set = items_of(*state, ITEMS_LINES, &keys,
                          "{\"input\": \"1\", \"target\": \"no no yes\"}\n"
                          "{\"input\": \"2\", \"target\": \"no no no\"}\n"
                          "{\"input\": \"3\", \"target\": \" no no no\"}\n"
                          "{\"input\": \"4\", \"target\": \"no\"}\n");
  static const int LABEL[] = {0, 1, 1, 2};
  for (int i = 0; i < 4; i++) {
    Item item = items_item(set, i);
    expect_texts(item.choice, item.choices, "no no yes|no no no|no");
    assert_int_equal(item.label, LABEL[i]);
    assert_int_equal(item_alike(&item, 1), 0);
    assert_int_equal(item_same(&item, 1), 1);
    assert_int_equal(item_alike(&item, 2), 2);
    item_free(&item);
  }
  assert_int_equal(items_same(set).count, 1);
  assert_int_equal(items_alike(set).count, 1);
  assert_non_null(strstr(items_alike(set).first, "items: line 2: 'no no yes' and 'no no no'"));
  items_close(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_compared_by_tokens),
      cmocka_unit_test(targets_say_the_label),
      cmocka_unit_test(label_sets_are_compared_too),
  };
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}
