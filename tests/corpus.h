/* corpus: a few texts, and a tokenizer trained on them. */
#ifndef SKEIN_TESTS_CORPUS_H
#define SKEIN_TESTS_CORPUS_H

#include <stddef.h>

#include "data/tokenizer/tokenizer.h"
#include "tests/scratch.h"

enum { CORPUS_PIECES = 120 };

extern const char *const CORPUS[];
extern const size_t CORPUS_COUNT;

/* Trains a tokenizer of CORPUS_PIECES pieces and writes it to `path`. */
void corpus_train(const char *path);
/* The same in the scratch directory, trained once, opened; tokenizer_close it. */
Tokenizer *corpus_tokenizer(Scratch *s);

#endif
