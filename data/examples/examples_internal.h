/* examples_internal: what examples*.c and corrupt.c share. */
#ifndef SKEIN_EXAMPLES_INTERNAL_H
#define SKEIN_EXAMPLES_INTERNAL_H

#include "data/examples/example_line.h"
#include "data/examples/examples.h"
#include "data/file/hash.h"

struct ExampleSet {
  Jsonl **lines; /* [files] */
  size_t files;
  Mixture mixture;
  ExampleKeys keys; /* owned strings */
  const Tokenizer *tokenizer;
  int64_t max_input, max_target;
  char hash[HASH_HEX];
};

/* The file that holds example *i, which becomes the number of its line there. */
const Jsonl *examples_lines(const ExampleSet *set, int64_t *i);

/* The lines of a file of examples; one of anything else is refused with an example of such a line. */
Status examples_open_lines(Jsonl **lines, const char *path, const ExampleKeys *keys, Error *err);

#endif
