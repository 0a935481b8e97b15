/* sequence: a text as the model reads it, and as the decoder is fed it; and what of it is lost. */
#ifndef SKEIN_SEQUENCE_H
#define SKEIN_SEQUENCE_H

#include <stdbool.h>

#include "data/tokenizer/tokenizer.h"

/* The ids of a text, cut so that EOS is the last of at most `most` (>= 1, or 2 where a token begins
 * texts, which is then the first); *count is at least 1. In
 * a buffer that the caller frees; NULL on failure. Errors are those of tokenizer_encode. */
Status sequence_encode(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                       int64_t *count, Error *err);

/* What of texts a model does not get to read: what is cut off, and what has no piece. */
typedef struct SequenceLoss {
  int64_t texts;
  int64_t cut;     /* texts with more tokens than are kept */
  int64_t tokens;  /* that are kept, EOS included */
  int64_t unknown; /* of them those that stand for what has no piece */
  int64_t longest; /* tokens of the longest text, EOS included, before it is cut */
} SequenceLoss;

/* The same as sequence_encode, and adds to *loss. */
Status sequence_encode_watched(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                               int64_t *count, SequenceLoss *loss, Error *err);
void sequence_loss_add(SequenceLoss *sum, const SequenceLoss *more);

/* The ids, of a text that is there, say nothing of it: they are unknown tokens alone, but for EOS
 * and pieces of nothing but the mark of a word's beginning. */
bool sequence_is_unknown(const Tokenizer *t, const int32_t *ids, int64_t count);

/* What the decoder reads to predict ids[0, n): `start`, then ids[0, n - 1). n >= 1. */
void sequence_shift_right(const int32_t *ids, int64_t n, int32_t start, int32_t *out);

#endif
