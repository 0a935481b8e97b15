#include "tests/batch_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "tests/corpus.h"

static const ExampleKeys KEYS = {.input = "input", .target = "target"};

const BatchSpec BATCH_SPEC = {
    .batch_size = 8, .max_tokens = 100, .seed = 1, .shuffle = true, .decoder_start = BATCH_START};

BatchWorld batch_world_open(Scratch *s, int64_t examples) {
  BatchWorld b = {.t = corpus_tokenizer(s)};
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  for (int64_t i = 0; i < examples; i++) {
    fprintf(out, "{\"input\": \"");
    Rng rng = {.key = rng_key(3, (uint64_t)i, 0, 0)};
    for (uint64_t n = 1 + rng_below(&rng, 30); n > 0; n--) fputs("a gate ", out);
    fprintf(out, "%jd\", \"target\": \"%jd\"}\n", (intmax_t)i, (intmax_t)i);
  }
  fclose(out);
  Error err = {0};
  const char *path = scratch_write(s, "data.jsonl", text, size);
  expect_ok(path, examples_open(&b.set, path, &KEYS, b.t, 512, 512, &err), &err);
  free(text);
  return b;
}

void batch_world_close(BatchWorld *b) {
  examples_close(b->set);
  tokenizer_close(b->t);
}

Batch batch_world_make(const BatchWorld *b, const BatchSpec *spec, int64_t step) {
  Batch batch;
  Error err = {0};
  expect_ok("batch", batch_make(b->set, spec, step, &batch, &err), &err);
  return batch;
}

void assert_same_ids(const int32_t *got, const int32_t *want, int64_t n) {
  assert_memory_equal(got, want, (size_t)n * sizeof *got);
}
