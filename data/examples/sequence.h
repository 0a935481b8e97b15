/* sequence: a text as the model reads it, and as the decoder is fed it. */
#ifndef SKEIN_SEQUENCE_H
#define SKEIN_SEQUENCE_H

#include "data/tokenizer/tokenizer.h"

/* The ids of a text, cut so that EOS is the last of at most `most` (>= 1); *count is at least 1. In
 * a buffer that the caller frees; NULL on failure. Errors are those of tokenizer_encode. */
Status sequence_encode(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                       int64_t *count, Error *err);

/* What the decoder reads to predict ids[0, n): `start`, then ids[0, n - 1). n >= 1. */
void sequence_shift_right(const int32_t *ids, int64_t n, int32_t start, int32_t *out);

#endif
