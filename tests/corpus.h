/* corpus: a few texts, and a tokenizer trained on them. */
#ifndef SKEIN_TESTS_CORPUS_H
#define SKEIN_TESTS_CORPUS_H

#include <stddef.h>

enum { CORPUS_PIECES = 120 };

extern const char *const CORPUS[];
extern const size_t CORPUS_COUNT;

/* Trains a tokenizer of CORPUS_PIECES pieces and writes it to `path`. */
void corpus_train(const char *path);

#endif
