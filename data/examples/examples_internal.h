/* examples_internal: what examples.c, corrupt.c and vocabulary.c share. */
#ifndef SKEIN_EXAMPLES_INTERNAL_H
#define SKEIN_EXAMPLES_INTERNAL_H

#include "data/examples/examples.h"
#include "data/text/json.h"

struct ExampleSet {
  Jsonl *lines;
  ExampleKeys keys; /* owned strings */
  const Tokenizer *tokenizer;
  int64_t max_input, max_target, count;
};

/* The texts of one line: `text`, or `input` and `target`; borrowed from `doc`. */
typedef struct ExampleText {
  JsonDoc doc; /* json_free it */
  const char *text, *input, *target;
} ExampleText;

Status examples_read_line(const Jsonl *lines, const ExampleKeys *keys, int64_t i, ExampleText *out,
                          Error *err);

#endif
