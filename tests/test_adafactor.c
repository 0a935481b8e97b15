/* Adafactor against transformers. The tables are the output of tests/oracle/optim.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "optim/adafactor.h"

enum { WEIGHTS = 8 };

/* clang-format off: tables */
static const double FACTOR_COLUMN[] = {-3.512784,   -2.49551511, -1.51127827, -0.49283734,
                                       0.500983775, 1.48867512,  2.50505424,  3.49580336};
static const double FACTOR_ROW[] = {-3.512784,   -2.49551511, -1.51127827, -0.49283734,
                                    0.500983775, 1.48867512,  2.50505424,  3.49580336};
static const double FACTOR_MATRIX[] = {-3.51250029, -2.49387479, -1.50623834, -0.490211308,
                                       0.501740754, 1.49432755,  2.50940537,  3.49915528};
static const double FACTOR_DECAYED[] = {-3.39871812, -2.27832341, -1.47744846, -0.341436684,
                                        0.467393517, 1.34658122,  2.4025712,   3.2736249};
static const double FACTOR_UNSCALED[] = {-3.55585599, -2.48038149, -1.54928005, -0.468841076,
                                         0.504339039, 1.45050812,  2.52206993,  3.48181224};
/* clang-format on */

/* One parameter, after some updates; the caller destroys it. */
static Tensor train(int64_t rows, int updates, double lr, const Adafactor *rule, int threads) {
  Tensor t;
  assert_int_equal(tensor_create(&t, rows, WEIGHTS / rows, true, NULL), STATUS_OK);
  Param p = {.name = "p", .tensor = &t};
  assert_int_equal(params_init(&p, 1, NULL), STATUS_OK);
  for (int i = 0; i < WEIGHTS; i++) t.data[i] = (float)i - 3.5f;
  Optimizer optimizer = adafactor_optimizer(rule);
  for (int u = 1; u <= updates; u++) {
    /* Half of the gradient: as if it had been clipped. */
    for (int i = 0; i < WEIGHTS; i++) t.grad[i] = (float)((7 * i + 3 * u) % 11 - 5) / 4;
    optimizer.update(optimizer.rule, &p, 1, &(OptimizerStep){u, lr, 0.5f, threads});
  }
  params_free(&p, 1);
  return t;
}

static void expect_trained(const double *want, int64_t rows, double lr, double decay, bool scaled) {
  Adafactor rule = adafactor_defaults();
  rule.weight_decay = decay;
  rule.scale_parameter = scaled;
  Tensor one = train(rows, 10, lr, &rule, 1), two = train(rows, 10, lr, &rule, 2);
  for (int i = 0; i < WEIGHTS; i++) {
    if (!(fabs((double)one.data[i] - want[i]) <= 1e-6))
      fail_msg("%d: got %.9g, want %.9g", i, (double)one.data[i], want[i]);
  }
  assert_memory_equal(one.data, two.data, WEIGHTS * sizeof(float));
  tensor_destroy(&one);
  tensor_destroy(&two);
}

static void it_agrees_with_transformers(void **state) {
  (void)state;
  expect_trained(FACTOR_COLUMN, 8, 3e-3, 0, true);
  expect_trained(FACTOR_ROW, 1, 3e-3, 0, true);
  expect_trained(FACTOR_MATRIX, 2, 3e-3, 0, true);
  expect_trained(FACTOR_DECAYED, 4, 3e-2, 0.1, true);
  expect_trained(FACTOR_UNSCALED, 1, 3e-2, 0, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_agrees_with_transformers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
