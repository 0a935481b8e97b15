/* tokenizer_sp: SentencePiece behind C functions; used by tokenizer_train.c only. No exception
 * leaves them, and nothing is printed. It trains models and reads none: the models it knows are
 * those it has made. */
#ifndef SKEIN_TOKENIZER_SP_H
#define SKEIN_TOKENIZER_SP_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* Trains a unigram model and returns its file's bytes in a buffer of malloc. `where` begins messages,
 * as in tokenizer_train. */
Status sp_train(const char *const *texts, size_t count, int32_t pieces, const char *where,
                char **model, size_t *size, Error *err);

/* See tokenizer_on_no_memory. */
void sp_on_no_memory(void (*end)(void));

#endif
