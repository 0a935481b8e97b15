/* tiny: small random T5 models and batches, and a place to run them. */
#ifndef SKEIN_TESTS_TINY_H
#define SKEIN_TESTS_TINY_H

#include "data/examples/batch.h"
#include "infer/expert/gate.h"
#include "infer/t5/base.h"

/* Two encoder and three decoder blocks, heads * d_kv != d_model. v1.0: ReLU, tied, scaled;
 * v1.1: gated GELU, own head. */
T5Config tiny_config(bool v1_1);
/* A model in memory; t5_close when done. */
T5 *tiny_model(bool v1_1, bool trainable);
/* A base of these parts; the tokenizer may be NULL. */
Base tiny_base(T5 *model, Tokenizer *tokenizer);
/* What a model is known by. */
typedef struct Hex {
  char hex[HASH_HEX];
} Hex;
Hex tiny_sample(const T5 *model);
Hex tiny_fingerprint(const T5 *model);
/* A trainable adapter on `targets` whose B is not zero; lora_close when done. */
Lora *tiny_lora(const T5 *model, const char *targets, int rank, uint64_t seed);
/* Trainable vectors around 1, as ia3_new takes the rest; ia3_close when done. */
Ia3 *tiny_ia3(const T5 *model, const char *targets, const char *feedforward, uint64_t seed);
/* The gates of an expert, random. */
Gate *tiny_gates(const Expert *expert, const T5 *model, uint64_t seed);
Gate *tiny_gate(Lora *lora, const T5 *model, uint64_t seed); /* the same of a LoRA */
/* N(0, spread^2) everywhere. */
void tiny_fill(Tensor *t, float spread, uint64_t key);

enum { TINY_SEQUENCES = 3, TINY_TOKENS = 64 };

/* Three sequences of unequal lengths. */
typedef struct TinyBatch {
  int64_t count; /* sequences */
  int64_t in_at[TINY_SEQUENCES + 1], out_at[TINY_SEQUENCES + 1];
  int32_t input[TINY_TOKENS], decoder[TINY_TOKENS], target[TINY_TOKENS];
} TinyBatch;

TinyBatch tiny_batch(const T5Config *config, uint64_t seed);
Ragged tiny_input(const TinyBatch *b);
Ragged tiny_target(const TinyBatch *b);
MicroBatch tiny_micro(TinyBatch *b); /* of its ids and offsets, borrowed */

/* A context with its arena, its error and, if asked, a tape. */
typedef struct Bench {
  Context c;
  Error error;
} Bench;

void bench_open(Bench *b, bool tape, int threads);
void bench_close(Bench *b); /* fails the test when the context had */

/* The loss over the batch (sum / number of target tokens) and, in nll [tokens], its terms; with
 * `backward` the gradients of what needs one are added. */
typedef struct Forward {
  float loss;
  float nll[TINY_TOKENS];
} Forward;
Forward tiny_forward(T5 *model, const AdapterSet *adapters, const TinyBatch *b, bool backward,
                     bool recompute, int threads);

#endif
