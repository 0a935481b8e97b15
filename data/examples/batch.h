/* batch: the examples of one optimizer step, cut into micro-batches, made ahead in the background.
 *
 * Which examples step s sees is a pure function of (seed, s): position p = s * batch_size + j is
 * example permute(seed, p / n)[p % n] (file order without shuffling; mixture.h says what it is of
 * several files), so there is no reader state to save. Micro-batches hold at most `max_tokens` tokens (inputs, each once a choice, + targets; a
 * longer example goes alone) by first-fit over the examples sorted by length, so few are needed and nothing is padded.
 */
#ifndef SKEIN_BATCH_H
#define SKEIN_BATCH_H

#include "autograd/tensor.h"
#include "data/examples/examples.h"

typedef struct MicroBatch {
  int32_t *input_ids;   /* [input.offset[count]] */
  int32_t *decoder_ids; /* [target.offset[count]]: target shifted right, starting with `start` */
  int32_t *target_ids;  /* [target.offset[count]] */
  Ragged input, target; /* same count; with choices a target is a choice */
  Ragged choice;        /* the targets of each input; offset NULL: one each */
  int64_t *right;       /* [input.count] the right one of them; NULL with choice.offset */
  int64_t *place;       /* [input.count] of its example among those that the batch is of */
} MicroBatch;

typedef struct Batch {
  MicroBatch *micro;
  int64_t count; /* micro-batches */
  int64_t examples;
  int64_t input_tokens, target_tokens;
  int64_t choices;        /* of all examples together; 0: they have none */
  int64_t right_tokens;   /* of the right choices */
  int64_t longest_choice; /* its tokens */
} Batch;

typedef struct BatchSpec {
  int64_t batch_size, max_tokens;
  uint64_t seed;
  bool shuffle;
  int32_t decoder_start;        /* id that starts the decoder */
  const Corruption *corruption; /* NULL: input -> target as they are */
} BatchSpec;

/* The batch of optimizer step `step` (from 0). Free with batch_free. */
Status batch_make(const ExampleSet *set, const BatchSpec *spec, int64_t step, Batch *out,
                  Error *err);
/* Examples [first, first + n) in file order (n cut to what is there), for validation. */
Status batch_make_range(const ExampleSet *set, const BatchSpec *spec, int64_t first, int64_t n,
                        Batch *out, Error *err);
void batch_free(Batch *b); /* a zeroed Batch is allowed */

/* A background thread that makes the batches of steps first, ..., last - 1 ahead of time. */
typedef struct BatchReader BatchReader;
Status batch_reader_start(BatchReader **r, const ExampleSet *set, const BatchSpec *spec,
                          int64_t first, int64_t last, Error *err);
/* Waits for the next step's batch and hands it over (batch_free it). The failure of a step is
 * returned in its turn, and from then on. Not to be called after the last step. */
Status batch_reader_next(BatchReader *r, Batch *out, Error *err);
void batch_reader_stop(BatchReader *r); /* joins the thread; NULL is allowed */

#endif
