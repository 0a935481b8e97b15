/* Logits and losses against Hugging Face transformers and PEFT: T5 v1.0 and v1.1, f32, bf16 and f16
 * storage, one file and shards, no expert, an expert, an expert behind its gates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/parity.h"
#include "tests/scratch.h"

/* The numbers of one forward, skein's. */
typedef struct Forward {
  float *logits, *nll;
  int64_t tokens, vocab;
  double loss;
} Forward;

static void forward_run(Parity *p, const MicroBatch *m, Forward *f) {
  T5Run run = {.model = p->model, .adapters = p->adapters.slot ? &p->adapters : NULL};
  ArenaMark mark = arena_mark(p->c.arena);
  f->tokens = m->target.offset[m->target.count];
  f->vocab = p->model->config.vocab_size;
  f->logits = calloc((size_t)(f->tokens * f->vocab), sizeof *f->logits);
  f->nll = calloc((size_t)f->tokens, sizeof *f->nll);
  assert_non_null(f->logits);
  assert_non_null(f->nll);
  f->loss = (double)parity_loss(p, &run, m, 1 / (float)f->tokens, f->nll)->data[0];
  Tensor *encoded = t5_encode(&p->c, &run, m->input_ids, m->input);
  Tensor *decoded =
      t5_decode(&p->c, &run, encoded, m->input, m->decoder_ids, (Rows){m->target, NULL});
  Tensor *logits = t5_logits(&p->c, &run, decoded);
  expect_ok(p->name, p->error.status, &p->error);
  assert_int_equal(logits->rows, f->tokens);
  assert_int_equal(logits->cols, f->vocab);
  memcpy(f->logits, logits->data, (size_t)(f->tokens * f->vocab) * sizeof *f->logits);
  if (p->c.tape) tape_clear(p->c.tape);
  arena_release(p->c.arena, mark);
}

static void forward_free(Forward *f) {
  free(f->logits);
  free(f->nll);
}

/* All examples of the batch at once, laid end to end. */
static void compare_batch(Parity *p, const char *name, Comparison *c) {
  Forward f;
  MicroBatch m = parity_batch(p, json_object_get(p->expected, "batch"));
  forward_run(p, &m, &f);
  compare(c, name, f.logits, parity_want(p, f.tokens * f.vocab, "%s.logits", name),
          f.tokens * f.vocab);
  compare(c, name, f.nll, parity_want(p, f.tokens, "%s.nll", name), f.tokens);
  const json_t *want = json_object_get(json_object_get(p->expected, "forward"), name);
  compare_value(c, name, f.loss, json_real_value(json_object_get(want, "loss")));
  forward_free(&f);
  parity_batch_free(&m);
}

/* Every example alone: its rows of the same goldens. */
static void compare_singles(Parity *p, const char *name, Comparison *c) {
  const json_t *batch = json_object_get(p->expected, "batch");
  MicroBatch all = parity_batch(p, batch);
  int64_t tokens = all.target.offset[all.target.count], vocab = p->model->config.vocab_size;
  const float *logits = parity_want(p, tokens * vocab, "%s.logits", name);
  for (size_t i = 0; i < json_array_size(batch); i++) {
    json_t *one = json_pack("[O]", json_array_get(batch, i));
    MicroBatch m = parity_batch(p, one);
    Forward f;
    forward_run(p, &m, &f);
    compare(c, name, f.logits, logits + all.target.offset[i] * vocab, f.tokens * vocab);
    forward_free(&f);
    parity_batch_free(&m);
    json_decref(one);
  }
  parity_batch_free(&all);
}

static void forwards_agree(void **state) {
  Parity p;
  parity_open(&p, *state);
  Comparison c = compare_begin(PARITY_F32, "%s: logits and losses", p.name);
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(p.expected, "forward"), name, value) {
    if (!strcmp(name, "unrounded")) continue;
    parity_expert(&p, name);
    compare_batch(&p, name, &c);
    p.c.tape = NULL;
    compare_batch(&p, name, &c);
    compare_singles(&p, name, &c);
    p.c.tape = p.tape;
  }
  compare_end(&c);
  parity_close(&p);
}

/* Stored in 16 bits, against the model before it was rounded. */
static void rounding_is_all_that_storage_costs(void **state) {
  Parity p;
  parity_open(&p, *state);
  double tolerance = p.model->shared.dtype == DTYPE_BF16 ? PARITY_BF16 : PARITY_F16;
  Forward f;
  MicroBatch m = parity_batch(&p, json_object_get(p.expected, "batch"));
  forward_run(&p, &m, &f);
  const float *want = parity_want(&p, f.tokens * f.vocab, "unrounded.logits");
  Agreement a = agreement(f.logits, want, f.tokens * f.vocab);
  print_message("%s: logits are %.1e of the whole from those of f32 weights, allowed %.1e\n",
                p.name, a.whole, tolerance);
  assert_true(a.whole <= tolerance);
  assert_true(a.whole > tolerance / 100); /* the weights are in 16 bits */
  forward_free(&f);
  parity_batch_free(&m);
  parity_close(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(forwards_agree, "v1_0"),
      cmocka_unit_test_prestate(forwards_agree, "v1_1"),
      cmocka_unit_test_prestate(forwards_agree, "bf16_sharded"),
      cmocka_unit_test_prestate(forwards_agree, "f16"),
      cmocka_unit_test_prestate(rounding_is_all_that_storage_costs, "bf16_sharded"),
      cmocka_unit_test_prestate(rounding_is_all_that_storage_costs, "f16"),
  };
  return cmocka_run_group_tests_name("parity: forward", tests, NULL, NULL);
}
