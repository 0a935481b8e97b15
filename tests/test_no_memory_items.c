/* Every allocation may fail, as in test_no_memory: items are opened, told and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/items_world.h"
#include "tests/no_memory.h"

typedef struct Opening {
  const char *path;
  ItemKeys keys;
} Opening;

/* Everything that can be asked of a set. */
static Status use_set(const ItemSet *set, Error *err) {
  int64_t count = items_count(set), odd = items_left_out(set, count);
  for (int64_t i = 0; i < count; i++) {
    Item item;
    TRY(items_get(set, i, &item, err));
    item_free(&item);
  }
  for (int64_t k = 0; k < odd; k++) {
    char *why;
    TRY(items_why_left_out(set, k, &why, err));
    free(why);
  }
  return STATUS_OK;
}

static Status open_items(void *arg, Error *err) {
  const Opening *o = arg;
  ItemSet *set;
  TRY(items_open(&set, o->path, ITEMS_LINES, &o->keys, err));
  Status status = use_set(set, err);
  items_close(set);
  return status;
}

static void items_are_opened_and_read(void **state) {
  static const char TEXT[] =
      "{\"input\": \"a\", \"choices\": [\"no no yes\", \"no no no\", \"no\", \" no\"], \"id\": "
      "1e400,"
      " \"label\": 2, \"target\": \"no\\n\"}\n"
      "{\"input\": \"b\", \"target\": \"yes\", \"template\": 1}\n"
      "{\"input\": \"c\", \"target\": \"yes\\n\", \"template\": 1}\n"
      "{\"input\": \"d\", \"target\": \"yes\", \"task\": 2}\n"
      "{\"input\": \"e\", \"choices\": [\"x\", \"y\"], \"label\": 2}\n"
      "{\"input\": \"f\", \"target\": \"no no yes\", \"template\": \"t\"}\n"
      "{\"input\": \"g\", \"target\": \"no no no\", \"template\": \"t\", \"instruction\": "
      "\"say\"}\n";
  ItemsWorld *w = *state;
  Opening o = {scratch_write(w->scratch, "items", TEXT, strlen(TEXT)), items_for(w, ITEMS_CHOSEN)};
  o.keys.choices_from_targets = true;
  o.keys.tokens.most = 3;
  fail_each_allocation("chosen", open_items, &o, 100, 0);
  o.keys.use = ITEMS_ANSWERED;
  fail_each_allocation("answered", open_items, &o, 50, 0);
  o.keys.use = ITEMS_ASKED;
  fail_each_allocation("asked", open_items, &o, 30, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(items_are_opened_and_read)};
  return cmocka_run_group_tests(tests, items_setup, items_teardown);
}
