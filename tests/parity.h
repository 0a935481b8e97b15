/* parity: a golden case (tests/oracle/make_golden.py says what is in one) with skein's model of it,
 * and the tolerances of the comparison. */
#ifndef SKEIN_TESTS_PARITY_H
#define SKEIN_TESTS_PARITY_H

#include "data/examples/batch.h"
#include "infer/expert/gate.h"
#include "infer/t5/t5.h"
#include "optim/adamw.h"
#include "tests/testing.h"

/* Same numbers in, f32 arithmetic on both sides: what is left is the order of sums. */
#define PARITY_F32 1e-4
/* Of the whole: weights rounded to bf16 (unit roundoff 2^-9 each) against weights that were not; a
 * dozen layers add to some three roundings. f16 (2^-12) is eight times closer. */
#define PARITY_BF16 1e-2
#define PARITY_F16  (PARITY_BF16 / 8)

typedef struct Parity {
  const char *name;
  json_t *expected;    /* expected.json */
  TensorTable tensors; /* expected.safetensors */
  T5 *model;
  Lora *lora; /* the expert opened last; NULL: none */
  Gate *gate; /* its gates; NULL: none */
  AdapterSet adapters;
  Context c; /* of this case, with a tape of its own */
  Tape *tape;
  Error error;
} Parity;

/* Every function here fails the test when something is missing. */
void parity_open(Parity *p, const char *name);
void parity_close(Parity *p);

/* Puts the expert <case>/<name> on the model: "expert_all", or with its golden gates
 * "expert_all.gated"; any other name takes the expert off. */
void parity_expert(Parity *p, const char *name);
/* Puts the expert on with zero gates. */
void parity_zero_gates(Parity *p, const char *name);

/* The golden tensor with this name, which must have n elements. */
const float *parity_want(const Parity *p, int64_t n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The examples whose indices are in the JSON list, laid end to end. */
MicroBatch parity_batch(const Parity *p, const json_t *indices);
void parity_batch_free(MicroBatch *m);

/* t5_loss of a batch, recorded. */
Tensor *parity_loss(Parity *p, const T5Run *run, const MicroBatch *m, float weight, float *nll);
/* Adds the gradients of parity_loss to the parameters and forgets the tape; returns the loss. */
double parity_backward(Parity *p, const T5Run *run, const MicroBatch *m, float weight);

/* What is learnt: gates, LoRA factors or base weights, under the names they have in the goldens. */
typedef enum ParityKind { PARITY_GATES = 1, PARITY_FACTORS = 2, PARITY_WEIGHTS = 4 } ParityKind;

typedef struct ParityParams {
  Param *param; /* names are owned */
  int count;
  Tensor *frozen; /* base weights as they were, by T5.tensor; NULL without PARITY_WEIGHTS */
} ParityParams;

/* Makes the tensors of these kinds (or-ed) trainable copies of themselves. Free them before another
 * expert is put on; the base weights are then the frozen ones again. */
ParityParams parity_params(Parity *p, int kinds);
void parity_params_free(Parity *p, ParityParams *params);

#endif
