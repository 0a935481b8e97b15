/* Prototypes against the dense update: what B A stretches most. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/expert/arrow.h"
#include "tests/operands.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

enum { D_IN = 23, D_OUT = 17 };

typedef struct RandomFactor {
  Operands operands;
  LowRank f;
} RandomFactor;

/* Random factors; `repeat` makes the last row of A and the last column of B copies of the first. */
static void new_factor(RandomFactor *w, int64_t rank, bool repeat) {
  *w = (RandomFactor){0};
  Tensor *a = operands_new(&w->operands, rank, D_IN), *b = operands_new(&w->operands, D_OUT, rank);
  tiny_fill(a, 1, rng_key(1, (uint64_t)rank, 0, 0));
  tiny_fill(b, 1, rng_key(2, (uint64_t)rank, 0, 0));
  if (repeat) {
    memcpy(a->data + (rank - 1) * D_IN, a->data, D_IN * sizeof *a->data);
    for (int64_t i = 0; i < D_OUT; i++) b->data[i * rank + rank - 1] = b->data[i * rank];
  }
  w->f = (LowRank){.a = a, .b = b, .scale = 1};
}

/* B A p [D_OUT] and its length. */
static double stretch(const LowRank *f, const double *p, double *y) {
  int64_t rank = f->a->rows;
  double norm = 0;
  memset(y, 0, D_OUT * sizeof *y);
  for (int64_t k = 0; k < rank; k++) {
    double h = 0;
    for (int64_t j = 0; j < D_IN; j++) h += (double)f->a->data[k * D_IN + j] * p[j];
    for (int64_t i = 0; i < D_OUT; i++) y[i] += (double)f->b->data[i * rank + k] * h;
  }
  for (int64_t i = 0; i < D_OUT; i++) norm += y[i] * y[i];
  return sqrt(norm);
}

/* The first right singular vector of B A by power iteration on the dense matrix. */
static void dense_prototype(const LowRank *f, double *p) {
  int64_t rank = f->a->rows;
  for (int64_t j = 0; j < D_IN; j++) p[j] = 1 + 0.1 * (double)j;
  for (int step = 0; step < 20000; step++) {
    double y[D_OUT], norm = 0;
    stretch(f, p, y);
    memset(p, 0, D_IN * sizeof *p);
    for (int64_t k = 0; k < rank; k++) {
      double g = 0;
      for (int64_t i = 0; i < D_OUT; i++) g += (double)f->b->data[i * rank + k] * y[i];
      for (int64_t j = 0; j < D_IN; j++) p[j] += (double)f->a->data[k * D_IN + j] * g;
    }
    for (int64_t j = 0; j < D_IN; j++) norm += p[j] * p[j];
    for (int64_t j = 0; j < D_IN; j++) p[j] /= sqrt(norm);
  }
}

static void expect_prototype(const LowRank *f) {
  Error err = {0};
  float p[D_IN];
  double want[D_IN];
  int64_t largest = 0;
  expect_ok("prototype", arrow_prototype(f, p, &err), &err);
  dense_prototype(f, want);
  for (int64_t j = 0; j < D_IN; j++) {
    if (fabs(want[j]) > fabs(want[largest])) largest = j;
  }
  for (int64_t j = 0; j < D_IN; j++) {
    double w = want[largest] > 0 ? want[j] : -want[j];
    if (!(fabs((double)p[j] - w) < 1e-6))
      fail_msg("[%d]: %.8f, want %.8f", (int)j, (double)p[j], w);
  }
}

static void it_is_the_first_right_singular_vector(void **state) {
  (void)state;
  for (int64_t rank = 1; rank <= 20; rank++) { /* above D_OUT too */
    RandomFactor w;
    new_factor(&w, rank, false);
    expect_prototype(&w.f);
    operands_free(&w.operands);
  }
}

static void dependent_factors_are_fine(void **state) {
  (void)state;
  for (int64_t rank = 2; rank <= 6; rank++) {
    RandomFactor w;
    new_factor(&w, rank, true);
    expect_prototype(&w.f);
    operands_free(&w.operands);
  }
}

/* Factors as a trained expert has them: A small, B smaller. */
static void size_does_not_matter(void **state) {
  (void)state;
  RandomFactor w;
  new_factor(&w, 5, false);
  for (int64_t i = 0; i < tensor_count(w.f.a); i++) w.f.a->data[i] *= 1e-12f;
  for (int64_t i = 0; i < tensor_count(w.f.b); i++) w.f.b->data[i] *= 1e-15f;
  expect_prototype(&w.f);
  operands_free(&w.operands);
}

static void an_untrained_expert_has_none(void **state) {
  (void)state;
  Error err = {0};
  RandomFactor w;
  new_factor(&w, 4, false);
  memset(w.f.b->data, 0, (size_t)tensor_count(w.f.b) * sizeof(float));
  float p[D_IN];
  expect_ok("prototype", arrow_prototype(&w.f, p, &err), &err);
  for (int64_t j = 0; j < D_IN; j++) assert_true(p[j] == 0);
  operands_free(&w.operands);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_the_first_right_singular_vector),
      cmocka_unit_test(dependent_factors_are_fine),
      cmocka_unit_test(size_does_not_matter),
      cmocka_unit_test(an_untrained_expert_has_none),
  };
  return cmocka_run_group_tests_name("route: prototypes of Arrow", tests, NULL, NULL);
}
