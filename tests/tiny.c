#include "tests/tiny.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/examples/batch.h"
#include "tests/scratch.h"

T5Config tiny_config(bool v1_1) {
  return (T5Config){.vocab_size = 37,
                    .d_model = 24,
                    .d_kv = 8,
                    .d_ff = 40,
                    .heads = 2,
                    .encoder_layers = 2,
                    .decoder_layers = 3,
                    .buckets = 8,
                    .max_distance = 12,
                    .act = v1_1 ? ACT_GELU_TANH : ACT_RELU,
                    .gated = v1_1,
                    .tied = !v1_1,
                    .scale_decoder_outputs = !v1_1,
                    .norm_eps = 1e-6,
                    .eos_id = 1};
}

T5 *tiny_model(bool v1_1, bool trainable) {
  T5 *model;
  Error err = {0};
  T5Config config = tiny_config(v1_1);
  expect_ok("model", t5_random(&model, &config, 7, trainable, &err), &err);
  return model;
}

void tiny_fill(Tensor *t, float spread, uint64_t key) {
  Rng rng = {.key = key};
  for (int64_t i = 0; i < tensor_count(t); i++) t->data[i] = spread * rng_normal(&rng);
}

Hex tiny_sample(const T5 *model) {
  Hex h;
  Error err = {0};
  expect_ok("sample", t5_sample(model, h.hex, &err), &err);
  return h;
}

Hex tiny_fingerprint(const T5 *model) {
  Hex h;
  Error err = {0};
  expect_ok("fingerprint", t5_hash(model, h.hex, &err), &err);
  return h;
}

Base tiny_base(T5 *model, Tokenizer *tokenizer) {
  Base base = {.model = model, .tokenizer = tokenizer};
  memcpy(base.sample, tiny_sample(model).hex, sizeof base.sample);
  return base;
}

Lora *tiny_lora(const T5 *model, const char *targets, int rank, uint64_t seed) {
  Lora *lora;
  Error err = {0};
  expect_ok("lora", lora_new(&lora, &model->modules, rank, 6, targets, seed, &err), &err);
  for (int i = 0; i < lora->count; i++) {
    tiny_fill(&lora->factor[i].a, 0.2f, rng_key(seed, (uint64_t)i, 0, 0));
    tiny_fill(&lora->factor[i].b, 0.2f, rng_key(seed, (uint64_t)i, 1, 0));
  }
  expect_ok("hash", lora_fingerprint(lora, &model->modules, lora->fingerprint, &err), &err);
  return lora;
}

Ia3 *tiny_ia3(const T5 *model, const char *targets, const char *feedforward, uint64_t seed) {
  Ia3 *ia3;
  Error err = {0};
  expect_ok("ia3", ia3_new(&ia3, &model->modules, targets, feedforward, &err), &err);
  for (int i = 0; i < ia3->count; i++) {
    Tensor *l = &ia3->vector[i].l;
    tiny_fill(l, 0.5f, rng_key(seed, (uint64_t)i, 3, 0));
    for (int64_t k = 0; k < tensor_count(l); k++) l->data[k] += 1;
  }
  expect_ok("hash", ia3_fingerprint(ia3, &model->modules, ia3->fingerprint, &err), &err);
  return ia3;
}

Gate *tiny_gates(const Expert *expert, const T5 *model, uint64_t seed) {
  Gate *gate;
  Error err = {0};
  expect_ok("gate", gate_new(&gate, expert, &model->modules, &err), &err);
  for (int i = 0; i < gate->count; i++) {
    tiny_fill(&gate->vector[i], 0.3f, rng_key(seed, (uint64_t)i, 2, 0));
  }
  return gate;
}

Gate *tiny_gate(Lora *lora, const T5 *model, uint64_t seed) {
  return tiny_gates(&(Expert){.lora = lora}, model, seed);
}

TinyBatch tiny_batch(const T5Config *config, uint64_t seed) {
  TinyBatch b = {.count = TINY_SEQUENCES, .in_at = {0, 19, 20, 33}, .out_at = {0, 6, 19, 20}};
  Rng rng = {.key = rng_key(seed, 0, 0, 3)};
  uint64_t ids = (uint64_t)config->vocab_size;
  for (int i = 0; i < TINY_TOKENS; i++) {
    b.input[i] = (int32_t)rng_below(&rng, ids);
    b.target[i] = (int32_t)rng_below(&rng, ids);
    b.decoder[i] = (int32_t)rng_below(&rng, ids);
  }
  return b;
}

Ragged tiny_input(const TinyBatch *b) {
  return (Ragged){b->count, b->in_at};
}

Ragged tiny_target(const TinyBatch *b) {
  return (Ragged){b->count, b->out_at};
}

MicroBatch tiny_micro(TinyBatch *b) {
  return (MicroBatch){.input_ids = b->input,
                      .decoder_ids = b->decoder,
                      .target_ids = b->target,
                      .input = tiny_input(b),
                      .target = tiny_target(b)};
}

void bench_open(Bench *b, bool tape, int threads) {
  *b = (Bench){0};
  b->c = context_make(arena_new(), NULL, threads, &b->error);
  assert_non_null(b->c.arena);
  if (tape) assert_non_null(b->c.tape = tape_new());
}

void bench_close(Bench *b) {
  expect_ok("context", b->error.status, &b->error);
  if (b->c.tape) tape_free(b->c.tape);
  arena_free(b->c.arena);
}

Forward tiny_forward(T5 *model, const AdapterSet *adapters, const TinyBatch *b, bool backward,
                     bool recompute, int threads) {
  Bench bench;
  Forward f = {0};
  T5Run run = {model, adapters, recompute};
  bench_open(&bench, backward, threads);
  float weight = 1 / (float)b->out_at[b->count];
  TinyBatch ids = *b;
  MicroBatch whole = tiny_micro(&ids);
  Tensor *loss = t5_loss(&bench.c, &run, &whole, weight, f.nll);
  if (loss && backward) {
    tape_seed(&bench.c, loss, 1);
    tape_backward(&bench.c, 0);
  }
  if (loss) f.loss = loss->data[0];
  bench_close(&bench);
  return f;
}
