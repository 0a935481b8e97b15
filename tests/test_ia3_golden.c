/* (IA)3 experts against PEFT: logits of the expert alone and behind its gates, and there the gradients
 * of every vector and every gate (tests/oracle/mixed.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/expert/gate.h"
#include "tests/parity.h"
#include "tests/routed_case.h"
#include "tests/scratch.h"

enum { EOS = 1 };
static const char *const IA3[] = {"ones", "outs", "ins"};

typedef struct Case {
  RoutedCase *k;
  const char *name; /* of the expert */
  Expert expert;
  Gate *gate;
  AdapterSet alone, gated;
} Case;

static Case open_case(RoutedCase *k, const char *name) {
  Case c = {.k = k, .name = name};
  Error err = {0};
  char *dir = golden_path("mixed/%s", name);
  const Modules *modules = &k->model->modules;
  expect_ok(dir, expert_open(&c.expert, dir, modules, &err), &err);
  assert_int_equal(expert_kind(&c.expert), PEFT_IA3);
  expect_ok(dir, gate_new(&c.gate, &c.expert, modules, &err), &err);
  int64_t n, at = 0;
  const float *v = routed_want(k, name, ".gate", &n);
  for (int i = 0; i < c.gate->count; i++) {
    Tensor *t = &c.gate->vector[i];
    if (t->rows > 0) memcpy(t->data, v + at, (size_t)t->cols * sizeof *v);
    at += t->cols;
  }
  assert_int_equal(at, n);
  expect_ok(dir, expert_adapters(&c.expert, &c.alone, &err), &err);
  expect_ok(dir, gate_adapters(c.gate, &c.expert, &c.gated, &err), &err);
  free(dir);
  return c;
}

static void close_case(Case *c) {
  free(c->alone.slot);
  free(c->gated.slot);
  gate_close(c->gate);
  expert_close(&c->expert);
}

static void compare_logits(Case *k, const AdapterSet *adapters, const char *suffix,
                           Comparison *comparison) {
  Error error = {0};
  Context c = context_make(arena_new(), NULL, 2, &error);
  T5Run run = {.model = k->k->model, .adapters = adapters};
  Ragged input = {ROUTED_SEQUENCES, k->k->in_at}, target = {ROUTED_SEQUENCES, k->k->out_at};
  Tensor *encoded = t5_encode(&c, &run, k->k->input, input);
  Tensor *decoded = t5_decode(&c, &run, encoded, input, k->k->decoder, (Rows){target, NULL});
  Tensor *logits = t5_logits(&c, &run, decoded);
  expect_ok(k->name, error.status, &error);
  int64_t n;
  const float *want = routed_want(k->k, k->name, suffix, &n);
  assert_int_equal(tensor_count(logits), n);
  compare(comparison, k->name, logits->data, want, n);
  arena_free(c.arena);
}

/* What T-Few saves is the expert that it was, and that expert again once PEFT's files hold it. */
static void a_checkpoint_of_tfew_agrees(void **state) {
  RoutedCase *k = routed_case(*state, "mixed");
  Case c = {.k = k, .name = "finish"};
  Error err = {0};
  Expert saved;
  char *path = golden_path("mixed/finish.pt");
  const char *dir = scratch_path(*state, "finish");
  const Modules *modules = &k->model->modules;
  Comparison logits = compare_begin(PARITY_F32, "logits of a checkpoint of T-Few");
  expect_ok(path, expert_open(&c.expert, path, modules, &err), &err);
  expect_ok(path, expert_adapters(&c.expert, &c.alone, &err), &err);
  compare_logits(&c, &c.alone, ".alone.logits", &logits);
  compare_end(&logits);
  expect_ok(dir, ia3_save(c.expert.ia3, modules, dir, "base", DTYPE_F32, &err), &err);
  expect_ok(dir, expert_open(&saved, dir, modules, &err), &err);
  assert_string_equal(expert_fingerprint(&saved), expert_fingerprint(&c.expert));
  expert_close(&saved);
  close_case(&c);
  free(path);
  routed_case_close(k);
}

