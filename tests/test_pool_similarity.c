/* Similarities of experts against dense updates, written out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/pool/pool_similarity.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"
#include "tools/plot/plot_pool.h"

enum { EXPERTS = 4, WIDTH = 40 };

/* Of unequal ranks; the second is the first again, the last shares no module with the others. */
static const TinyExpert expert[EXPERTS] = {{"one", "q,wo", 3, 1, DTYPE_F32, false, NULL},
                                           {"twin", "q,wo", 3, 1, DTYPE_F32, false, NULL},
                                           {"two", "q", 2, 5, DTYPE_F32, false, NULL},
                                           {"three", "k", 2, 9, DTYPE_F32, false, NULL}};

static Pool *open_pool(Scratch *s, T5 *model) {
  Error err = {0};
  Pool *pool;
  tiny_pool(scratch_path(s, "pool"), model, expert, EXPERTS);
  expect_ok("open",
            pool_open(&pool, scratch_path(s, "pool"), &model->modules, tiny_sample(model).hex, NULL,
                      &err),
            &err);
  return pool;
}

static void vector_of_gate(Pool *pool, int e, const Module *l, float *out) {
  Error err = {0};
  bool has;
  expect_ok("gate", pool_vector(pool, VECTOR_GATE, e, l->id, out, &has, &err), &err);
  assert_true(has);
}

/* scale B A, written out */
static void vector_of_update(Pool *pool, int e, const Module *l, float *out) {
  Error err = {0};
  LowRank f;
  expect_ok("factor", pool_factor(pool, e, l->id, &f, &err), &err);
  for (int64_t o = 0; o < f.b->rows; o++) {
    for (int64_t i = 0; i < f.a->cols; i++) {
      double sum = 0;
      for (int64_t r = 0; r < f.a->rows; r++)
        sum += (double)f.b->data[o * f.b->cols + r] * (double)f.a->data[r * f.a->cols + i];
      out[o * f.a->cols + i] = (float)((double)f.scale * sum);
    }
  }
}

typedef void Vector(Pool *pool, int e, const Module *l, float *out);

static double cosine(const float *a, const float *b, int64_t n) {
  double ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < n; i++) {
    ab += (double)a[i] * (double)b[i];
    aa += (double)a[i] * (double)a[i];
    bb += (double)b[i] * (double)b[i];
  }
  return ab / sqrt(aa * bb);
}

static double mean_cosine(Pool *pool, const T5 *model, int i, int k, Vector *vector, bool dense) {
  static float a[WIDTH * WIDTH], b[WIDTH * WIDTH];
  double sum = 0, modules = 0;
  for (int l = 0; l < model->modules.count; l++) {
    if (!pool_covers(pool, i, l) || !pool_covers(pool, k, l)) continue;
    const Tensor *w = &model->linear[l].weight;
    assert_true(w->rows <= WIDTH && w->cols <= WIDTH);
    vector(pool, i, &model->modules.module[l], a);
    vector(pool, k, &model->modules.module[l], b);
    sum += cosine(a, b, dense ? w->rows * w->cols : w->cols);
    modules++;
  }
  return sum / modules;
}

static void like_dense_updates(void **state) {
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Pool *pool = open_pool(*state, model);
  PoolSimilarity s;
  expect_ok("similarity", pool_similarity(&s, pool, 2, &err), &err);
  assert_int_equal(s.experts, EXPERTS);
  for (int i = 0; i < EXPERTS; i++) {
    for (int k = 0; k < EXPERTS; k++) {
      double gate = s.gate[i * EXPERTS + k], update = s.update[i * EXPERTS + k];
      if ((i == 3) != (k == 3)) {
        assert_true(isnan(gate) && isnan(update));
        continue;
      }
      assert_true(fabs(gate - mean_cosine(pool, model, i, k, vector_of_gate, false)) < 1e-5);
      assert_true(fabs(update - mean_cosine(pool, model, i, k, vector_of_update, true)) < 1e-5);
    }
  }
  assert_true(fabs(s.gate[1] - 1) < 1e-6 && fabs(s.update[1] - 1) < 1e-6);
  assert_true(fabs(s.gate[2]) < 0.9 && fabs(s.update[2]) < 0.9);
  pool_similarity_free(&s);
  pool_close(pool);
  t5_close(model);
}

