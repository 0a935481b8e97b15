/* The logits of a token from one vector an expert and module. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/route/route_local.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* f32 logits of order 10 and their softmax against double: a few roundings. */
#define CLOSE 1e-5

/* As routing has them: products with the vectors, then the rule; NULL when nobody covers the
 * linear. */
static Tensor *logits(Context *c, const LocalRouter *r, const Module *linear, const Rows *rows,
                      Tensor *x, const float *bias) {
  Tensor *vectors = local_vectors(r, linear), *z = NULL;
  if (vectors) z = op_linear(c, x, vectors, NULL);
  if (z) local_logits(c, r, linear, rows, x, bias, z);
  return z;
}

static void expect_close(double got, double want) {
  if (!(fabs(got - want) <= CLOSE * fmax(fabs(want), 1))) fail_msg("%.9g, want %.9g", got, want);
}

enum { EXPERTS = 4 };

/* Expert e has no vote where (linear + e) % 4 == 3; nobody has one at linear 5. */
static bool votes(int expert, int linear) {
  return linear != 5 && (linear + expert) % 4 != 3;
}

static Status some_vector(void *arg, int expert, int linear, float *out, bool *has, Error *err) {
  (void)err;
  const T5 *model = arg;
  *has = votes(expert, linear);
  Rng rng = {.key = rng_key(3, (uint64_t)expert, (uint64_t)linear, 0)};
  for (int64_t i = 0; *has && i < model->linear[linear].weight.cols; i++) {
    out[i] = 0.2f + 0.3f * rng_normal(&rng);
  }
  return STATUS_OK;
}

/* Four sequences of two examples, one of them empty. */
static const int64_t OFFSET[] = {0, 30, 30, 71, 77};
static const int64_t SOURCE[] = {1, 0, 0, 1};
static const Rows ROWS = {{4, OFFSET}, SOURCE};

static int64_t example_of(int64_t row) {
  return row < 30 || row >= 71 ? 1 : 0;
}

static Tensor *some_input(Bench *b, int64_t cols) {
  Tensor *x = tensor_new(&b->c, OFFSET[4], cols);
  assert_non_null(x);
  tiny_fill(x, 2, 11);
  for (int64_t i = 0; i < tensor_count(x); i++) x->data[i] += 1;
  return x;
}

/* (v - mean) / sqrt(variance + eps), or (v - mean) alone. */
static void centred(const float *v, int64_t n, bool scaled, double *out) {
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < n; i++) mean += (double)v[i] / (double)n;
  for (int64_t i = 0; i < n; i++) variance += pow((double)v[i] - mean, 2) / (double)n;
  for (int64_t i = 0; i < n; i++) {
    out[i] = ((double)v[i] - mean) / (scaled ? sqrt(variance + 1e-5) : 1);
  }
}

static double want_logit(const LocalRule *rule, const float *u, const float *v, int64_t n) {
  double x[64], y[64], dot = 0;
  for (int64_t i = 0; i < n; i++) {
    x[i] = (double)u[i];
    y[i] = (double)v[i];
  }
  if (rule->standardise_input) centred(u, n, true, x);
  if (rule->standardise_vector) centred(v, n, true, y);
  for (int64_t i = 0; i < n; i++) dot += x[i] * y[i];
  dot = rule->absolute ? fabs(dot) : dot;
  return dot / (rule->temperature > 0 ? rule->temperature : sqrt((double)n));
}

static void compare_logits(Bench *b, T5 *model, const LocalRouter *r, const LocalRule *rule,
                           int linear) {
  const float bias[] = {0.5f, -1, 2, 0, 3, 0.25f, -4, 1}; /* [2 examples, EXPERTS] */
  int64_t n = model->linear[linear].weight.cols;
  Tensor *x = some_input(b, n);
  Tensor *plain = logits(&b->c, r, &model->modules.module[linear], &ROWS, x, NULL);
  Tensor *biased = logits(&b->c, r, &model->modules.module[linear], &ROWS, x, bias);
  if (linear == 5) {
    assert_null(plain);
    return;
  }
  for (int64_t t = 0; t < x->rows; t++) {
    for (int e = 0; e < EXPERTS; e++) {
      float v[64];
      bool has;
      Error err = {0};
      some_vector(model, e, linear, v, &has, &err);
      float got = plain->data[t * EXPERTS + e], with = biased->data[t * EXPERTS + e];
      if (!has) {
        assert_true(got == -INFINITY && with == -INFINITY);
        continue;
      }
      LocalRule its = *rule;
      its.standardise_vector &= !(rule->as_is && rule->as_is[e]);
      expect_close((double)got, want_logit(&its, x->data + t * n, v, n));
      assert_true(with == got + bias[example_of(t) * EXPERTS + e]);
    }
  }
}

