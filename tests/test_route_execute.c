/* The executor against the definition, dense and in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "autograd/product/blas.h"
#include "infer/route/route.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

/* Sums of some hundred f32 products in another order. */
#define CLOSE 1e-5

enum { EXPERTS = 4, D_FF = 300 }; /* wi_0 has three tiles of columns */

static const TinyExpert EXPERT[EXPERTS] = {
    {"a", "wi_0,wo,q", 3, 1, DTYPE_F32, false, NULL},
    {"b", "wi_0,wo", 8, 2, DTYPE_F32, false, NULL},
    {"c", "wi_0,wo", 1, 3, DTYPE_F16, false, NULL},
    {"d", "wi_0,wo", 20, 4, DTYPE_BF16, false, NULL},
};

typedef struct World {
  T5 *model;
  Pool *pool;
} World;

static World world_open(Scratch *s) {
  World w;
  Error err = {0};
  T5Config config = tiny_config(true);
  config.d_ff = D_FF;
  blas_init();
  expect_ok("model", t5_random(&w.model, &config, 7, false, &err), &err);
  tiny_pool(scratch_path(s, "pool"), w.model, EXPERT, EXPERTS);
  expect_ok("pool",
            pool_open(&w.pool, scratch_path(s, "pool"), &w.model->modules, tiny_sample(w.model).hex,
                      NULL, &err),
            &err);
  return w;
}

static void world_close(World *w) {
  pool_close(w->pool);
  t5_close(w->model);
}

static int find_linear(const World *w, const char *name) {
  const Module *l = modules_find(&w->model->modules, name);
  assert_non_null(l);
  return l->id;
}

/* How pairs are spread over rows. */
typedef enum Spread {
  SPREAD_RANDOM,   /* slots empty or any expert */
  SPREAD_ONE,      /* every row to expert 1 */
  SPREAD_SEQUENCE, /* runs of 150 rows to one expert */
  SPREAD_SKEWED,   /* nearly all to expert 3, few to others */
  SPREAD_NONE,
} Spread;

static Plan *new_plan(Context *c, int64_t rows, int slots, Spread spread) {
  Plan *p = plan_new(c, rows, slots);
  assert_non_null(p);
  Rng rng = {.key = rng_key(1, (uint64_t)rows, (uint64_t)spread, 0)};
  for (int64_t t = 0; t < rows; t++) {
    uint64_t shift = rng_below(&rng, EXPERTS);
    for (int s = 0; s < slots; s++) {
      int32_t any = (int32_t)((shift + (uint64_t)s) % EXPERTS);
      bool empty = rng_below(&rng, 5) == 0;
      int32_t expert = spread == SPREAD_ONE        ? 1
                       : spread == SPREAD_SEQUENCE ? (int32_t)(t / 150 % EXPERTS)
                       : spread == SPREAD_SKEWED   ? (rng_below(&rng, 50) ? 3 : 0)
                                                   : any;
      if (spread == SPREAD_NONE || (spread == SPREAD_RANDOM && empty)) expert = -1;
      if (s > 0 && spread != SPREAD_RANDOM) expert = -1;
      p->expert[t * slots + s] = expert;
      p->weight[t * slots + s] = expert < 0 ? 0 : (float)(0.1 + rng_uniform(&rng));
    }
  }
  return p;
}

/* h [rank] += w A x */
static void add_down(const LowRank *f, double w, const float *x, double *h) {
  for (int64_t k = 0; k < f->a->rows; k++) {
    for (int64_t j = 0; j < f->a->cols; j++) {
      h[k] += w * (double)f->a->data[k * f->a->cols + j] * (double)x[j];
    }
  }
}

/* y += w s B h */
static void add_up(const LowRank *f, double w, const double *h, double *y) {
  for (int64_t i = 0; i < f->b->rows; i++) {
    for (int64_t k = 0; k < f->b->cols; k++) {
      y[i] += w * (double)f->scale * (double)f->b->data[i * f->b->cols + k] * h[k];
    }
  }
}

/* What a row of y becomes, from 0. */
static void want_row(const World *w, int linear, const Plan *p, int64_t row, Aggregate how,
                     const float *x, double *y) {
  Error err = {0};
  LowRank f;
  double shared[32] = {0};
  for (int pass = 0; pass < 2; pass++) {
    for (int s = 0; s < p->slots; s++) {
      int32_t expert = p->expert[row * p->slots + s];
      double weight = (double)p->weight[row * p->slots + s], own[32] = {0};
      if (expert < 0) continue;
      expect_ok("factor", pool_factor(w->pool, expert, linear, &f, &err), &err);
      if (how == AGGREGATE_PARAMETER && pass == 0) add_down(&f, weight, x, shared);
      if (how == AGGREGATE_PARAMETER && pass == 1) add_up(&f, weight, shared, y);
      if (how == AGGREGATE_PARAMETER || pass == 0) continue;
      add_down(&f, 1, x, own);
      add_up(&f, weight, own, y);
    }
  }
}

