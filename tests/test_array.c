/* array_grow: what was there stays, room is enough, and too much is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/ground/array.h"

/* Appends `more` numbers that go on from those before, and looks at all of them. */
static void append_numbers(int **array, size_t *count, size_t more) {
  int *grown = array_grow(*array, *count, more, sizeof *grown);
  assert_non_null(grown);
  *array = grown;
  for (size_t i = 0; i < more; i++) grown[*count + i] = (int)(*count + i);
  *count += more;
  for (size_t i = 0; i < *count; i++) assert_int_equal(grown[i], i);
}

static void what_was_there_stays(void **state) {
  (void)state;
  static const size_t MORE[] = {1, 1, 1, 5, 8, 1, 100, 3, 17};
  int *array = NULL;
  size_t count = 0;
  for (size_t i = 0; i < 300; i++) append_numbers(&array, &count, 1);
  count = 5; /* the rest is dropped */
  for (size_t i = 0; i < sizeof MORE / sizeof *MORE; i++) append_numbers(&array, &count, MORE[i]);
  count = 0;
  append_numbers(&array, &count, 3);
  free(array);
}

static void it_moves_at_powers_of_two_alone(void **state) {
  (void)state;
  int *array = array_grow(NULL, 0, 5, sizeof *array);
  assert_non_null(array);
  for (size_t count = 5; count < 8; count++)
    assert_ptr_equal(array_grow(array, count, 1, sizeof *array), array);
  free(array);
}

static void too_much_is_refused(void **state) {
  (void)state;
  int *array = array_grow(NULL, 0, 1, sizeof *array);
  assert_non_null(array);
  assert_null(array_grow(array, 1, SIZE_MAX, sizeof *array));
  assert_null(array_grow(array, 1, SIZE_MAX / 2, 1));
  assert_null(array_grow(array, 1, SIZE_MAX / 4, sizeof *array));
  free(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_there_stays),
      cmocka_unit_test(it_moves_at_powers_of_two_alone),
      cmocka_unit_test(too_much_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