static void logits_are_as_defined(void **state) {
  (void)state;
  static const bool as_is[EXPERTS] = {true, false, true, false};
  const LocalRule rules[] = {
      {.standardise_input = true, .standardise_vector = true},
      {.standardise_input = true, .standardise_vector = true, .as_is = as_is},
      {.absolute = true, .temperature = 1},
      {.absolute = true, .temperature = 10},
      {.standardise_input = true}};
  T5 *model = tiny_model(true, false);
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    Error err = {0};
    LocalRouter *r;
    Bench b;
    bench_open(&b, false, 2);
    expect_ok(
        "router",
        local_router_new(&r, &model->modules, EXPERTS, &rules[i], some_vector, model, 2, &err),
        &err);
    for (int linear = 0; linear < model->modules.count; linear++) {
      compare_logits(&b, model, r, &rules[i], linear);
    }
    local_router_free(r);
    bench_close(&b);
  }
  t5_close(model);
}

static Status unit_vector(void *arg, int expert, int linear, float *out, bool *has, Error *err) {
  some_vector(arg, expert, linear, out, has, err);
  *has = true;
  const T5 *model = arg;
  Rng rng = {.key = rng_key(9, (uint64_t)expert, (uint64_t)linear, 0)};
  for (int64_t i = 0; i < model->linear[linear].weight.cols; i++) out[i] = 40 * rng_normal(&rng);
  return STATUS_OK;
}

/* Where variances are far above eps, the standardised logit is sqrt(d) times the correlation. */
static void a_logit_is_a_correlation(void **state) {
  (void)state;
  T5 *model = tiny_model(true, false);
  Error err = {0};
  LocalRouter *r;
  Bench b;
  bench_open(&b, false, 1);
  LocalRule rule = {.standardise_input = true, .standardise_vector = true};
  expect_ok("router",
            local_router_new(&r, &model->modules, EXPERTS, &rule, unit_vector, model, 1, &err),
            &err);
  int64_t n = model->linear[0].weight.cols;
  Tensor *x = some_input(&b, n), *z = logits(&b.c, r, &model->modules.module[0], &ROWS, x, NULL);
  for (int e = 0; e < EXPERTS; e++) {
    float v[64];
    bool has;
    unit_vector(model, e, 0, v, &has, &err);
    for (int64_t t = 0; t < x->rows; t++) {
      double u0[64], v0[64], uv = 0, uu = 0, vv = 0;
      centred(x->data + t * n, n, false, u0);
      centred(v, n, false, v0);
      for (int64_t i = 0; i < n; i++) {
        uv += u0[i] * v0[i];
        uu += u0[i] * u0[i];
        vv += v0[i] * v0[i];
      }
      expect_close((double)z->data[t * EXPERTS + e], sqrt((double)n) * uv / sqrt(uu * vv));
    }
  }
  local_router_free(r);
  bench_close(&b);
  t5_close(model);
}

static Status broken_vector(void *arg, int expert, int linear, float *out, bool *has, Error *err) {
  TRY(some_vector(arg, expert, linear, out, has, err));
  if (linear < 3 || expert != 1) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "linear %d of expert %d", linear, expert);
}

static void the_first_failure_is_reported(void **state) {
  (void)state;
  T5 *model = tiny_model(false, false);
  for (int threads = 1; threads <= 4; threads++) {
    Error err = {0};
    LocalRouter *r;
    Status got = local_router_new(&r, &model->modules, EXPERTS, &(LocalRule){0}, broken_vector,
                                  model, threads, &err);
    expect_error("vector", got, &err, STATUS_INPUT, "linear 3 of expert 1");
    assert_null(r);
  }
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(logits_are_as_defined),
      cmocka_unit_test(a_logit_is_a_correlation),
      cmocka_unit_test(the_first_failure_is_reported),
  };
  return cmocka_run_group_tests_name("route: local logits", tests, NULL, NULL);
}
