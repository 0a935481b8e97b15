/* Routing plans: how experts are selected from logits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/route/route_select.h"
#include "tests/tiny.h"

/* f32 logits of order 10 and their softmax against double: a few roundings. */
#define CLOSE 1e-5

static Tensor *new_logits(Bench *b, const float *z, int64_t rows, int64_t experts) {
  Tensor *t = tensor_new(&b->c, rows, experts);
  assert_non_null(t);
  memcpy(t->data, z, (size_t)(rows * experts) * sizeof *z);
  return t;
}

static Tensor *random_logits(Bench *b, int64_t rows, int64_t experts) {
  Tensor *t = tensor_new(&b->c, rows, experts);
  assert_non_null(t);
  tiny_fill(t, 3, rng_key(5, (uint64_t)rows, (uint64_t)experts, 0));
  return t;
}

/* The weight that a plan gives an expert on a row; 0 when it is not chosen. */
static double weight_of(const Plan *p, int64_t row, int expert) {
  double weight = 0;
  int times = 0;
  for (int64_t i = row * p->slots; i < (row + 1) * p->slots; i++) {
    if (p->expert[i] != expert) continue;
    weight = (double)p->weight[i];
    times++;
  }
  assert_true(times <= 1);
  return weight;
}

static int chosen_on(const Plan *p, int64_t row) {
  int n = 0;
  for (int64_t i = row * p->slots; i < (row + 1) * p->slots; i++) n += p->expert[i] >= 0;
  return n;
}

static void expect_close(double got, double want) {
  if (!(fabs(got - want) <= CLOSE * fmax(fabs(want), 1))) fail_msg("%.9g, want %.9g", got, want);
}

