/* Merges against PEFT and dense PyTorch (tests/oracle/merged.py), and what must hold between them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "infer/merge/largest.h"
#include "infer/merge/merge_save.h"
#include "infer/merge/spectrum.h"
#include "tests/pool_world.h"
#include "tests/routed_run.h"
#include "tests/tiny.h"

enum { SIDE = 64 };

/* ---- golden ---- */

static void read_settings(const char *name, const json_t *list, OptionSet *set, MergeSettings *s) {
  Error err = {0};
  size_t i;
  json_t *value;
  expect_ok(name, options_init(set, MERGE_OPTION, MERGE_OPTIONS, s, &err), &err);
  json_array_foreach(list, i, value) {
    expect_ok(name, options_assign(set, json_string_value(value), &err), &err);
  }
}

/* out [d_out, d_in] = scale B A of the slot, in double. */
static void dense_of(const Adapter *slot, float *out) {
  const LowRank *f = &slot->low_rank;
  for (int64_t o = 0; o < f->b->rows; o++) {
    for (int64_t i = 0; i < f->a->cols; i++) {
      double sum = 0;
      for (int64_t r = 0; r < f->a->rows; r++)
        sum += (double)f->b->data[o * f->b->cols + r] * (double)f->a->data[r * f->a->cols + i];
      out[o * f->a->cols + i] = (float)((double)f->scale * sum);
    }
  }
}

static void compare_case(const RoutedCase *k, const TensorTable *want, const char *name,
                         const json_t *value, Comparison *c) {
  Error err = {0};
  OptionSet set;
  MergeSettings s;
  Merged merged;
  static float got[SIDE * SIDE];
  char full[160];
  Pool *pool = routed_open_pool(k, json_object_get(value, "experts"));
  read_settings(name, json_object_get(value, "settings"), &set, &s);
  expect_ok(name, merge_pool(&merged, pool, &s, &err), &err);
  int compared = 0;
  for (int i = 0; i < k->model->modules.count; i++) {
    const Module *m = &k->model->modules.module[i];
    snprintf(full, sizeof full, "%s.%s", name, m->name);
    const TensorEntry *e = tensor_table_find(want, full);
    if (!e) continue;
    assert_true(m->d_out * m->d_in <= SIDE * SIDE);
    dense_of(&merged.adapters.slot[i], got);
    compare(c, full, got, (const void *)e->data, m->d_out * m->d_in);
    compared++;
  }
  assert_true(compared >= 3);
  merged_free(&merged);
  options_free(&set);
  pool_close(pool);
}

static void merges_agree_with_peft(void **state) {
  Error err = {0};
  RoutedCase *k = routed_case(*state, "routed");
  TensorTable want;
  char *file = golden_path("merge/expected.safetensors");
  json_t *expected = golden_json("merge/expected.json"), *value;
  const char *name;
  Comparison c = compare_begin(PARITY_F32, "merged updates");
  expect_ok(file, tensor_table_open(&want, file, &err), &err);
  json_object_foreach(json_object_get(expected, "cases"), name, value) {
    compare_case(k, &want, name, value, &c);
  }
  assert_int_equal(json_object_size(json_object_get(expected, "cases")), 21);
  compare_end(&c);
  tensor_table_close(&want);
  json_decref(expected);
  free(file);
  routed_case_close(k);
}

/* ---- identities ---- */

static Merged merge_with(Pool *pool, const char *const *assignment, int count) {
  Error err = {0};
  OptionSet set;
  MergeSettings s;
  Merged merged;
  expect_ok("options", options_init(&set, MERGE_OPTION, MERGE_OPTIONS, &s, &err), &err);
  for (int i = 0; i < count; i++)
    expect_ok(assignment[i], options_assign(&set, assignment[i], &err), &err);
  expect_ok(assignment[0], merge_pool(&merged, pool, &s, &err), &err);
  options_free(&set);
  return merged;
}

/* The largest difference of two merges, over that of the second. */
static double difference(const Merged *a, const Merged *b, const Modules *modules) {
  static float x[SIDE * SIDE], y[SIDE * SIDE];
  double most = 0, size = 0;
  for (int i = 0; i < modules->count; i++) {
    assert_int_equal(a->adapters.slot[i].kind != NULL, b->adapters.slot[i].kind != NULL);
    if (!a->adapters.slot[i].kind) continue;
    int64_t n = modules->module[i].d_out * modules->module[i].d_in;
    assert_true(n <= SIDE * SIDE);
    dense_of(&a->adapters.slot[i], x);
    dense_of(&b->adapters.slot[i], y);
    for (int64_t j = 0; j < n; j++) {
      most = fmax(most, fabs((double)x[j] - (double)y[j]));
      size = fmax(size, fabs((double)y[j]));
    }
  }
  assert_true(size > 0);
  return most / size;
}