/* y after the executor; it starts at 1. */
static float *execute(const World *w, int linear, int64_t rows, int slots, Spread spread,
                      Aggregate how, int threads) {
  Bench b;
  bench_open(&b, false, threads);
  const Tensor *weight = &w->model->linear[linear].weight;
  Tensor *x = tensor_new(&b.c, rows, weight->cols), *y = tensor_new(&b.c, rows, weight->rows);
  assert_true(x && y);
  tiny_fill(x, 1, 5);
  for (int64_t i = 0; i < tensor_count(y); i++) y->data[i] = 1;
  Plan *p = new_plan(&b.c, rows, slots, spread);
  p->aggregate = how;
  route_execute(&b.c, w->pool, linear, p, x, y);
  float *copy = malloc((size_t)tensor_count(y) * sizeof *copy);
  assert_non_null(copy);
  memcpy(copy, y->data, (size_t)tensor_count(y) * sizeof *copy);
  bench_close(&b);
  return copy;
}

static void expect_rows(const World *w, const char *name, int64_t rows, int slots, Spread spread,
                        Aggregate how) {
  Bench b;
  int linear = find_linear(w, name);
  const Tensor *weight = &w->model->linear[linear].weight;
  float *got = execute(w, linear, rows, slots, spread, how, 1);
  bench_open(&b, false, 1);
  Tensor *x = tensor_new(&b.c, rows, weight->cols), *want = tensor_new(&b.c, rows, weight->rows);
  tiny_fill(x, 1, 5);
  Plan *p = new_plan(&b.c, rows, slots, spread);
  for (int64_t t = 0; t < rows; t++) {
    double y[D_FF];
    for (int64_t i = 0; i < weight->rows; i++) y[i] = 1;
    want_row(w, linear, p, t, how, x->data + t * weight->cols, y);
    for (int64_t i = 0; i < weight->rows; i++) want->data[t * weight->rows + i] = (float)y[i];
  }
  Agreement a = agreement(got, want->data, rows * weight->rows);
  if (!(a.worst <= CLOSE)) {
    fail_msg("%s: spread %d, aggregate %d: apart by %g", name, (int)spread, (int)how, a.worst);
  }
  bench_close(&b);
  free(got);
}

static const char WI[] = "encoder.block.0.layer.1.DenseReluDense.wi_0",
                  WO[] = "decoder.block.1.layer.2.DenseReluDense.wo";

static void outputs_and_parameters_are_as_defined(void **state) {
  World w = world_open(*state);
  for (int how = AGGREGATE_OUTPUT; how <= AGGREGATE_PARAMETER; how++) {
    for (int spread = SPREAD_RANDOM; spread <= SPREAD_NONE; spread++) {
      expect_rows(&w, WI, 420, 3, (Spread)spread, (Aggregate)how);
      expect_rows(&w, WO, 420, 2, (Spread)spread, (Aggregate)how);
    }
    expect_rows(&w, WI, 1, 4, SPREAD_RANDOM, (Aggregate)how);
    expect_rows(&w, WO, 128, 1, SPREAD_ONE, (Aggregate)how);
    expect_rows(&w, WO, 129, 1, SPREAD_ONE, (Aggregate)how);
  }
  world_close(&w);
}

/* The pairs are enough work for several threads. */
static void threads_change_no_bit(void **state) {
  World w = world_open(*state);
  enum { ROWS = 1500 };
  int linear = find_linear(&w, WI);
  size_t size = (size_t)ROWS * D_FF * sizeof(float);
  for (int how = AGGREGATE_OUTPUT; how <= AGGREGATE_PARAMETER; how++) {
    for (int spread = SPREAD_RANDOM; spread < SPREAD_NONE; spread++) {
      float *one = execute(&w, linear, ROWS, 2, (Spread)spread, (Aggregate)how, 1);
      for (int threads = 2; threads <= 3; threads++) {
        float *more = execute(&w, linear, ROWS, 2, (Spread)spread, (Aggregate)how, threads);
        assert_memory_equal(one, more, size);
        free(more);
      }
      free(one);
    }
  }
  world_close(&w);
}

/* The order of a row's slots is no part of the sum of outputs. */
static void slots_have_no_order(void **state) {
  World w = world_open(*state);
  enum { ROWS = 200, SLOTS = 3 };
  Bench b;
  bench_open(&b, false, 1);
  int linear = find_linear(&w, WI);
  Tensor *x = tensor_new(&b.c, ROWS, 24), *y[2];
  tiny_fill(x, 1, 5);
  for (int turn = 0; turn < 2; turn++) {
    Plan *p = new_plan(&b.c, ROWS, SLOTS, SPREAD_RANDOM);
    for (int64_t t = 0; turn == 1 && t < ROWS; t++) {
      int32_t *e = p->expert + t * SLOTS, expert = e[0];
      float *g = p->weight + t * SLOTS, weight = g[0];
      e[0] = e[2], e[2] = expert;
      g[0] = g[2], g[2] = weight;
    }
    y[turn] = tensor_new(&b.c, ROWS, D_FF);
    memset(y[turn]->data, 0, (size_t)tensor_count(y[turn]) * sizeof(float));
    route_execute(&b.c, w.pool, linear, p, x, y[turn]);
  }
  assert_memory_equal(y[0]->data, y[1]->data, (size_t)tensor_count(y[0]) * sizeof(float));
  bench_close(&b);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(outputs_and_parameters_are_as_defined),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(slots_have_no_order),
  };
  return cmocka_run_group_tests_name("route: the executor", tests, scratch_setup, scratch_teardown);
}
