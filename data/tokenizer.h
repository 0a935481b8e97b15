/* tokenizer: the only door to SentencePiece (a C++ library), plus what T5 puts around it.
 *
 * Ids: pieces of spiece.model are [0, pieces); the sentinels <extra_id_0> ... <extra_id_{n-1}> are
 * pieces + n - 1 down to pieces (so <extra_id_0> is the largest). pad 0, eos 1, unk 2 as in the
 * model file. Sentinels in the text are recognised and white space on both sides of them is
 * dropped, as the slow T5Tokenizer of Hugging Face does. */
#ifndef SKEIN_DATA_TOKENIZER_H
#define SKEIN_DATA_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/status.h"

typedef struct Tokenizer Tokenizer;

/* Opens `<dir>/spiece.model` (or the file itself when `path` is a file). The number of sentinels is
 * `extra_ids` of tokenizer_config.json where that file has it, else 100. */
Status tokenizer_open(Tokenizer **t, const char *path, Error *err);
void tokenizer_close(Tokenizer *t); /* NULL is allowed */

int32_t tokenizer_size(const Tokenizer *t); /* pieces + sentinels: no id is >= this */
int32_t tokenizer_eos(const Tokenizer *t);
int32_t tokenizer_pad(const Tokenizer *t);
int32_t tokenizer_sentinel(const Tokenizer *t, int k); /* id of <extra_id_k>; -1 if there is none */

/* Ids of a UTF-8 text without EOS, in a buffer the caller frees. Invalid UTF-8 is STATUS_INPUT
 * naming the byte. Thread-safe. */
Status tokenizer_encode(const Tokenizer *t, const char *text, size_t size, int32_t **ids,
                        int64_t *count, Error *err);
/* Text of ids, special tokens (pad, eos, sentinels) left out; the caller frees. */
Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, int64_t count, char **text,
                        Error *err);

/* Trains a unigram model of `pieces` pieces (pad 0, eos 1, unk 2, byte fallback off) on `count`
 * texts and writes it atomically to `path`. Single-threaded, so the same texts give the same
 * bytes. */
Status tokenizer_train(const char *const *texts, size_t count, int32_t pieces, const char *path,
                       Error *err);

#endif
