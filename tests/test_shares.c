/* Which examples go to which expert, against tables that are worked out by hand, and the tables of
 * losses that they are made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "train/gates/loss_table.h"
#include "train/gates/shares.h"

enum { EXPERTS = 3, EXAMPLES = 5 };

/* An example a column. The least of each: 1.0 of the first expert; 0.5 of the second and the third,
 * which is the base's, too; 0.25 of the third, above the base's; 2.0 of the first; 3.0 of the second. */
static const double LOSS[EXPERTS * EXAMPLES] = {
    1.0, 2.0, 0.75, 2.0, 4.0, /**/
    1.5, 0.5, 4.0,  8.0, 3.0, /**/
    3.0, 0.5, 0.25, 2.5, 9.0,
};
static const double BASE[EXAMPLES] = {5, 0.5, 0.125, 6, 7};

static Shares divide(double within) {
  Shares s;
  Error err = {0};
  expect_ok("divide", shares_divide(&s, LOSS, BASE, EXPERTS, EXAMPLES, within, &err), &err);
  return s;
}

static void expect_gets(const Shares *s, int expert, const char *want) {
  for (int64_t i = 0; i < EXAMPLES; i++)
    assert_int_equal(shares_gets(s, expert, i), want[i] == 'x');
}

static void expect_share(const Share *s, int64_t examples, int64_t tied, int64_t unhelped,
                         double margin) {
  assert_int_equal(s->examples, examples);
  assert_int_equal(s->tied, tied);
  assert_int_equal(s->unhelped, unhelped);
  assert_true(s->margin == margin);
}

static void an_example_goes_to_the_likeliest(void **state) {
  (void)state;
  Shares s = divide(0);
  expect_gets(&s, 0, "x..x.");
  expect_gets(&s, 1, ".x..x");
  expect_gets(&s, 2, ".xx..");
  expect_share(&s.share[0], 2, 0, 0, 0.5);  /* of 0.5 and 0.5 */
  expect_share(&s.share[1], 2, 1, 1, 0.5);  /* of 0 and 1 */
  expect_share(&s.share[2], 2, 1, 2, 0.25); /* of 0 and 0.5 */
  assert_true(s.examples == EXAMPLES && s.tied == 1 && s.unhelped == 2);
  shares_free(&s);
}

static void those_within_get_it_too(void **state) {
  (void)state;
  Shares s = divide(0.5);
  expect_gets(&s, 0, "x.xx.");
  expect_gets(&s, 1, "xx..x");
  expect_gets(&s, 2, ".xxx.");
  expect_share(&s.share[0], 3, 3, 1, 0.5); /* of 0.5, -0.5 and 0.5 */
  expect_share(&s.share[1], 3, 2, 1, 0);   /* of -0.5, 0 and 1 */
  expect_share(&s.share[2], 3, 3, 2, 0);   /* of 0, 0.5 and -0.5 */
  assert_true(s.tied == 4 && s.unhelped == 2);
  shares_free(&s);
}

static void who_gets_nothing_has_no_margin(void **state) {
  (void)state;
  const double loss[] = {1, 2, 3, 4}, base[] = {0, 9};
  Shares s;
  Error err = {0};
  expect_ok("two", shares_divide(&s, loss, base, 2, 2, 0, &err), &err);
  assert_true(s.share[0].examples == 2 && s.share[0].margin == 2 && s.unhelped == 1);
  assert_true(s.share[1].examples == 0 && isnan(s.share[1].margin));
  shares_free(&s);
  expect_ok("one", shares_divide(&s, loss, base, 1, 2, 0, &err), &err);
  assert_true(s.share[0].examples == 2 && isnan(s.share[0].margin) && s.tied == 0);
  shares_free(&s);
}

/* ---- tables ---- */

static void tables_keep_what_they_hold(void **state) {
  Scratch *s = *state;
  Error err = {0};
  double loss[3] = {loss_table_round(1.0 / 3), loss_table_round(2e-17 / 7), 12}, read[3];
  int64_t count = -1;
  const char *path = scratch_path(s, "losses.json");
  expect_ok("none", loss_table_read(path, "me", read, 3, &count, &err), &err);
  assert_int_equal(count, 0);
  expect_ok("write", loss_table_write(path, "me", loss, 3, &err), &err);
  expect_ok("read", loss_table_read(path, "me", read, 3, &count, &err), &err);
  assert_true(count == 3 && memcmp(loss, read, sizeof loss) == 0);
  expect_error("another", loss_table_read(path, "you", read, 3, &count, &err), &err,
               STATUS_MISMATCH, "identity: is of other data");
  memset(&err, 0, sizeof err);
  expect_error("more", loss_table_read(path, "me", read, 2, &count, &err), &err, STATUS_INPUT,
               "losses: are more than the examples");
}

static void damaged_tables_are_refused(void **state) {
  Scratch *s = *state;
  static const char *const BAD[][2] = {
      {"[]", "want an object|format"},
      {"{\"format\": \"x\"}", "format: is \"x\""},
      {"{\"format\": \"skein-losses\", \"version\": 2}", "version"},
      {"{\"format\": \"skein-losses\", \"version\": 1}", "identity: is missing"},
      {"{\"format\": \"skein-losses\", \"version\": 1, \"identity\": \"me\"}",
       "losses: is missing"},
      {"{\"format\": \"skein-losses\", \"version\": 1, \"identity\": \"me\", \"losses\": [1, "
       "\"\"]}",
       "losses[1]: got a string"},
      {"{\"format\": \"skein-losses\", \"version\": 1, \"identity\": \"me\", \"losses\": [-1]}",
       "losses[0]: |at least 0"},
      {"{\"format\": \"skein-losses\", \"version\": 1, \"identity\": \"me\", \"losses\": [1e999]}",
       "losses[0]: |at least 0"},
  };
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    Error err = {0};
    double read[3];
    int64_t count;
    scratch_write(s, "losses.json", BAD[i][0], strlen(BAD[i][0]));
    Status got = loss_table_read(scratch_path(s, "losses.json"), "me", read, 3, &count, &err);
    assert_int_equal(got, STATUS_INPUT);
    assert_non_null(strstr(err.text, "losses.json"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_example_goes_to_the_likeliest),
      cmocka_unit_test(those_within_get_it_too),
      cmocka_unit_test(who_gets_nothing_has_no_margin),
      cmocka_unit_test_setup_teardown(tables_keep_what_they_hold, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(damaged_tables_are_refused, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
