/* generation: a batch while its tokens are generated over a cache of keys and values, and what
 * greedy and beam search share. For predict_*.c. */
#ifndef SKEIN_GENERATION_H
#define SKEIN_GENERATION_H

#include "autograd/kernel/kernels.h"
#include "infer/predict/predict_internal.h"
#include "infer/t5/t5_cache.h"

/* What is generated of a batch: the cache of its examples, `beams` sequences each, example by
 * example, and the tokens of every example. */
typedef struct Generation {
  Predictor *p;
  const T5Run *run;
  Context *c;
  const Item *item; /* [examples] for messages */
  T5Cache *cache;
  int64_t examples, beams;
  const GenerationConfig *asked; /* by the base; never NULL */
  int64_t *added;  /* [examples * beams + 1] offsets of the rows that the next step adds */
  int32_t *next;   /* [examples * beams] the token of each of those rows */
  int32_t *tokens; /* [examples, max_output] */
  int64_t *length; /* [examples] tokens that are there, EOS included */
} Generation;

/* Best continuations that beam search looks at in a step: so many that, where every way to end is
 * among them for each beam, there are still as many that run on. */
int64_t generation_continuations(const PredictSettings *s);
/* The first token of the decoder; and whether a token ends a text. */
int32_t generation_start(const Generation *g);
bool generation_is_end(const Generation *g, int32_t token);
/* Changes the scores of the token behind the `count` that are there, as the base asks. */
void generation_apply(const Generation *g, const int32_t *token, int64_t count, float *score,
                      int64_t vocab);

/* Adds the next tokens to the cache; returns their decoder states. */
Tensor *generation_step(const Generation *g);
Status generation_not_finite(const Generation *g, int64_t example);

/* Visits the logits [vocab] of every row of decoder states, which are the visitor's to change, some
 * rows at a time; rows may be visited in parallel. */
typedef void LogitsVisit(const Kernels *k, void *arg, int64_t row, float *z, int64_t vocab);
void generation_visit_logits(const Generation *g, const Tensor *decoded, LogitsVisit *visit,
                             void *arg);

/* Greedy and beam search (predict_greedy.c, predict_beam.c): fill tokens and length. */
Status generate_greedy(Generation *g);
Status generate_beams(Generation *g);

#endif
