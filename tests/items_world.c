#include "tests/items_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/testing.h"

int items_setup(void **state) {
  ItemsWorld *w = calloc(1, sizeof *w);
  Error err = {0};
  char *path = golden_path("tokenizer/nfkc");
  *state = w;
  if (!w || scratch_setup((void **)&w->scratch) != 0) return -1;
  expect_ok(path, tokenizer_open(&w->tokenizer, path, &err), &err);
  free(path);
  return 0;
}

int items_teardown(void **state) {
  ItemsWorld *w = *state;
  tokenizer_close(w->tokenizer);
  int failed = scratch_teardown((void **)&w->scratch);
  free(w);
  return failed;
}

ItemKeys items_for(const ItemsWorld *w, ItemUse use) {
  return (ItemKeys){.use = use, .tokens = {w->tokenizer, 512}};
}

ItemSet *items_of(ItemsWorld *w, ItemFormat format, const ItemKeys *keys, const char *text) {
  Error err = {0};
  ItemSet *set;
  const char *path = scratch_write(w->scratch, "items", text, strlen(text));
  expect_ok(text, items_open(&set, path, format, keys, &err), &err);
  assert_string_equal(items_path(set), path);
  return set;
}

void items_refused(ItemsWorld *w, ItemFormat format, const ItemKeys *keys, const char *text,
                   const char *words) {
  Error err = {0};
  ItemSet *set;
  const char *path = scratch_write(w->scratch, "items", text, strlen(text));
  expect_error(text, items_open(&set, path, format, keys, &err), &err, STATUS_INPUT, words);
  assert_null(set);
}

Item items_item(const ItemSet *set, int64_t i) {
  Error err = {0};
  Item item;
  expect_ok("get", items_get(set, i, &item, &err), &err);
  assert_null(item.odd);
  return item;
}

void expect_texts(char *const *text, int count, const char *want) {
  char joined[512] = "";
  for (int i = 0; i < count; i++) {
    size_t n = strlen(joined);
    snprintf(joined + n, sizeof joined - n, "%s%s", i ? "|" : "", text[i]);
  }
  assert_string_equal(joined, want);
}

void expect_left_out(const ItemSet *set, const char *words) {
  char all[1024];
  int64_t k = 0;
  snprintf(all, sizeof all, "%s", words);
  for (char *rest = all, *word; *words && (word = strsep(&rest, "|")); k++) {
    char *why;
    Error err = {0};
    assert_true(k < items_left_out(set, items_count(set)));
    expect_ok(word, items_why_left_out(set, k, &why, &err), &err);
    if (!strstr(why, word)) fail_msg("'%s' is not in '%s'", word, why);
    free(why);
  }
  assert_int_equal(items_left_out(set, items_count(set)), k);
}