#define MERGE(pool, ...)                               \
  merge_with(pool, (const char *const[]){__VA_ARGS__}, \
             (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

static void expect_same(const Modules *modules, Merged a, Merged b) {
  assert_true(difference(&a, &b, modules) < 1e-5);
  merged_free(&a);
  merged_free(&b);
}

#define WHOLE "merge.rank=1000000"

static void merges_of_all_agree_where_they_must(void **state) {
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  const Modules *m = &model->modules;
  expect_same(m, MERGE(pool, "merge.method=linear"), MERGE(pool, "merge.method=cat"));
  expect_same(m, MERGE(pool, "merge.method=svd", WHOLE), MERGE(pool, "merge.method=cat"));
  expect_same(m, MERGE(pool, "merge.method=dare-linear", "merge.density=1", WHOLE),
              MERGE(pool, "merge.method=cat"));
  expect_same(m, MERGE(pool, "merge.method=magnitude", "merge.density=1"),
              MERGE(pool, "merge.method=linear"));
  expect_same(m, MERGE(pool, "merge.method=dare-ties", "merge.density=1"),
              MERGE(pool, "merge.method=ties", "merge.density=1"));
  expect_same(m, MERGE(pool, "merge.method=cat", "merge.weights=0.5"),
              MERGE(pool, "merge.method=linear", "merge.weights=0.5", "merge.compat=none"));
  pool_close(pool);
  t5_close(model);
}

/* One expert merged is itself, by whatever keeps all of it. */
static void one_expert_is_itself(void **state) {
  Error err = {0};
  Scratch *s = *state;
  T5 *model = pool_world(s);
  Pool *pool;
  expect_ok("pool",
            pool_open(&pool, scratch_path(s, "pool"), &model->modules, tiny_sample(model).hex,
                      POOL_EXPERT[0].name, &err),
            &err);
  const Modules *m = &model->modules;
  static const char *const METHOD[] = {"merge.method=linear",    "merge.method=svd",
                                       "merge.method=ties",      "merge.method=dare-linear",
                                       "merge.method=dare-ties", "merge.method=magnitude",
                                       "merge.method=tsv"};
  for (size_t i = 0; i < sizeof METHOD / sizeof *METHOD; i++) {
    expect_same(m, MERGE(pool, METHOD[i], "merge.density=1"), MERGE(pool, "merge.method=cat"));
    if (i < 6)
      expect_same(m, MERGE(pool, METHOD[i], "merge.density=1", "merge.compat=peft"),
                  MERGE(pool, "merge.method=cat"));
  }
  pool_close(pool);
  t5_close(model);
}

/* iso: all singular values alike, and their sum that of the updates' sum. */
static void iso_is_equally_long_everywhere(void **state) {
  Error err = {0};
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  Merged iso = MERGE(pool, "merge.method=iso");
  for (int i = 0; i < model->modules.count; i++) {
    const LowRank *f = &iso.adapters.slot[i].low_rank;
    if (!iso.adapters.slot[i].kind) continue;
    Factors x;
    Spectrum s;
    expect_ok("factors", factors_make(&x, f->b->rows, f->a->rows, f->a->cols, &err), &err);
    for (int64_t j = 0; j < tensor_count(f->a); j++) x.a[j] = (double)f->a->data[j];
    for (int64_t j = 0; j < tensor_count(f->b); j++) x.b[j] = (double)f->b->data[j];
    expect_ok("spectrum", spectrum_make(&s, &x, &err), &err);
    for (int64_t j = 0; j < s.count; j++) assert_true(fabs(s.s[j] / s.s[0] - 1) < 1e-5);
    assert_int_equal(iso.module[i].rank, s.count);
    spectrum_free(&s);
    factors_free(&x);
  }
  merged_free(&iso);
  pool_close(pool);
  t5_close(model);
}

/* What is said to be lost is what the adapter lacks. */
static void what_is_lost_is_said(void **state) {
  static float x[SIDE * SIDE], y[SIDE * SIDE];
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  static const char *const METHOD[] = {"merge.method=ties", "merge.method=linear",
                                       "merge.method=dare-ties"};
  for (size_t k = 0; k < sizeof METHOD / sizeof *METHOD; k++) {
    Merged whole = MERGE(pool, METHOD[k], WHOLE), part = MERGE(pool, METHOD[k], "merge.rank=2");
    double lost = 0, norm = 0;
    assert_true(merged_lost(&whole) == 0);
    for (int i = 0; i < model->modules.count; i++) {
      if (!part.adapters.slot[i].kind) continue;
      dense_of(&whole.adapters.slot[i], x);
      dense_of(&part.adapters.slot[i], y);
      for (int64_t j = 0; j < model->modules.module[i].d_out * model->modules.module[i].d_in; j++) {
        lost += pow((double)x[j] - (double)y[j], 2);
        norm += pow((double)x[j], 2);
      }
    }
    assert_true(lost > 0 && fabs(merged_lost(&part) - sqrt(lost / norm)) < 1e-5);
    merged_free(&whole);
    merged_free(&part);
  }
  pool_close(pool);
  t5_close(model);
}

/* Of equal magnitudes the first are taken, and a threshold over parts is that of the whole. */
static void the_largest_are_counted(void **state) {
  (void)state;
  static LargestCount count;
  const float x[] = {1, -3, 2, 2, -2, 0, 2.0000002f, -1e-40f};
  const bool want[] = {false, true, true, false, false, false, true, false};
  largest_begin(&count, 3);
  largest_count(&count, x, 3);
  largest_count(&count, x + 3, 5);
  largest_turn(&count);
  largest_count(&count, x, 8);
  Largest l = largest_end(&count);
  for (int i = 0; i < 8; i++) assert_int_equal(largest_takes(&l, x[i]), want[i]);
  largest_begin(&count, 0);
  largest_turn(&count);
  l = largest_end(&count);
  for (int i = 0; i < 8; i++) assert_false(largest_takes(&l, x[i]));
}

/* ---- refusals ---- */

static void refused(Pool *pool, const char *a, const char *b, Status want, const char *words) {
  Error err = {0};
  OptionSet set;
  MergeSettings s;
  Merged merged;
  expect_ok("options", options_init(&set, MERGE_OPTION, MERGE_OPTIONS, &s, &err), &err);
  expect_ok(a, options_assign(&set, a, &err), &err);
  if (b) expect_ok(b, options_assign(&set, b, &err), &err);
  expect_error(a, merge_pool(&merged, pool, &s, &err), &err, want, words);
  assert_null(merged.adapters.slot);
  options_free(&set);
}

static void what_cannot_be_merged_is_refused(void **state) {
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  refused(pool, "merge.method=tsv", "merge.compat=peft", STATUS_USAGE, "merge.compat|tsv");
  refused(pool, "merge.method=ties", "merge.density=0", STATUS_USAGE, "merge.density|above 0");
  refused(pool, "merge.method=cat", "merge.rank=3", STATUS_USAGE, "merge.rank|cat|svd");
  refused(pool, "merge.method=linear", "merge.compat=peft", STATUS_MISMATCH, "rank|equal ranks");
  refused(pool, "merge.weights=x", NULL, STATUS_USAGE, "merge.weights|'x'");
  refused(pool, "merge.weights=nobody=1", NULL, STATUS_USAGE, "merge.weights|nobody");
  refused(pool, "merge.weights=0.5,0.5", NULL, STATUS_USAGE, "merge.weights|NAME=NUMBER");
  char one[64];
  snprintf(one, sizeof one, "merge.weights=%s=1", POOL_EXPERT[0].name);
  refused(pool, one, NULL, STATUS_USAGE, "merge.weights|no weight of expert");
  refused(pool, "merge.weights=1e39", "merge.method=linear", STATUS_MISMATCH, "beyond f32");
  refused(pool, "merge.weights=1e39", "merge.method=cat", STATUS_MISMATCH, "beyond f32");
  pool_close(pool);
  t5_close(model);
}

/* An (IA)3 has sums, with experts alike; one merged with itself is the mean of vectors. */
static void rescales_have_sums(void **state) {
  RoutedCase *k = routed_case(*state, "mixed");
  json_t *outs = json_pack("[s,s]", "ones", "ins"), *both = json_pack("[s,s]", "ones", "low");
  Pool *vectors = routed_open_pool(k, outs), *mixed = routed_open_pool(k, both);
  refused(mixed, "merge.method=ties", NULL, STATUS_MISMATCH, "(IA)|ties");
  refused(mixed, "merge.weights=0.5", NULL, STATUS_MISMATCH, "(IA)|otherwise");
  refused(vectors, "merge.method=svd", NULL, STATUS_MISMATCH, "(IA)|svd");
  Merged mean = MERGE(vectors, "merge.method=linear"), all = MERGE(vectors, "merge.method=cat");
  for (int i = 0; i < k->model->modules.count; i++)
    for (int64_t j = 0; j < tensor_count(&all.l[i]); j++)
      assert_true(mean.l[i].data[j] == all.l[i].data[j]);
  merged_free(&mean);
  merged_free(&all);
  pool_close(vectors);
  pool_close(mixed);
  json_decref(outs);
  json_decref(both);
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(merges_agree_with_peft),
      cmocka_unit_test(merges_of_all_agree_where_they_must),
      cmocka_unit_test(one_expert_is_itself),
      cmocka_unit_test(iso_is_equally_long_everywhere),
      cmocka_unit_test(what_is_lost_is_said),
      cmocka_unit_test(the_largest_are_counted),
      cmocka_unit_test(what_cannot_be_merged_is_refused),
      cmocka_unit_test(rescales_have_sums),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
