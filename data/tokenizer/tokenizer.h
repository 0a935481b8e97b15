/* tokenizer: the only door to SentencePiece (a C++ library), plus what T5 puts around it.
 *
 * The room data/tokenizer owns the way from a text to ids and back, and the check of the model file
 * that SentencePiece would trust (spiece_check.h). It does not cut, end or shift what it encodes;
 * that is data/examples/sequence.h. Models and lines of data it may not know.
 *
 * Ids: pieces of spiece.model are [0, pieces); the sentinels <extra_id_0> ... <extra_id_{n-1}> are
 * pieces + n - 1 down to pieces (so <extra_id_0> is the largest). pad 0, eos 1, unk 2 as in the
 * model file.
 *
 * The ids are those of T5Tokenizer in transformers 5, which are those of T5TokenizerFast and of
 * T5Tokenizer(legacy=True) in transformers 4: sentinels in the text are recognised, white space
 * around them is dropped, and text after one starts a new word. Three things differ: the names of
 * control pieces in a text (<pad>, </s>, <unk>) are text, U+0085 is an unknown character, as
 * SentencePiece has it, and a word of more than 16 KiB is cut. */
#ifndef SKEIN_TOKENIZER_H
#define SKEIN_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

typedef struct Tokenizer Tokenizer;

/* Opens `<dir>/spiece.model` (or the file itself when `path` is a file). The number of sentinels is
 * `extra_ids` of the tokenizer_config.json beside it where that file has it, else 100. A model that
 * is malformed, not unigram, or without an end, padding or unknown piece is STATUS_INPUT. */
Status tokenizer_open(Tokenizer **t, const char *path, Error *err);
void tokenizer_close(Tokenizer *t); /* NULL is allowed */

int32_t tokenizer_size(const Tokenizer *t); /* pieces + sentinels: no id is >= this */
int32_t tokenizer_eos(const Tokenizer *t);
int32_t tokenizer_pad(const Tokenizer *t);
int32_t tokenizer_unknown(const Tokenizer *t);         /* what stands for all that has no piece */
int32_t tokenizer_sentinel(const Tokenizer *t, int k); /* id of <extra_id_k>; -1 if there is none */

/* Ids of a UTF-8 text without EOS, in a buffer the caller frees. Invalid UTF-8 is STATUS_INPUT
 * naming the byte. Thread-safe. */
Status tokenizer_encode(const Tokenizer *t, const char *text, size_t size, int32_t **ids,
                        int64_t *count, Error *err);
/* Text of ids, special tokens (pad, eos, unk, sentinels) and numbers that are no token left out, as
 * with skip_special_tokens; the caller frees. */
Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, int64_t count, char **text,
                        Error *err);

/* Trains a unigram model of `pieces` pieces (pad 0, eos 1, unk 2, nmt_nfkc normalisation, no byte
 * fallback) on `count` texts and writes it atomically to `path`. Single-threaded, so the same texts
 * give the same bytes. A number of pieces that the texts do not give is STATUS_USAGE; the message
 * has the bound. */
Status tokenizer_train(const char *const *texts, size_t count, int32_t pieces, const char *path,
                       Error *err);

#endif