/* By hand: softmax of {ln 1, ln 2, ln 5, ln 2} is {.1, .2, .5, .2}. */
static void a_row_by_hand(void **state) {
  (void)state;
  const float z[] = {0, logf(2), logf(5), logf(2)};
  struct {
    Selection how;
    double want[4];
  } cases[] = {
      {{1, 1, NORMALISE_ALL}, {0, 0, .5 / (.5 + 1e-6), 0}},
      {{2, 1, NORMALISE_ALL}, {0, .2 / (.7 + 1e-6), .5 / (.7 + 1e-6), 0}},
      {{2, 1, NORMALISE_CHOSEN}, {0, .2 / .7, .5 / .7, 0}},
      {{9, 1, NORMALISE_ALL}, {.1 / (1 + 1e-6), .2 / (1 + 1e-6), .5 / (1 + 1e-6), .2 / (1 + 1e-6)}},
      /* Ascending sums are .1 .3 .5 1, of equals the highest index first. */
      {{2, .45, NORMALISE_ALL}, {0, 0, 1, 0}},
      {{2, .55, NORMALISE_ALL}, {0, .2 / .7, .5 / .7, 0}},
      {{2, .75, NORMALISE_ALL}, {0, .2 / .9, .5 / .9, .2 / .9}},
      {{1, .95, NORMALISE_CHOSEN}, {.1, .2, .5, .2}},
      {{1, .001, NORMALISE_ALL}, {0, 0, 1, 0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Bench b;
    bench_open(&b, false, 1);
    Tensor *t = new_logits(&b, z, 1, 4);
    Plan *p = plan_select(&b.c, t, &cases[i].how);
    assert_non_null(p);
    for (int k = 0; k < 4; k++) {
      expect_close(weight_of(p, 0, k), cases[i].want[k]);
      expect_close((double)t->data[k], (double[]){.1, .2, .5, .2}[k]);
    }
    bench_close(&b);
  }
}

/* The 1e-6 of the sum shows where the chosen share is small. */
static void the_epsilon_counts_only_over_all(void **state) {
  (void)state;
  enum { EXPERTS = 5000 };
  float z[EXPERTS] = {0};
  Bench b;
  bench_open(&b, false, 1);
  Plan *p = plan_select(&b.c, new_logits(&b, z, 1, EXPERTS), &(Selection){1, 1, NORMALISE_ALL});
  double share = 1.0 / EXPERTS;
  assert_true(fabs(weight_of(p, 0, 0) - share / (share + 1e-6)) < 1e-6);
  assert_true(weight_of(p, 0, 0) < 0.996);
  p = plan_select(&b.c, new_logits(&b, z, 1, EXPERTS), &(Selection){1, 1, NORMALISE_CHOSEN});
  assert_true(weight_of(p, 0, 0) == 1);
  bench_close(&b);
}

static void ties_go_to_the_lowest_index(void **state) {
  (void)state;
  const float z[] = {1, 4, 4, 1, 4, 4, /**/ 0, 0, 0, 0, 0, 0};
  Bench b;
  bench_open(&b, false, 1);
  Plan *p = plan_select(&b.c, new_logits(&b, z, 2, 6), &(Selection){3, 1, NORMALISE_ALL});
  const int32_t want[] = {1, 2, 4, 0, 1, 2};
  assert_memory_equal(p->expert, want, sizeof want);
  p = plan_select(&b.c, new_logits(&b, z, 2, 6), &(Selection){1, .4, NORMALISE_ALL});
  assert_int_equal(chosen_on(p, 0), 2);
  assert_true(weight_of(p, 0, 1) > 0 && weight_of(p, 0, 2) > 0);
  bench_close(&b);
}

static void who_has_no_vote_is_not_chosen(void **state) {
  (void)state;
  const float none = -INFINITY;
  const float z[] = {none, 2, none, none, none, none, none, 300, 0};
  Bench b;
  bench_open(&b, false, 1);
  Tensor *t = new_logits(&b, z, 3, 3);
  Plan *p = plan_select(&b.c, t, &(Selection){2, 1, NORMALISE_ALL});
  assert_int_equal(chosen_on(p, 0), 1);
  expect_close(weight_of(p, 0, 1), 1);
  assert_int_equal(chosen_on(p, 1), 0);
  for (int i = 3; i < 6; i++) assert_true(t->data[i] == 0);
  assert_int_equal(chosen_on(p, 2), 1); /* e^-300 is 0 in f32 */
  expect_close(weight_of(p, 2, 1), 1);
  p = plan_select(&b.c, new_logits(&b, z, 3, 3), &(Selection){2, .9999, NORMALISE_ALL});
  assert_true(chosen_on(p, 0) == 1 && chosen_on(p, 1) == 0 && chosen_on(p, 2) == 1);
  bench_close(&b);
}

/* A NaN must reach the weights, and whatever is chosen must be an expert, once. */
static void nan_is_not_hidden(void **state) {
  (void)state;
  const float z[] = {1, NAN, 2, 0, NAN, NAN, NAN, NAN};
  Bench b;
  bench_open(&b, false, 1);
  Plan *p = plan_select(&b.c, new_logits(&b, z, 2, 4), &(Selection){2, 1, NORMALISE_ALL});
  for (int64_t row = 0; row < 2; row++) {
    bool nan = false;
    for (int k = 0; k < 4; k++) nan |= isnan(weight_of(p, row, k));
    assert_true(nan);
    assert_int_equal(chosen_on(p, row), 2);
  }
  bench_close(&b);
}

/* Against the definitions, in double, with as many experts as a large pool has. */
static void selection_is_as_defined(void **state) {
  (void)state;
  enum { ROWS = 70, EXPERTS = 166 };
  const Selection how[] = {{2, 1, NORMALISE_ALL},
                           {5, 1, NORMALISE_CHOSEN},
                           {1, .5, NORMALISE_ALL},
                           {1, .97, NORMALISE_ALL}};
  for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
    Bench b;
    bench_open(&b, false, 2);
    Tensor *z = random_logits(&b, ROWS, EXPERTS), *w = random_logits(&b, ROWS, EXPERTS);
    Plan *p = plan_select(&b.c, w, &how[h]);
    for (int64_t t = 0; t < ROWS; t++) {
      double e[EXPERTS], all = 0, sum = 0;
      bool kept[EXPERTS];
      for (int i = 0; i < EXPERTS; i++) all += e[i] = exp((double)z->data[t * EXPERTS + i]);
      for (int i = 0; i < EXPERTS; i++) {
        double below = 0;
        int larger = 0;
        for (int j = 0; j < EXPERTS; j++) {
          larger += e[j] > e[i];
          below += e[j] <= e[i] ? e[j] / all : 0;
        }
        kept[i] =
            how[h].top_p < 1 ? larger == 0 || below > 1 - how[h].top_p : larger < how[h].top_k;
        sum += kept[i] ? e[i] / all : 0;
      }
      bool eps = how[h].top_p >= 1 && how[h].normalise == NORMALISE_ALL;
      for (int i = 0; i < EXPERTS; i++) {
        expect_close((double)w->data[t * EXPERTS + i], e[i] / all);
        expect_close(weight_of(p, t, i), kept[i] ? e[i] / all / (sum + (eps ? 1e-6 : 0)) : 0);
      }
    }
    bench_close(&b);
  }
}

/* Softmax over all of them and over the k chosen are the same when k is all of them; top-p keeps
 * everyone as p nears 1. */
static void limits_agree(void **state) {
  (void)state;
  enum { ROWS = 9, EXPERTS = 12 };
  const Selection how[] = {
      {EXPERTS, 1, NORMALISE_ALL}, {EXPERTS, 1, NORMALISE_CHOSEN}, {1, 1 - 1e-9, NORMALISE_ALL}};
  for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
    Bench b;
    bench_open(&b, false, 1);
    Tensor *w = random_logits(&b, ROWS, EXPERTS);
    Plan *p = plan_select(&b.c, w, &how[h]);
    for (int64_t t = 0; t < ROWS; t++) {
      assert_int_equal(chosen_on(p, t), EXPERTS);
      for (int i = 0; i < EXPERTS; i++) {
        expect_close(weight_of(p, t, i), (double)w->data[t * EXPERTS + i]);
      }
    }
    bench_close(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_row_by_hand),
      cmocka_unit_test(the_epsilon_counts_only_over_all),
      cmocka_unit_test(ties_go_to_the_lowest_index),
      cmocka_unit_test(who_has_no_vote_is_not_chosen),
      cmocka_unit_test(nan_is_not_hidden),
      cmocka_unit_test(selection_is_as_defined),
      cmocka_unit_test(limits_agree),
  };
  return cmocka_run_group_tests_name("route: plans", tests, NULL, NULL);
}
