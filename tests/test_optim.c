/* The update rules against PyTorch and transformers. The tables are the output of
 * tests/oracle/optim.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "optim/adamw.h"
#include "optim/clip.h"
#include "optim/schedule.h"

static const double ONE[] = {-3.49499989, -2.50500011, -1.505,     -0.495000005,
                             0.495000005, 1.5,         2.50500011, 3.49499989};
static const double TEN[] = {-3.49838209, -2.50625563, -1.51485264, -0.483096123,
                             0.491924733, 1.5010699,   2.51102066,  3.50011396};
static const double DECAYED[] = {-3.38741279, -2.46242428, -1.54299545, -0.38561219,
                                 0.437756419, 1.4620446,   2.4906826,   3.39723635};
static const double CLIPPED[] = {-3.39196229, -2.46162868, -1.54176188, -0.38950336,
                                 0.441365391, 1.4619621,   2.49030614,  3.40156841};
static const double CLIPPED_NORM = 1.10397005;
static const double CONSTANT[] = {0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1};
static const double LINEAR[] = {0,           0.25, 0.5,         0.75,        1, 0.833333333,
                                0.666666667, 0.5,  0.333333333, 0.166666667, 0};
static const double COSINE[] = {0,    0.25, 0.5,  0.75,         1, 0.933012702,
                                0.75, 0.5,  0.25, 0.0669872981, 0};
static const double LINEAR_AT_ONCE[] = {1, 0.8, 0.6, 0.4, 0.2, 0};

static void assert_near(double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("got %.9g, want %.9g", got, want);
}

/* The two tensors of the oracle: weights 0..2 and 3..7. */
typedef struct Pair {
  Tensor tensor[2];
  Param param[2];
} Pair;

static const int64_t PAIR_SIZE[] = {3, 5};

static void pair_init(Pair *p) {
  for (int k = 0, i = 0; k < 2; k++) {
    assert_int_equal(tensor_create(&p->tensor[k], 1, PAIR_SIZE[k], true, NULL), STATUS_OK);
    p->param[k] = (Param){.name = k ? "second" : "first", .tensor = &p->tensor[k]};
    for (int64_t j = 0; j < PAIR_SIZE[k]; j++) p->tensor[k].data[j] = (float)i++ - 3.5f;
  }
  assert_int_equal(params_init(p->param, 2, NULL), STATUS_OK);
}

static void pair_free(Pair *p) {
  params_free(p->param, 2);
  for (int k = 0; k < 2; k++) tensor_destroy(&p->tensor[k]);
}

static void pair_gradients(Pair *p, int t) {
  for (int k = 0, i = 0; k < 2; k++) {
    for (int64_t j = 0; j < PAIR_SIZE[k]; j++, i++) {
      p->tensor[k].grad[j] = (float)((7 * i + 3 * t) % 11 - 5) / 8;
    }
  }
}

/* Returns the gradient norm of the last update. */
static double pair_train(Pair *p, int updates, double lr, double decay, double max_norm) {
  AdamW rule = adamw_defaults();
  rule.weight_decay = decay;
  double norm = 0;
  for (int t = 1; t <= updates; t++) {
    pair_gradients(p, t);
    norm = params_grad_norm(p->param, 2);
    adamw_update(&rule, p->param, 2, t, lr, clip_factor(norm, max_norm), 2);
  }
  return norm;
}

static double assert_trained(const double *want, int updates, double lr, double decay,
                             double max_norm) {
  Pair p;
  pair_init(&p);
  double norm = pair_train(&p, updates, lr, decay, max_norm);
  for (int k = 0, i = 0; k < 2; k++) {
    for (int64_t j = 0; j < PAIR_SIZE[k]; j++, i++) {
      assert_near((double)p.tensor[k].data[j], want[i], 5e-7);
    }
  }
  pair_free(&p);
  return norm;
}

static void adamw_agrees_with_torch(void **state) {
  (void)state;
  assert_trained(ONE, 1, 5e-3, 0, 0);
  assert_trained(TEN, 10, 5e-3, 0, 0);
  assert_trained(DECAYED, 10, 3e-2, 0.1, 0);
  double norm = assert_trained(CLIPPED, 10, 3e-2, 0.1, 0.25);
  assert_near(norm, CLIPPED_NORM, 1e-7);
}

static void moments_can_be_carried_over(void **state) {
  (void)state;
  Pair whole, cut;
  pair_init(&whole);
  pair_init(&cut);
  pair_train(&whole, 10, 5e-3, 0, 0);
  AdamW rule = adamw_defaults();
  for (int t = 1; t <= 10; t++) {
    if (t == 5) { /* as after a checkpoint: the weights and both moments in new memory */
      Pair resumed;
      pair_init(&resumed);
      for (int k = 0; k < 2; k++) {
        size_t bytes = (size_t)PAIR_SIZE[k] * sizeof(float);
        memcpy(resumed.tensor[k].data, cut.tensor[k].data, bytes);
        memcpy(resumed.param[k].m, cut.param[k].m, bytes);
        memcpy(resumed.param[k].v, cut.param[k].v, bytes);
      }
      pair_free(&cut);
      cut = resumed;
      for (int k = 0; k < 2; k++) cut.param[k].tensor = &cut.tensor[k];
    }
    pair_gradients(&cut, t);
    adamw_update(&rule, cut.param, 2, t, 5e-3, 1, 1);
  }
  for (int k = 0; k < 2; k++) {
    assert_memory_equal(cut.tensor[k].data, whole.tensor[k].data,
                        (size_t)PAIR_SIZE[k] * sizeof(float));
  }
  pair_free(&whole);
  pair_free(&cut);
}

