/* tokenizer_kind: the ways to cut a word into pieces.
 *
 * A kind is a row of functions; tokenizer.json names it in "model": "type". To add one: write it as
 * unigram.c is written, and name its row in tokenizer_json.c. What surrounds it (normalisers,
 * pre-tokenizers, added tokens) is the same for all. */
#ifndef SKEIN_TOKENIZER_KIND_H
#define SKEIN_TOKENIZER_KIND_H

#include "data/file/hash.h"
#include "data/text/json.h"
#include "data/tokenizer/pieces.h"
#include "data/tokenizer/token_text.h"

/* A special token: the key of tokenizer_config.json that names it, and what it is called where
 * none does. */
typedef struct SpecialName {
  const char *key, *text; /* NULL: models of this kind have none */
} SpecialName;

typedef struct TokenizerKind {
  const char *name;
  const char *of; /* the models that have it, for messages */
  SpecialName begin, end, padding;
  SpecialName mask; /* special where it is a piece */
  /* Reads the "model" of a tokenizer.json: fills the empty `pieces`, and returns a model of them
   * and the id of the unknown piece. STATUS_INPUT names `path`, the field and the place. */
  Status (*read)(void **model, Pieces *pieces, int32_t *unk, const json_t *json, const char *path,
                 Error *err);
  /* Appends the ids of a word of 1 or more bytes. */
  Status (*encode)(const void *model, const char *word, size_t size, IdList *ids, Error *err);
  /* Adds what the model knows beside its pieces. */
  void (*hash)(const void *model, Hash *hash);
  void (*close)(void *model); /* NULL is allowed */
} TokenizerKind;

#endif
