/* The T5 forward and its gradients, against itself and against arithmetic; agreement with Hugging
 * Face transformers is proven with the golden files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "autograd/product/blas.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* A model with all weights trainable, a gated expert on every linear, and the gradients of all. */
typedef struct Trained {
  T5 *model;
  Lora *lora;
  Gate *gate;
  AdapterSet adapters;
} Trained;

static Trained trained_open(bool v1_1) {
  Error err = {0};
  Trained t = {.model = tiny_model(v1_1, true)};
  t.lora = tiny_lora(t.model, "all-linear", 3, 5);
  t.gate = tiny_gate(t.lora, t.model, 6);
  expect_ok("slots", gate_adapters(t.gate, &(Expert){.lora = t.lora}, &t.adapters, &err), &err);
  return t;
}

static void trained_close(Trained *t) {
  free(t->adapters.slot);
  gate_close(t->gate);
  lora_close(t->lora);
  t5_close(t->model);
}

/* Every trainable tensor in turn, then NULL. */
static Tensor *trained_tensor(const Trained *t, int i) {
  if (i < t->model->tensors) return t->model->tensor[i].tensor;
  i -= t->model->tensors;
  if (i >= 3 * t->lora->count) return NULL;
  LoraFactor *f = &t->lora->factor[i / 3];
  return i % 3 == 0 ? &f->a : i % 3 == 1 ? &f->b : &t->gate->vector[i / 3];
}

static void expect_same_forward(const char *what, const Forward *a, const Forward *b) {
  if (memcmp(&a->loss, &b->loss, sizeof a->loss) != 0) {
    fail_msg("%s: loss %.9g, want %.9g", what, (double)b->loss, (double)a->loss);
  }
  assert_memory_equal(a->nll, b->nll, sizeof a->nll);
}

/* The bits of every gradient; each is used and none is all zero. */
static void expect_same_gradients(const Trained *a, const Trained *b) {
  Tensor *t;
  for (int i = 0; (t = trained_tensor(a, i)) != NULL; i++) {
    size_t bytes = (size_t)tensor_count(t) * sizeof(float);
    assert_memory_equal(t->grad, trained_tensor(b, i)->grad, bytes);
    double norm = 0;
    for (int64_t j = 0; j < tensor_count(t); j++) norm += fabs((double)t->grad[j]);
    if (!(norm > 0)) fail_msg("tensor %d has no gradient", i);
  }
}

static void taped_is_untaped(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    Trained t = trained_open(family);
    TinyBatch b = tiny_batch(&t.model->config, 1);
    Forward plain = tiny_forward(t.model, &t.adapters, &b, false, false, 1);
    Forward taped = tiny_forward(t.model, &t.adapters, &b, true, false, 1);
    assert_true(isfinite(plain.loss) && plain.loss > 0);
    expect_same_forward("taped", &plain, &taped);
    trained_close(&t);
  }
}

static void recomputed_is_kept(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    Trained kept = trained_open(family), again = trained_open(family);
    TinyBatch b = tiny_batch(&kept.model->config, 1);
    Forward f = tiny_forward(kept.model, &kept.adapters, &b, true, false, 1);
    Forward g = tiny_forward(again.model, &again.adapters, &b, true, true, 1);
    expect_same_forward("recomputed", &f, &g);
    expect_same_gradients(&kept, &again);
    trained_close(&kept);
    trained_close(&again);
  }
}

static void threads_change_no_bit(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    Trained one = trained_open(family), two = trained_open(family);
    TinyBatch b = tiny_batch(&one.model->config, 1);
    Forward f = tiny_forward(one.model, &one.adapters, &b, true, true, 1);
    Forward g = tiny_forward(two.model, &two.adapters, &b, true, true, 2);
    expect_same_forward("two threads", &f, &g);
    expect_same_gradients(&one, &two);
    trained_close(&one);
    trained_close(&two);
  }
}

/* Sequence `s` of a batch, alone. */
static TinyBatch alone(const TinyBatch *b, int s) {
  int64_t in = b->in_at[s + 1] - b->in_at[s], out = b->out_at[s + 1] - b->out_at[s];
  TinyBatch one = {.count = 1, .in_at = {0, in}, .out_at = {0, out}};
  memcpy(one.input, b->input + b->in_at[s], (size_t)in * sizeof *one.input);
  memcpy(one.decoder, b->decoder + b->out_at[s], (size_t)out * sizeof *one.decoder);
  memcpy(one.target, b->target + b->out_at[s], (size_t)out * sizeof *one.target);
  return one;
}