enum { MANY = 6 };

static void many_train(Tensor *tensor, int threads) {
  /* Five blocks of 2^15 to the last element. */
  static const int64_t size[MANY] = {1, 70001, 3, 32767, 32768, 28300};
  Param param[MANY];
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(tensor_create(&tensor[i], 1, size[i], true, NULL), STATUS_OK);
    param[i] = (Param){.name = "many", .tensor = &tensor[i]};
  }
  assert_int_equal(params_init(param, MANY, NULL), STATUS_OK);
  AdamW rule = adamw_defaults();
  for (int t = 1; t <= 3; t++) {
    for (int i = 0; i < MANY; i++) {
      for (int64_t j = 0; j < size[i]; j++) tensor[i].grad[j] = (float)(j % 17 + i + t);
    }
    adamw_update(&rule, param, MANY, t, 1e-2, 1, threads);
  }
  params_free(param, MANY);
}

/* With a constant sign of the gradient every weight moves by about lr an update: none is missed,
 * none is updated twice, and the bits do not depend on the threads. */
static void blocks_cover_every_weight_once(void **state) {
  (void)state;
  Tensor one[MANY], four[MANY];
  many_train(one, 1);
  many_train(four, 4);
  for (int i = 0; i < MANY; i++) {
    size_t count = (size_t)tensor_count(&one[i]);
    assert_memory_equal(one[i].data, four[i].data, count * sizeof(float));
    for (size_t j = 0; j < count; j++) assert_near((double)one[i].data[j], -0.03, 0.001);
    tensor_destroy(&one[i]);
    tensor_destroy(&four[i]);
  }
}

static void gradients_are_measured_and_zeroed(void **state) {
  (void)state;
  Pair p;
  pair_init(&p);
  p.tensor[0].grad[1] = 3e30f; /* squares overflow f32 */
  p.tensor[1].grad[4] = -4e30f;
  assert_near(params_grad_norm(p.param, 2) / 5e30, 1, 1e-7);
  p.tensor[1].grad[0] = NAN;
  assert_true(isnan(params_grad_norm(p.param, 2)));
  p.tensor[1].grad[0] = INFINITY;
  assert_true(isinf(params_grad_norm(p.param, 2)));
  params_zero_grad(p.param, 2);
  assert_true(params_grad_norm(p.param, 2) == 0);
  pair_free(&p);
}

static void clipping_bounds_the_norm(void **state) {
  (void)state;
  assert_true(clip_factor(5, 0) == 1);
  assert_true(clip_factor(0.5, 1) == 1);
  assert_near((double)clip_factor(4, 1), 0.25, 1e-6);
  assert_true(clip_factor(0, 1) == 1);
  assert_true(clip_factor(INFINITY, 1) == 0);
  assert_true(isnan(clip_factor(NAN, 1)));
}

static void assert_schedule(const double *want, ScheduleKind kind, int64_t steps, int64_t warmup) {
  for (int64_t i = 0; i <= steps; i++) {
    assert_near(schedule_factor(kind, i, steps, warmup), want[i], 1e-9);
  }
}

static void schedules_agree_with_transformers(void **state) {
  (void)state;
  assert_schedule(CONSTANT, SCHEDULE_CONSTANT, 10, 4);
  assert_schedule(LINEAR, SCHEDULE_LINEAR, 10, 4);
  assert_schedule(COSINE, SCHEDULE_COSINE, 10, 4);
  assert_schedule(LINEAR_AT_ONCE, SCHEDULE_LINEAR, 5, 0);
  assert_true(schedule_factor(SCHEDULE_CONSTANT, 0, 10, 0) == 1);
  assert_true(schedule_factor(SCHEDULE_LINEAR, 99, 10, 4) == 0);
  assert_true(schedule_factor(SCHEDULE_COSINE, 99, 10, 4) == 0);
  assert_true(schedule_factor(SCHEDULE_LINEAR, 2, 4, 8) == 0.25); /* a run all warm-up */
}

static void warmup_truncates(void **state) {
  (void)state;
  assert_int_equal(schedule_warmup(0.06, 1000), 60);
  assert_int_equal(schedule_warmup(0.06, 100), 6);
  assert_int_equal(schedule_warmup(0.06, 99), 5);
  assert_int_equal(schedule_warmup(0.29, 100), 28); /* int(0.29 * 100) in Python */
  assert_int_equal(schedule_warmup(0, 100), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adamw_agrees_with_torch),
      cmocka_unit_test(moments_can_be_carried_over),
      cmocka_unit_test(blocks_cover_every_weight_once),
      cmocka_unit_test(gradients_are_measured_and_zeroed),
      cmocka_unit_test(clipping_bounds_the_norm),
      cmocka_unit_test(schedules_agree_with_transformers),
      cmocka_unit_test(warmup_truncates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
