/* The order in which the examples of several files come: shares, epochs, and that nothing is drawn twice
 * too early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/examples/mixture.h"
#include "tests/scratch.h"

static Mixture make(const int64_t *count, size_t files) {
  Mixture m;
  Error err = {0};
  expect_ok("mixture", mixture_new(&m, count, files, &err), &err);
  return m;
}

/* ---- shares ---- */

static void shares_are_those_of_weights(void **state) {
  static const struct {
    int64_t count[3];
    double weight[3];
    int64_t share[3];
  } cases[] = {
      {{100, 300, 0}, {3, 1, 0}, {300, 100, 0}},
      {{5, 3, 2}, {1, 1, 1}, {4, 3, 3}},          /* 3.33 each; the first of equals gets the rest */
      {{5, 3, 2}, {0.5, 0.3, 0.2}, {5, 3, 2}},    /* as they are */
      {{7, 7, 6}, {70, 25, 5}, {14, 5, 1}},       /* 14, 5, 1 of 20 */
      {{6, 6, 7}, {0.6, 0.3, 0.1}, {11, 6, 2}},   /* 11.4, 5.7, 1.9 */
      {{10, 10, 10}, {1e9, 1e9, 1}, {15, 15, 0}}, /* too small a weight is left with nothing */
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t files = cases[i].count[2] ? 3 : 2;
    Mixture m = make(cases[i].count, files);
    mixture_weigh(&m, cases[i].weight);
    assert_int_equal(m.epoch, m.total);
    for (size_t k = 0; k < files; k++) assert_int_equal(m.share[k], cases[i].share[k]);
    mixture_free(&m);
  }
}

/* Raffel et al. 2020, section 3.5.2: r_m = min(e_m, K) / sum min(e_n, K). */
static void a_cap_is_that_of_t5(void **state) {
  const int64_t count[] = {1000, 40, 200};
  (void)state;
  Mixture m = make(count, 3);
  mixture_cap(&m, 100);
  assert_true(m.share[0] == 100 && m.share[1] == 40 && m.share[2] == 100);
  assert_true(m.epoch == 240 && m.total == 1240 && m.uneven);
  mixture_cap(&m, 1000);
  assert_true(m.epoch == 1240 && !m.uneven);
  mixture_free(&m);
}

/* ---- places ---- */

/* Files as they are are one file: what a run of it drew before there were several, it draws still. */
static void even_files_are_one(void **state) {
  const int64_t count[] = {7, 1, 12};
  (void)state;
  Mixture m = make(count, 3);
  for (int64_t p = 0; p < 60; p++) {
    uint64_t key = rng_key(5, (uint64_t)(p / 20), 0, 1);
    MixturePlace at = mixture_place(&m, 5, true, p), plain = mixture_place(&m, 5, false, p);
    assert_int_equal(at.index, rng_permute(key, (uint64_t)(p % 20), 20));
    assert_true(at.round == p / 20 && plain.round == p / 20 && plain.index == p % 20);
  }
  mixture_free(&m);
}

enum { EPOCHS = 30, FILES = 3, TOTAL = 20 };

/* Every epoch draws the shares, and of each file everything once before anything again. */
static void check_draws(const Mixture *m, bool shuffle) {
  int64_t seen[TOTAL] = {0}, position = 0;
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    int64_t drawn[FILES] = {0};
    for (int64_t p = 0; p < m->epoch; p++) {
      MixturePlace at = mixture_place(m, 11, shuffle, position++);
      int64_t line = at.index;
      assert_in_range(at.index, 0, m->total - 1);
      drawn[mixture_file(m, &line)]++;
      seen[at.index]++;
    }
    for (int k = 0; k < FILES; k++) assert_int_equal(drawn[k], m->share[k]);
    for (int64_t i = 0, first = 0, file = 0; i < m->total; i++) {
      if (i == first + m->count[file]) first += m->count[file++];
      assert_in_range(seen[i], seen[first] > 0 ? seen[first] - 1 : 0, seen[first] + 1);
    }
  }
}

static void no_example_comes_too_early(void **state) {
  const int64_t count[] = {7, 1, 12};
  const double weight[] = {1, 2, 3};
  (void)state;
  Mixture m = make(count, FILES);
  check_draws(&m, true);
  mixture_weigh(&m, weight);
  check_draws(&m, true);
  check_draws(&m, false);
  mixture_cap(&m, 5);
  check_draws(&m, true);
  mixture_free(&m);
}

static void seeds_and_epochs_have_orders_of_their_own(void **state) {
  const int64_t count[] = {50, 50};
  const double weight[] = {1, 3};
  int same_seed = 0, same_epoch = 0;
  (void)state;
  Mixture m = make(count, 2);
  mixture_weigh(&m, weight);
  for (int64_t p = 0; p < 100; p++) {
    int64_t at = mixture_place(&m, 1, true, p).index;
    same_seed += at == mixture_place(&m, 2, true, p).index;
    same_epoch += at == mixture_place(&m, 1, true, p + 100).index;
  }
  assert_in_range(same_seed, 0, 10);
  assert_in_range(same_epoch, 0, 10);
  mixture_free(&m);
}

static void examples_are_counted_through_the_files(void **state) {
  const int64_t count[] = {2, 1, 3};
  const size_t file[] = {0, 0, 1, 2, 2, 2};
  const int64_t line[] = {0, 1, 0, 0, 1, 2};
  (void)state;
  Mixture m = make(count, 3);
  for (int64_t i = 0; i < 6; i++) {
    int64_t at = i;
    assert_int_equal(mixture_file(&m, &at), file[i]);
    assert_int_equal(at, line[i]);
  }
  mixture_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_are_those_of_weights),
      cmocka_unit_test(a_cap_is_that_of_t5),
      cmocka_unit_test(even_files_are_one),
      cmocka_unit_test(no_example_comes_too_early),
      cmocka_unit_test(seeds_and_epochs_have_orders_of_their_own),
      cmocka_unit_test(examples_are_counted_through_the_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
