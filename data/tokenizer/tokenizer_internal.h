/* tokenizer_internal: the parts of a tokenizer, for the files of this room that open and use it. */
#ifndef SKEIN_TOKENIZER_INTERNAL_H
#define SKEIN_TOKENIZER_INTERNAL_H

#include "data/tokenizer/added_tokens.h"
#include "data/tokenizer/pre_tokenizer.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/tokenizer_kind.h"

struct Tokenizer {
  char *path;     /* of the file that has the pieces */
  bool from_json; /* which is a tokenizer.json, not a spiece.model */
  Pieces pieces;
  const TokenizerKind *kind;
  void *model; /* of this kind */
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  AddedTokens added;
  Metaspace decoder; /* of Unigram */
  bool tidy;         /* of WordPiece: no blank before . ? ! and , */
  bool clean_up;     /* clean_up_tokenization_spaces */
  int32_t begin;     /* put before a text; -1: none is */
  int32_t eos, pad, unk;
  int32_t *sentinel; /* [sentinels] ids of <extra_id_k> */
  int32_t sentinels;
};

/* What tokenizer_config.json and the smaller files beside it say. */
typedef struct TokenizerConfig {
  JsonDoc config, special, added; /* a root is NULL where the file is not there */
  char *config_path, *special_path, *added_path;
} TokenizerConfig;

/* tokenizer_config.c */
Status tokenizer_config_open(TokenizerConfig *c, const char *dir, Error *err);
void tokenizer_config_close(TokenizerConfig *c);
/* extra_ids where the file has it, else 100. */
Status tokenizer_config_sentinels(const TokenizerConfig *c, int32_t *sentinels, Error *err);
/* The text of the special token as the files name it, else `text` of the name. STATUS_MISMATCH:
 * they name two. */
Status tokenizer_config_name(const TokenizerConfig *c, SpecialName name, const char **text,
                             Error *err);
/* Puts the added tokens of the files into t->added, and finds the ids of the special ones. */
Status tokenizer_config_apply(const TokenizerConfig *c, Tokenizer *t, Error *err);
/* Reads a token, an object: its text is borrowed. A key that is not understood is STATUS_INPUT. */
Status added_token_read(AddedToken *token, const json_t *json, const char *path, Error *err);

/* tokenizer_json.c: fills t from a tokenizer.json, down to its own added tokens. */
Status tokenizer_json_read(Tokenizer *t, const char *path, Error *err);

/* tokenizer_vocab.c: the same from a vocab.txt of BERT and what the files beside it say. */
Status tokenizer_vocab_read(Tokenizer *t, const char *path, const TokenizerConfig *c, Error *err);
/* STATUS_MISMATCH where t, read from a tokenizer.json, prepares a text as BERT, and otherwise than
 * the files beside it say, which transformers 5 believes. */
Status tokenizer_vocab_compare(const Tokenizer *t, const TokenizerConfig *c, Error *err);

/* tokenizer_spiece.c: the same from a spiece.model, to which so many sentinels are added unless it
 * has them. */
Status tokenizer_spiece_read(Tokenizer *t, const char *path, int32_t sentinels, Error *err);
/* STATUS_MISMATCH naming the first piece or score of a spiece.model that t, read from a
 * tokenizer.json, has not. */
Status tokenizer_spiece_compare(const Tokenizer *t, const char *path, Error *err);

#endif
