/* tokenizer_sp: SentencePiece behind C functions; used by tokenizer.c only. No exception leaves
 * them, and nothing is printed. */
#ifndef SKEIN_TOKENIZER_SP_H
#define SKEIN_TOKENIZER_SP_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

typedef struct SpModel SpModel;

/* What SentencePiece says about a model; -1: it has no such piece. */
typedef struct SpIds {
  int32_t pieces, unk, eos, pad;
} SpIds;

/* `data` has passed spiece_check; it is copied. Free with sp_close. */
Status sp_open(SpModel **m, const void *data, size_t size, const char *path, SpIds *ids,
               Error *err);
void sp_close(SpModel *m); /* NULL is allowed */

/* Ids of a text in *ids, a buffer of malloc that the caller frees. Thread-safe. */
Status sp_encode(const SpModel *m, const char *text, size_t size, int32_t **ids, int64_t *count,
                 Error *err);
/* Text of ids, all in [0, pieces), as a string of malloc. Thread-safe. */
Status sp_decode(const SpModel *m, const int32_t *ids, int64_t count, char **text, Error *err);

/* Trains a unigram model and returns its file's bytes in a buffer of malloc. */
Status sp_train(const char *const *texts, size_t count, int32_t pieces, char **model, size_t *size,
                Error *err);

#endif
