/* Whether a gate is trained: intervals against tables of Student's distribution, and every branch of
 * the rule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/verdict.h"

/* The points of Student's distribution are good to this share. */
#define POINT 0.02

static void expect_near(double got, double want, double share) {
  if (fabs(got - want) > share * fabs(want)) fail_msg("%g, want %g", got, want);
}

/* ---- intervals ---- */

/* 1, 2, 3, 4: the standard error is sqrt(5 / 3) / 2, and t is 3.182446. */
static void a_mean_has_the_interval_of_student(void **state) {
  (void)state;
  double sum[GATE_STATES][4] = {{0}, {0}, {2, 4, 6, 8}, {1, 2, 3, 4}};
  int64_t tokens[] = {1, 1, 1, 1};
  ExampleLosses e = {{sum[0], sum[1], sum[2], sum[3]}, tokens, 4};
  Measured m = example_losses_contrast(&e, (double[]){[STATE_ZERO] = 1, [STATE_TRAINED] = -1});
  expect_near(m.value, 2.5, 1e-12);
  expect_near(m.half, sqrt(5.0 / 3) / 2 * 3.182446, POINT);
}

/* A ratio: 12 nats over 6 tokens; what is left of 2 n is 0, -1 and 1. */
static void examples_weigh_by_their_tokens(void **state) {
  (void)state;
  double zero[3] = {0}, trained[3] = {2, 3, 7};
  int64_t tokens[] = {1, 2, 3};
  ExampleLosses e = {{zero, zero, zero, trained}, tokens, 3};
  Measured m = example_losses_contrast(&e, (double[]){[STATE_TRAINED] = 1, [STATE_ZERO] = 0});
  expect_near(m.value, 2, 1e-12);
  expect_near(m.half, sqrt(3) / 6 * 4.302653, 2 * POINT);
  expect_near(example_losses_mean(&e, STATE_TRAINED), 2, 1e-12);
}

/* The slope is -1.02, its residuals -0.04, 0.08, -0.1, 0.12, -0.06. */
static void a_curve_falls_as_its_line(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4, 5}, y[] = {5, 4.1, 2.9, 2.1, 0.9};
  Measured m = curve_fall(x, y, 5);
  expect_near(m.value, 4.08, 1e-12);
  expect_near(m.half, 4 * sqrt(0.036 / 3 / 10) * 3.182446, POINT);
  assert_true(isinf(curve_fall(x, y, 3).half));
}

/* ---- the rule ---- */

enum { MANY = 40 };

/* The losses of examples that differ by a little, each of two tokens. */
static Verdict judge(const double loss[GATE_STATES], double spread, int count, Measured fall,
                     bool moved) {
  static double sum[GATE_STATES][MANY];
  static int64_t tokens[MANY];
  for (int i = 0; i < count; i++) {
    tokens[i] = 2;
    for (int s = 0; s < GATE_STATES; s++)
      sum[s][i] = 2 * loss[s] * (1 + spread * ((i + s) % 2 ? 1 : -1));
  }
  ExampleLosses e = {{sum[0], sum[1], sum[2], sum[3]}, tokens, count};
  return verdict_of(&e, fall, moved);
}

static const struct Branch {
  const char *what;
  double loss[GATE_STATES]; /* base, removed, zero, trained */
  double spread;
  int count;
  Measured fall;
  bool still; /* some gates never moved */
  GateVerdict word;
  const char *reason;
} BRANCHES[] = {
    {"as the plain expert", {4, 1, 2, 1}, 0.01, MANY, {0, 0.01}, false, VERDICT_TRAINED, "every"},
    {"below it", {4, 1, 2, 0.5}, 0.01, MANY, {0, 0.01}, false, VERDICT_TRAINED, "every"},
    {"falls by chance", {4, 1, 2, 1}, 0.01, MANY, {0.5, 0.6}, false, VERDICT_TRAINED, "every"},
    {"falls for sure", {4, 1, 2, 1}, 0.01, MANY, {0.5, 0.1}, false, VERDICT_BARELY, "still falls"},
    {"hardly falls", {4, 1, 2, 1}, 0.01, MANY, {0.009, 0.001}, false, VERDICT_TRAINED, "every"},
    {"nearly there", {4, 1, 2, 1.09}, 0.01, MANY, {0, 0.1}, false, VERDICT_TRAINED, "every"},
    {"unsure", {4, 1, 2, 1.09}, 0.36, 10, {0, 0.1}, false, VERDICT_BARELY, "how near"},
    {"no curve", {4, 1, 2, 1}, 0.01, MANY, {0, INFINITY}, false, VERDICT_BARELY, "too few steps"},
    {"half way", {4, 1, 2, 1.5}, 0.01, MANY, {0, 0.01}, false, VERDICT_BARELY, "not yet near"},
    {"few examples", {4, 1.9, 2, 1}, 0.1, 4, {0, 0.01}, false, VERDICT_BARELY, "not tell"},
    {"as at the start", {4, 1, 2, 2}, 0.01, MANY, {0, 0.01}, false, VERDICT_NOT, "zero gate"},
    {"worse", {4, 1, 2, 3}, 0.01, MANY, {0, 0.01}, false, VERDICT_NOT, "zero gate"},
    {"half is better", {4, 3, 2, 1}, 0.01, MANY, {0, 0.01}, false, VERDICT_NOT, "half of"},
    {"no help", {2, 2.5, 2.2, 1}, 0.01, MANY, {0, 0.01}, false, VERDICT_NOT, "plain base"},
    {"a gate at 0", {4, 1, 2, 1}, 0.01, MANY, {0, 0.01}, true, VERDICT_NOT, "never moved"},
    {"no number", {4, 1, 2, NAN}, 0.01, MANY, {0, 0.01}, false, VERDICT_NOT, "NaN"},
    {"one example", {4, 1, 2, 1}, 0.01, 1, {0, 0.01}, false, VERDICT_NOT, "plain base"},
};

static void every_branch(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof BRANCHES / sizeof *BRANCHES; i++) {
    Verdict v = judge(BRANCHES[i].loss, BRANCHES[i].spread, BRANCHES[i].count, BRANCHES[i].fall,
                      !BRANCHES[i].still);
    if (v.word != BRANCHES[i].word || !strstr(v.reason, BRANCHES[i].reason))
      fail_msg("%s: %s: %s", BRANCHES[i].what, gate_verdict_name(v.word), v.reason);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mean_has_the_interval_of_student),
      cmocka_unit_test(examples_weigh_by_their_tokens),
      cmocka_unit_test(a_curve_falls_as_its_line),
      cmocka_unit_test(every_branch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
