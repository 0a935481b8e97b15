/* batch_world: examples of many lengths, for the tests of batches. */
#ifndef SKEIN_TESTS_BATCH_WORLD_H
#define SKEIN_TESTS_BATCH_WORLD_H

#include "data/examples/batch.h"
#include "tests/scratch.h"

enum { BATCH_WORLD = 37, BATCH_START = 0 }; /* examples; the start of the decoder */

typedef struct BatchWorld {
  Tokenizer *t;
  ExampleSet *set;
} BatchWorld;

extern const BatchSpec BATCH_SPEC;

/* Writes "data.jsonl" into the scratch directory: example i has the words of a length of its own,
 * and the digits of i as target. */
BatchWorld batch_world_open(Scratch *s, int64_t examples);
void batch_world_close(BatchWorld *w);

/* The batch of a step, which the caller frees. */
Batch batch_world_make(const BatchWorld *w, const BatchSpec *spec, int64_t step);

void assert_same_ids(const int32_t *got, const int32_t *want, int64_t n);

#endif