/* Two (IA)3 are as alike as what they change of the same side; with a LoRA, and where one rescales
 * inputs and the other outputs, there is nothing to compare. */
static void like_changes_of_vectors(void **state) {
  static const TinyExpert kinds[] = {{"lora", "k", 2, 1, DTYPE_F32, false, NULL},
                                     {"one", "k,wo", 0, 2, DTYPE_F32, false, "wo"},
                                     {"two", "k,wo", 0, 3, DTYPE_F32, false, "wo"},
                                     {"side", "wo", 0, 4, DTYPE_F32, false, ""}};
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Pool *pool;
  PoolSimilarity s;
  const char *dir = scratch_path(*state, "kinds");
  tiny_pool(dir, model, kinds, EXPERTS);
  expect_ok(dir, pool_open(&pool, dir, &model->modules, tiny_sample(model).hex, NULL, &err), &err);
  expect_ok("similarity", pool_similarity(&s, pool, 2, &err), &err);
  double sum = 0, modules = 0;
  for (int m = 0; m < model->modules.count; m++) {
    Adapter a, b;
    float x[WIDTH], y[WIDTH];
    expect_ok("one", pool_adapter(pool, 1, m, &a, &err), &err);
    expect_ok("two", pool_adapter(pool, 2, m, &b, &err), &err);
    if (!a.kind) continue;
    for (int64_t i = 0; i < a.rescale->cols; i++) {
      x[i] = a.rescale->data[i] - 1;
      y[i] = b.rescale->data[i] - 1;
    }
    sum += cosine(x, y, a.rescale->cols);
    modules++;
  }
  assert_true(fabs(s.update[1 * EXPERTS + 2] - sum / modules) < 1e-6);
  for (int i = 0; i < EXPERTS; i++) assert_true(fabs(s.update[i * EXPERTS + i] - 1) < 1e-6);
  assert_true(isnan(s.update[0 * EXPERTS + 1]) && isnan(s.update[1 * EXPERTS + 0]));
  assert_true(isnan(s.update[1 * EXPERTS + 3]) && isnan(s.update[0 * EXPERTS + 3]));
  assert_true(!isnan(s.gate[0 * EXPERTS + 1]) && !isnan(s.gate[1 * EXPERTS + 3]));
  pool_similarity_free(&s);
  pool_close(pool);
  t5_close(model);
}

/* The data of the figure are the similarities, a line a pair. */
static void the_figure_has_every_pair(void **state) {
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Pool *pool = open_pool(*state, model);
  PoolSimilarity s;
  char out[PATH_MAX], line[256], want[256];
  strcpy(out, scratch_path(*state, "figures"));
  expect_ok("plot", plot_pool(pool, &(Figures){.dir = out}, &err), &err);
  expect_ok("similarity", pool_similarity(&s, pool, 1, &err), &err);
  FILE *f = fopen(scratch_path(*state, "figures/pool.tsv"), "r");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof line, f));
  assert_string_equal(line, "row\texpert\tcolumn\tother\tgate\tupdate\n");
  for (int i = 0; i < EXPERTS; i++) {
    for (int k = 0; k < EXPERTS; k++) {
      assert_non_null(fgets(line, sizeof line, f));
      bool apart = (i == 3) != (k == 3);
      snprintf(
          want, sizeof want, apart ? "%d\t%s\t%d\t%s\tNaN\tNaN\n" : "%d\t%s\t%d\t%s\t%.9g\t%.9g\n",
          i, expert[i].name, k, expert[k].name, s.gate[i * EXPERTS + k], s.update[i * EXPERTS + k]);
      assert_string_equal(line, want);
    }
  }
  assert_null(fgets(line, sizeof line, f));
  fclose(f);
  pool_similarity_free(&s);
  pool_close(pool);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(like_dense_updates),
      cmocka_unit_test(like_changes_of_vectors),
      cmocka_unit_test(the_figure_has_every_pair),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
