/* json_put: a document is whole, or it is not there at all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json_put.h"

static void what_is_put_stands_in_order(void **state) {
  (void)state;
  json_t *root = json_object(), *list = json_array();
  json_push(&list, json_integer(1));
  json_push(&list, json_null());
  json_put(&root, "z", json_string("first"));
  json_put(&root, "list", list);
  char *text = json_dumps(root, JSON_COMPACT);
  assert_string_equal(text, "{\"z\":\"first\",\"list\":[1,null]}");
  free(text);
  json_decref(root);
}

/* Values that cannot be made, by the kinds of reasons. */
static json_t *unmakeable(int kind) {
  return kind == 0 ? json_string("\xff") : kind == 1 ? json_real(NAN) : json_string(NULL);
}

static void what_cannot_be_made_drops_the_document(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    json_t *root = json_object(), *list = json_array(), *kept = json_string("kept");
    json_push(&list, json_incref(kept));
    json_push(&list, unmakeable(kind));
    assert_null(list);
    json_push(&list, json_incref(kept));
    assert_null(list);
    json_put(&root, "a", json_incref(kept));
    json_put(&root, "list", list);
    assert_null(root);
    json_put(&root, "b", json_incref(kept));
    assert_null(root);
    assert_int_equal(kept->refcount, 1); /* all that was taken was let go */
    json_decref(kept);
  }
}

static void a_key_or_a_place_that_is_none_drops_it_too(void **state) {
  (void)state;
  json_t *root = json_object(), *list = json_array(), *kept = json_string("kept");
  json_put(&root, "\xff", json_incref(kept));
  assert_null(root);
  json_put(&list, "key", json_incref(kept));
  assert_null(list);
  root = json_object();
  json_push(&root, json_incref(kept));
  assert_null(root);
  assert_int_equal(kept->refcount, 1);
  json_decref(kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_put_stands_in_order),
      cmocka_unit_test(what_cannot_be_made_drops_the_document),
      cmocka_unit_test(a_key_or_a_place_that_is_none_drops_it_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
