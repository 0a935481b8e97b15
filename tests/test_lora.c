/* Experts: what is made, and that what is saved is opened. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

static void what_is_made(void **state) {
  (void)state;
  T5 *m = tiny_model(true, false);
  Error err = {0};
  Lora *lora;
  expect_ok("new", lora_new(&lora, &m->modules, 4, 8, "q,wi_1,q", 3, &err), &err);
  int covered = 0;
  double square = 0;
  int64_t count = 0;
  for (int i = 0; i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    const char *last = strrchr(m->modules.module[i].name, '.');
    bool named = strcmp(last, ".q") == 0 || strcmp(last, ".wi_1") == 0;
    assert_int_equal(f->a.rows, named ? 4 : 0);
    if (!named) continue;
    covered++;
    assert_true(f->a.cols == m->linear[i].weight.cols && f->b.rows == m->linear[i].weight.rows);
    assert_true(f->a.needs_grad && f->b.needs_grad && f->scale == 2);
    for (int64_t k = 0; k < tensor_count(&f->b); k++) assert_true(f->b.data[k] == 0);
    for (int64_t k = 0; k < tensor_count(&f->a); k++) square += pow((double)f->a.data[k], 2);
    count += tensor_count(&f->a);
  }
  assert_int_equal(covered, 8 + 5); /* q: 2 + 3 + 3; wi_1: 2 + 3 */
  assert_int_equal(lora->covered, covered);
  double spread = sqrt(square / (double)count); /* 0.01 within five standard errors */
  assert_true(fabs(spread - 0.01) < 5 * 0.01 / sqrt(2 * (double)count));
  lora_close(lora);
  t5_close(m);
}

static void what_cannot_be_made(void **state) {
  (void)state;
  static const struct {
    const char *targets, *words;
    int rank;
  } cases[] = {
      {"q,w", "\"w\"|all-linear|wi_0", 4},
      {"q,", "\"\"", 4},
      {"q", "rank: |0", 0},
      {"SelfAttention.q", "\"SelfAttention.q\"", 4},
  };
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Lora *lora;
    Error err = {0};
    Status got = lora_new(&lora, &m->modules, cases[i].rank, 1, cases[i].targets, 3, &err);
    assert_null(lora);
    expect_error(cases[i].targets, got, &err, STATUS_USAGE, cases[i].words);
  }
  t5_close(m);
}

static void expect_same_expert(const Lora *a, const Lora *b) {
  assert_int_equal(a->covered, b->covered);
  assert_string_equal(a->fingerprint, b->fingerprint);
  for (int i = 0; i < a->count; i++) {
    const LoraFactor *f = &a->factor[i], *g = &b->factor[i];
    assert_true(f->a.rows == g->a.rows && f->alpha == g->alpha && f->scale == g->scale);
    size_t size = sizeof(float);
    if (f->a.rows == 0) continue;
    assert_memory_equal(f->a.data, g->a.data, (size_t)tensor_count(&f->a) * size);
    assert_memory_equal(f->b.data, g->b.data, (size_t)tensor_count(&f->b) * size);
    assert_false(g->a.needs_grad || g->b.needs_grad);
  }
}

static void what_is_saved_is_opened(void **state) {
  Scratch *s = *state;
  static const char *const targets[] = {"all-linear", "q,v", "wo"};
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < 3; i++) {
    Error err = {0};
    Lora *made = tiny_lora(m, targets[i], 3, i), *opened;
    expect_ok("save", lora_save(made, &m->modules, s->dir, "google/\"base\"", DTYPE_F32, &err),
              &err);
    expect_ok("open", lora_open(&opened, s->dir, &m->modules, &err), &err);
    expect_same_expert(made, opened);
    assert_string_equal(opened->base_name, "google/\"base\"");
    expect_error("name", lora_save(made, &m->modules, s->dir, "\xff", DTYPE_F32, &err), &err,
                 STATUS_USAGE, "UTF-8");
    lora_close(made);
    lora_close(opened);
  }
  t5_close(m);
}

static void narrow(Tensor *t, Dtype dtype) {
  for (int64_t i = 0; i < tensor_count(t); i++) {
    uint16_t stored;
    dtype_narrow(&stored, &t->data[i], dtype, 1);
    dtype_widen(&t->data[i], &stored, dtype, 1);
  }
}

static void factors_are_saved_narrow(void **state) {
  Scratch *s = *state;
  static const Dtype types[] = {DTYPE_BF16, DTYPE_F16};
  T5 *m = tiny_model(true, false);
  for (size_t i = 0; i < 2; i++) {
    Error err = {0};
    Lora *made = tiny_lora(m, "q,v", 3, i), *opened;
    expect_ok("save", lora_save(made, &m->modules, s->dir, "", types[i], &err), &err);
    for (int k = 0; k < made->count; k++) {
      narrow(&made->factor[k].a, types[i]);
      narrow(&made->factor[k].b, types[i]);
    }
    expect_ok("hash", lora_fingerprint(made, &m->modules, made->fingerprint, &err), &err);
    expect_ok("open", lora_open(&opened, s->dir, &m->modules, &err), &err);
    expect_same_expert(made, opened);
    lora_close(made);
    lora_close(opened);
  }
  t5_close(m);
}

/* Some q only, another rank here, another alpha there: full names and patterns. */
static void unequal_experts_are_saved(void **state) {
  Scratch *s = *state;
  Error err = {0};
  T5 *m = tiny_model(true, false);
  Lora *made = tiny_lora(m, "q,k", 3, 1), *opened;
  LoraFactor *first = &made->factor[0], *other = &made->factor[1];
  assert_true(first->a.rows == 3 && other->a.rows == 3);
  tensor_destroy(&first->a);
  tensor_destroy(&first->b);
  *first = (LoraFactor){0};
  tensor_destroy(&other->a);
  tensor_destroy(&other->b);
  expect_ok("a", tensor_create(&other->a, 2, m->config.d_model, true, &err), &err);
  expect_ok("b", tensor_create(&other->b, t5_inner(&m->config), 2, true, &err), &err);
  tiny_fill(&other->a, 1, 1);
  other->alpha = 2.5f;
  other->scale = 1.25f;
  made->covered--;
  expect_ok("hash", lora_fingerprint(made, &m->modules, made->fingerprint, &err), &err);
  expect_ok("save", lora_save(made, &m->modules, s->dir, "", DTYPE_F32, &err), &err);
  expect_ok("open", lora_open(&opened, s->dir, &m->modules, &err), &err);
  expect_same_expert(made, opened);
  lora_close(made);
  lora_close(opened);
  t5_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_made),
      cmocka_unit_test(what_cannot_be_made),
      cmocka_unit_test(what_is_saved_is_opened),
      cmocka_unit_test(factors_are_saved_narrow),
      cmocka_unit_test(unequal_experts_are_saved),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
