/* The ruler itself: what counts as agreement with a reference. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/testing.h"

static void worst_of(const float *got, const float *want, double error) {
  double worst = agreement(got, want, 4).worst;
  if (!(fabs(worst - error) < 1e-6)) fail_msg("error %.9g, want %.9g", worst, error);
}

static void large_elements_by_themselves(void **state) {
  (void)state;
  const float want[] = {1, -1, 1, 3}; /* rms sqrt(3) */
  worst_of(want, want, 0);
  worst_of((float[]){1, -1, 1, 3.3f}, want, 0.1);
  worst_of((float[]){1, -1, 1, 2.7f}, want, 0.1);
}

static void small_elements_by_the_rms(void **state) {
  (void)state;
  worst_of((float[]){0.5f, 2, 2, 2}, (float[]){0, 2, 2, 2}, 0.5 / sqrt(3));
  worst_of((float[]){1e-9f, 2, 2, 2}, (float[]){1e-12f, 2, 2, 2}, 0);
}

static void the_whole_by_its_norm(void **state) {
  (void)state;
  Agreement a = agreement((float[]){3, 4, 0, 0.5f}, (float[]){3, 4, 0, 0}, 4);
  assert_true(fabs(a.whole - 0.1) < 1e-12);
  assert_int_equal(a.at, 3);
}

static void zeros_agree_with_zeros_only(void **state) {
  (void)state;
  const float zero[4] = {0};
  worst_of(zero, zero, 0);
  assert_true(isinf(agreement((float[]){0, 0, 1e-30f, 0}, zero, 4).worst));
}

static void what_is_no_number_never_agrees(void **state) {
  (void)state;
  const float one[] = {1, 1, 1, 1}, holes[][4] = {{NAN, 1, 1, 1}, {1, 1, 1, INFINITY}};
  for (int i = 0; i < 2; i++) {
    assert_false(agreement(holes[i], one, 4).worst <= 1e300);
    assert_false(agreement(one, holes[i], 4).worst <= 1e300);
    assert_false(agreement(holes[i], one, 4).whole <= 1e300);
    Comparison c = compare_begin(1e300, "a hole");
    compare(&c, "hole", holes[i], one, 4);
    compare_value(&c, "hole", (double)holes[i][3 * i], 1);
    assert_int_equal(c.failed, 2);
  }
}

static void one_bad_tensor_is_remembered(void **state) {
  (void)state;
  const float one[] = {1, 1}, near[] = {1, 1.001f};
  Comparison c = compare_begin(1e-4, "three tensors");
  compare(&c, "first", one, one, 2);
  compare(&c, "second", near, one, 2);
  compare(&c, "third", one, one, 2);
  compare_value(&c, "fourth", 2, 1);
  compare_value(&c, "fifth", 1.00001, 1);
  assert_int_equal(c.tensors, 5);
  assert_int_equal(c.failed, 2);
  assert_string_equal(c.where, "fourth");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large_elements_by_themselves),
      cmocka_unit_test(small_elements_by_the_rms),
      cmocka_unit_test(the_whole_by_its_norm),
      cmocka_unit_test(zeros_agree_with_zeros_only),
      cmocka_unit_test(what_is_no_number_never_agrees),
      cmocka_unit_test(one_bad_tensor_is_remembered),
  };
  return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}