/* An example does not feel its neighbours. GEMM may sum in another order for another number of
 * rows, so bits may differ: NEIGHBOUR is some ten times what was seen. */
static void neighbours_do_not_matter(void **state) {
  (void)state;
  const double NEIGHBOUR = 2e-5;
  for (int family = 0; family < 2; family++) {
    Trained t = trained_open(family);
    TinyBatch b = tiny_batch(&t.model->config, 1);
    Forward all = tiny_forward(t.model, &t.adapters, &b, false, false, 1);
    for (int s = 0; s < TINY_SEQUENCES; s++) {
      TinyBatch one = alone(&b, s);
      Forward f = tiny_forward(t.model, &t.adapters, &one, false, false, 1);
      for (int64_t i = b.out_at[s]; i < b.out_at[s + 1]; i++) {
        double apart = fabs((double)(all.nll[i] - f.nll[i - b.out_at[s]]));
        if (!(apart <= NEIGHBOUR)) fail_msg("sequence %d: nll is %g apart", s, apart);
      }
    }
    trained_close(&t);
  }
}

/* Moves every trainable tensor by step * direction, direction ~ N(0, 1) keyed by its index. */
static void move(const Trained *t, float step) {
  Tensor *p;
  for (int i = 0; (p = trained_tensor(t, i)) != NULL; i++) {
    Rng rng = {.key = rng_key(99, (uint64_t)i, 0, 0)};
    for (int64_t j = 0; j < tensor_count(p); j++) p->data[j] += step * rng_normal(&rng);
  }
}

static double slope_of_gradients(const Trained *t) {
  double slope = 0;
  Tensor *p;
  for (int i = 0; (p = trained_tensor(t, i)) != NULL; i++) {
    Rng rng = {.key = rng_key(99, (uint64_t)i, 0, 0)};
    for (int64_t j = 0; j < tensor_count(p); j++) {
      slope += (double)p->grad[j] * (double)rng_normal(&rng);
    }
  }
  return slope;
}

/* The gradients of everything at once against the loss on both sides along a random direction. GELU
 * in both families: across the kinks of a thousand ReLUs the loss has no slope. */
static void gradients_are_slopes(void **state) {
  (void)state;
  const float STEP = 3e-4f;
  for (int family = 0; family < 2; family++) {
    Trained t = trained_open(family);
    t.model->config.act = ACT_GELU_TANH;
    TinyBatch b = tiny_batch(&t.model->config, 1);
    tiny_forward(t.model, &t.adapters, &b, true, true, 1);
    double slope = slope_of_gradients(&t);
    move(&t, STEP);
    double up = (double)tiny_forward(t.model, &t.adapters, &b, false, false, 1).loss;
    move(&t, -2 * STEP);
    double down = (double)tiny_forward(t.model, &t.adapters, &b, false, false, 1).loss;
    double measured = (up - down) / (2 * (double)STEP);
    if (!(fabs(measured - slope) <= 0.01 * fabs(slope))) {
      fail_msg("family %d: the loss rises by %g, its gradients say %g", family, measured, slope);
    }
    trained_close(&t);
  }
}

/* z from t5_logits gives the terms of t5_loss. */
static void logits_belong_to_the_loss(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    Trained t = trained_open(family);
    TinyBatch b = tiny_batch(&t.model->config, 1);
    Forward f = tiny_forward(t.model, &t.adapters, &b, false, false, 1);
    T5Run run = {t.model, &t.adapters, false};
    Bench bench;
    bench_open(&bench, true, 1);
    Tensor *encoded = t5_encode(&bench.c, &run, b.input, tiny_input(&b));
    Tensor *decoded = t5_decode(&bench.c, &run, encoded, tiny_input(&b), b.decoder,
                                (Rows){tiny_target(&b), NULL});
    int64_t recorded = tape_mark(bench.c.tape);
    Tensor *z = t5_logits(&bench.c, &run, decoded);
    assert_int_equal(tape_mark(bench.c.tape), recorded);
    assert_int_equal(z->rows, b.out_at[TINY_SEQUENCES]);
    for (int64_t i = 0; i < z->rows; i++) {
      double sum = 0;
      for (int64_t j = 0; j < z->cols; j++) sum += exp((double)z->data[i * z->cols + j]);
      double nll = log(sum) - (double)z->data[i * z->cols + b.target[i]];
      assert_true(fabs(nll - (double)f.nll[i]) < 1e-4);
    }
    bench_close(&bench);
    trained_close(&t);
  }
}

