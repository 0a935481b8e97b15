/* base: the frozen model that experts were trained on, with its tokenizer: a directory, opened in
 * one place. */
#ifndef SKEIN_BASE_H
#define SKEIN_BASE_H

#include "data/tokenizer/tokenizer.h"
#include "infer/t5/t5.h"

typedef struct Base Base;
struct Base {
  char *dir;
  T5 *model;
  Tokenizer *tokenizer;
  char sample[HASH_HEX]; /* see base_sample; "" before */
};

/* Opens model and tokenizer, and checks that they belong together. On failure *base is zeroed. */
Status base_open(Base *base, const char *dir, Error *err);
/* The same for what needs the encoder alone (t5_open_encoder). */
Status base_open_encoder(Base *base, const char *dir, Error *err);
void base_close(Base *base); /* a zeroed Base is allowed */

/* Fills `sample` with t5_sample of the model, what pools know their base by, unless it is there. */
Status base_sample(Base *base, Error *err);

/* STATUS_MISMATCH when the tokenizer has ids beyond the rows of the embedding. */
Status base_check_vocabulary(const T5 *model, const Tokenizer *tokenizer, Error *err);

#endif
