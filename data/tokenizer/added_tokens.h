/* added_tokens: texts that are one token wherever they stand, whatever the model makes of them.
 *
 * They are found before a text is normalised, or after it where a token is `normalized`: at the
 * first place where one matches, and there the longest. Found tokens are taken out; the rest goes
 * on in parts. All as in `tokenizers` 0.23 (AddedVocabulary), down to what it does where the white
 * space that one token takes is itself a token. */
#ifndef SKEIN_ADDED_TOKENS_H
#define SKEIN_ADDED_TOKENS_H

#include <stdbool.h>

#include "data/tokenizer/normalizer.h"
#include "data/tokenizer/pieces.h"

typedef struct AddedToken {
  const char *text; /* as in its file */
  int32_t id;
  bool special;        /* left out of decoded texts */
  bool normalized;     /* found in the normalised text, as what its own text is normalised to */
  bool lstrip, rstrip; /* takes the white space before it, behind it */
  bool single_word;    /* only where no letter or digit stands beside it */
  char *shown;         /* what it is found as and decoded to: `text`, normalised if it is so */
} AddedToken;

/* What a part of a text is searched for. */
typedef struct AddedSet {
  Pieces texts;
  int32_t *token; /* [texts.count] places in AddedTokens.token */
} AddedSet;

typedef struct AddedTokens {
  const Pieces *pieces; /* of the model; a token whose text is one of them has its id */
  AddedToken *token;    /* [count] texts and shown are owned */
  size_t count;
  int32_t *at_id; /* [ids] the place in `token` of an id; -1: the id is a piece alone */
  int32_t ids;    /* pieces and the tokens behind them */
  AddedSet raw, normalized;
} AddedTokens;

/* The pieces are indexed and outlive *a. */
Status added_open(AddedTokens *a, const Pieces *pieces, Error *err);
void added_close(AddedTokens *a); /* a zeroed AddedTokens is allowed */

/* Adds a token, or gives one that is there other properties. Its id is that of the piece or token
 * of this text, else the next one; STATUS_INPUT, naming `path`, where `id` says another (-1: it
 * says none). */
Status added_put(AddedTokens *a, const AddedToken *token, int64_t id, const char *path, Error *err);
/* After the last one: makes them findable. STATUS_INPUT: two are the same after normalisation. */
Status added_index(AddedTokens *a, const Normalizer *n, const char *path, Error *err);

/* The id of a piece or added token; -1: there is none. */
int32_t added_find(const AddedTokens *a, const char *text, size_t size);
/* The token of an id; NULL: none was added. */
const AddedToken *added_at(const AddedTokens *a, int64_t id);

/* Calls `token` and `rest` with the tokens of a set and with the parts between them, in order,
 * until one fails. */
typedef struct AddedSink {
  Status (*token)(void *arg, int32_t id, Error *err);
  Status (*rest)(void *arg, TextPart part, Error *err);
  void *arg;
} AddedSink;
Status added_split(const AddedTokens *a, const AddedSet *set, TextPart part, const AddedSink *sink,
                   Error *err);

#endif
