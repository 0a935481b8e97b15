/* examples_internal: what examples.c and corrupt.c share. */
#ifndef SKEIN_EXAMPLES_INTERNAL_H
#define SKEIN_EXAMPLES_INTERNAL_H

#include "data/examples/example_line.h"
#include "data/examples/examples.h"

struct ExampleSet {
  Jsonl *lines;
  ExampleKeys keys; /* owned strings */
  const Tokenizer *tokenizer;
  int64_t max_input, max_target, count;
};

#endif
