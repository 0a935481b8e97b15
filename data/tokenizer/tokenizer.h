/* tokenizer: from a text to ids and back, as the checkpoints of T5 and BERT have it.
 *
 * The room data/tokenizer owns the way from a text to ids and back: the files that say it
 * (tokenizer_json.c, spiece.h, tokenizer_config.c), its steps (added_tokens.h, normalizer.h,
 * pre_tokenizer.h), the kinds of model (tokenizer_kind.h) and the training of one, which is the
 * only door to SentencePiece (a C++ library). It does not cut, end or shift what it encodes; that
 * is data/examples/sequence.h. Models and lines of data it may not know.
 *
 *   FILE                    WHAT IS READ OF IT
 *   tokenizer.json          all, by its word, as the library `tokenizers` 0.23 does; truncation and
 *                           padding are the callers'
 *   vocab.txt               WordPiece: a piece a line; with what BertTokenizer of transformers 5
 *                           puts around them, as tokenizer_config.json says
 *   spiece.model            pieces, scores and the rules of the normaliser; with what T5Tokenizer
 *                           of transformers 5 puts around them (and what T5TokenizerFast did)
 *   tokenizer_config.json   added_tokens_decoder; the special tokens that it names; extra_ids;
 *                           clean_up_tokenization_spaces, false where it is not there
 *   special_tokens_map.json the special tokens that it names
 *   added_tokens.json       tokens and their ids
 *
 * A vocab.txt is read where the others are not there. do_lower_case, strip_accents and
 * tokenize_chinese_chars of tokenizer_config.json, which transformers 5 believes where it has a
 * BertTokenizer, must be what tokenizer.json says.
 *
 * Where tokenizer.json and spiece.model are both there, tokenizer.json is used, and the pieces and
 * scores of spiece.model must be its first ones. A model of only a spiece.model without
 * <extra_id_0> gets `extra_ids` sentinels (100): <extra_id_{n-1}> to <extra_id_0>, behind the
 * pieces; mT5's has its own.
 *
 * So the ids of both files are the same, and differ from SentencePiece's own in this: <pad>, </s>,
 * <unk> and sentinels in a text are tokens; after a token a word begins; a grapheme cluster shorter
 * than 6 bytes is normalised by its shortest rule (of decomposed letters with two marks the second
 * one goes); U+0085 is white space; scores are summed as doubles; and byte pieces are pieces like
 * others, so that unknown characters are <unk> with mT5, too. Of any length of text the time is
 * linear. */
#ifndef SKEIN_TOKENIZER_H
#define SKEIN_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"
#include "data/file/hash.h"

typedef struct Tokenizer Tokenizer;

/* Opens the tokenizer of a directory, or a tokenizer.json or vocab.txt (by their endings) or
 * spiece.model with the smaller files beside it. Malformed files, parts of them that are not
 * understood or not supported, and a missing end, padding or unknown piece are STATUS_INPUT; files
 * that contradict each other are STATUS_MISMATCH. */
Status tokenizer_open(Tokenizer **t, const char *path, Error *err);
void tokenizer_close(Tokenizer *t); /* NULL is allowed */
/* Writes the tokenizer into an existing directory: copies of its files, and a tokenizer.json where
 * there was only a spiece.model. Files of these names there are replaced. */
Status tokenizer_save(const Tokenizer *t, const char *dir, Error *err);

const char *tokenizer_path(const Tokenizer *t); /* of the file that has the pieces */
/* SHA-256 of all that ids and texts depend on, whichever file said it. */
Status tokenizer_fingerprint(const Tokenizer *t, char hex[HASH_HEX], Error *err);

int32_t tokenizer_size(const Tokenizer *t); /* pieces and added tokens: no id is >= this */
int32_t tokenizer_begin(
    const Tokenizer *t);                   /* what stands before a text, [CLS]; -1: nothing does */
int32_t tokenizer_eos(const Tokenizer *t); /* what ends one: </s>, [SEP] */
int32_t tokenizer_pad(const Tokenizer *t);
int32_t tokenizer_unknown(const Tokenizer *t);         /* what stands for all that has no piece */
int32_t tokenizer_sentinel(const Tokenizer *t, int k); /* id of <extra_id_k>; -1 if there is none */
/* The piece or added token of an id, as it is found and decoded; NULL: it is no id. */
const char *tokenizer_piece(const Tokenizer *t, int64_t id);

/* "Unigram", "WordPiece". */
const char *tokenizer_kind(const Tokenizer *t);
/* Makes every character lower case before all else, as do_lower_case of sentence-transformers does,
 * unless a step Lowercase is there. To be called before the first text. */
Status tokenizer_lower_first(Tokenizer *t, Error *err);

/* Ids of a UTF-8 text without what begins and ends it, in a buffer the caller frees. Invalid UTF-8
 * is STATUS_INPUT naming the byte. Thread-safe. */
Status tokenizer_encode(const Tokenizer *t, const char *text, size_t size, int32_t **ids,
                        int64_t *count, Error *err);
/* Text of ids, special tokens (pad, eos, unk, sentinels) and numbers that are no token left out, as
 * decode(skip_special_tokens=True) of transformers 5 has it; the caller frees. */
Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, int64_t count, char **text,
                        Error *err);

/* Trains a unigram model of `pieces` pieces (pad 0, eos 1, unk 2, nmt_nfkc normalisation, no byte
 * fallback) on `count` texts and writes it atomically to `path`. Single-threaded, so the same texts
 * give the same bytes. `what` begins messages and says whose texts
 * these are and what sets the pieces: "data.jsonl: model.pieces". A number of pieces that the texts
 * do not give is STATUS_USAGE; the message has the bound. */
Status tokenizer_train(const char *const *texts, size_t count, int32_t pieces, const char *what,
                       const char *path, Error *err);

/* What C++ calls from now on when it has no memory, wherever in this process; it may not return. A
 * program that sets nothing may be ended by a signal then. */
void tokenizer_on_no_memory(void (*end)(void));

#endif