static void logits_agree(void **state) {
  RoutedCase *k = routed_case(*state, "mixed");
  Comparison alone = compare_begin(PARITY_F32, "logits of an (IA)3"),
             gated = compare_begin(PARITY_F32, "logits of a gated (IA)3");
  for (size_t i = 0; i < sizeof IA3 / sizeof *IA3; i++) {
    Case c = open_case(k, IA3[i]);
    compare_logits(&c, &c.alone, ".alone.logits", &alone);
    compare_logits(&c, &c.gated, ".gated.logits", &gated);
    close_case(&c);
  }
  compare_end(&alone);
  compare_end(&gated);
  routed_case_close(k);
}

/* The vectors of the expert become trainable copies of themselves. */
static void thaw_vectors(Case *c) {
  Error err = {0};
  for (int i = 0; i < c->expert.ia3->count; i++) {
    Tensor *l = &c->expert.ia3->vector[i].l, copy;
    if (l->rows == 0) continue;
    expect_ok(c->name, tensor_create(&copy, 1, l->cols, true, &err), &err);
    memcpy(copy.data, l->data, (size_t)l->cols * sizeof(float));
    tensor_destroy(l);
    *l = copy;
  }
}

static void backward(Case *k, bool recompute) {
  Error error = {0};
  Tape *tape = tape_new();
  assert_non_null(tape);
  Context c = context_make(arena_new(), tape, 2, &error);
  RoutedCase *r = k->k;
  int32_t target[ROUTED_TOKENS];
  int64_t tokens = r->out_at[ROUTED_SEQUENCES];
  memcpy(target, r->decoder + 1, (size_t)(tokens - 1) * sizeof *target);
  for (int i = 1; i <= ROUTED_SEQUENCES; i++) target[r->out_at[i] - 1] = EOS;
  MicroBatch m = {.input_ids = r->input,
                  .decoder_ids = r->decoder,
                  .target_ids = target,
                  .input = {ROUTED_SEQUENCES, r->in_at},
                  .target = {ROUTED_SEQUENCES, r->out_at}};
  T5Run run = {r->model, &k->gated, recompute};
  Tensor *loss = t5_loss(&c, &run, &m, 1 / (float)tokens, NULL);
  expect_ok(k->name, error.status, &error);
  tape_seed(&c, loss, 1);
  tape_backward(&c, 0);
  expect_ok(k->name, error.status, &error);
  tape_free(tape);
  arena_free(c.arena);
}

static void compare_gradient(Case *k, const Tensor *t, const char *module, const char *what,
                             Comparison *c) {
  char name[200];
  int64_t n;
  snprintf(name, sizeof name, "%s.gated.grad.%s", k->name, module);
  const float *want = routed_want(k->k, name, what, &n);
  assert_int_equal(n, t->cols);
  compare(c, name, t->grad, want, n);
  memset(t->grad, 0, (size_t)n * sizeof *t->grad);
}

static void gradients_agree(void **state) {
  RoutedCase *k = routed_case(*state, "mixed");
  Comparison gradients = compare_begin(PARITY_F32, "gradients of an (IA)3 and its gates");
  for (size_t i = 0; i < sizeof IA3 / sizeof *IA3; i++) {
    Case c = open_case(k, IA3[i]);
    thaw_vectors(&c);
    for (int recompute = 0; recompute < 2; recompute++) {
      backward(&c, recompute);
      for (int m = 0; m < c.gate->count; m++) {
        if (!expert_covers(&c.expert, m)) continue;
        const char *module = k->model->modules.module[m].name;
        compare_gradient(&c, &c.gate->vector[m], module, ".gate", &gradients);
        compare_gradient(&c, &c.expert.ia3->vector[m].l, module, ".l", &gradients);
      }
    }
    close_case(&c);
  }
  compare_end(&gradients);
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(logits_agree),
      cmocka_unit_test(gradients_agree),
      cmocka_unit_test(a_checkpoint_of_tfew_agrees),
  };
  return cmocka_run_group_tests_name("(IA)3: parity with PEFT", tests, scratch_setup,
                                     scratch_teardown);
}