/* An expert is W + scale B A: adding it to the weights gives what the keyhole gives. */
static void an_expert_is_a_change_of_weights(void **state) {
  (void)state;
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Lora *lora = tiny_lora(model, "q,v,wo", 3, 5);
  AdapterSet adapters;
  expect_ok("slots", lora_adapters(lora, &adapters, &err), &err);
  TinyBatch b = tiny_batch(&model->config, 1);
  float bare = tiny_forward(model, NULL, &b, false, false, 1).loss;
  float with = tiny_forward(model, &adapters, &b, false, false, 1).loss;
  for (int i = 0; i < model->modules.count; i++) {
    const LoraFactor *f = &lora->factor[i];
    Tensor *w = &model->linear[i].weight;
    for (int64_t o = 0; o < w->rows; o++) {
      for (int64_t k = 0; k < f->a.rows * w->cols; k++) {
        int64_t r = k / w->cols, in = k % w->cols;
        w->data[o * w->cols + in] += 2 * f->b.data[o * f->b.cols + r] * f->a.data[k];
      }
    }
  }
  float merged = tiny_forward(model, NULL, &b, false, false, 1).loss; /* 2 = alpha 6 / rank 3 */
  assert_true(fabsf(bare - with) > 0.01f);
  if (!(fabsf(merged - with) < 1e-5f))
    fail_msg("%g merged, %g added", (double)merged, (double)with);
  free(adapters.slot);
  lora_close(lora);
  t5_close(model);
}

static void a_zero_gate_is_half_the_expert(void **state) {
  (void)state;
  Error err = {0};
  T5 *model = tiny_model(false, false);
  Lora *lora = tiny_lora(model, "all-linear", 3, 5);
  Gate *gate;
  AdapterSet gated, half;
  expect_ok("gate", gate_new(&gate, &(Expert){.lora = lora}, &model->modules, &err), &err);
  expect_ok("slots", gate_adapters(gate, &(Expert){.lora = lora}, &gated, &err), &err);
  expect_ok("slots", lora_adapters(lora, &half, &err), &err);
  for (int i = 0; i < half.count; i++) half.slot[i].low_rank.scale /= 2;
  TinyBatch b = tiny_batch(&model->config, 1);
  Forward f = tiny_forward(model, &gated, &b, false, false, 1);
  Forward g = tiny_forward(model, &half, &b, false, false, 1);
  assert_true(fabsf(f.loss - g.loss) < 1e-5f);
  free(gated.slot);
  free(half.slot);
  gate_close(gate);
  lora_close(lora);
  t5_close(model);
}

/* Without a tape, forty blocks take the memory of one. */
static void depth_costs_no_memory(void **state) {
  (void)state;
  size_t held[2];
  for (int deep = 0; deep < 2; deep++) {
    Error err = {0};
    T5Config config = tiny_config(true);
    config.d_ff = 4096;
    config.encoder_layers = deep ? 40 : 1;
    T5 *model;
    expect_ok("model", t5_random(&model, &config, 1, false, &err), &err);
    TinyBatch b = tiny_batch(&config, 1);
    T5Run run = {model, NULL, false};
    Bench bench;
    bench_open(&bench, false, 1);
    t5_encode(&bench.c, &run, b.input, tiny_input(&b));
    held[deep] = arena_held(bench.c.arena);
    bench_close(&bench);
    t5_close(model);
  }
  assert_int_equal(held[0], held[1]);
}

int main(void) {
  blas_init();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(taped_is_untaped),
      cmocka_unit_test(recomputed_is_kept),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(neighbours_do_not_matter),
      cmocka_unit_test(gradients_are_slopes),
      cmocka_unit_test(logits_belong_to_the_loss),
      cmocka_unit_test(an_expert_is_a_change_of_weights),
      cmocka_unit_test(a_zero_gate_is_half_the_expert),
      cmocka_unit_test(depth_costs_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
