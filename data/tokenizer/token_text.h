/* token_text: a text on its way from what was asked to the words that a model cuts into pieces. */
#ifndef SKEIN_TOKEN_TEXT_H
#define SKEIN_TOKEN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* A part of a text: valid UTF-8, borrowed. `head` bytes of its beginning stem from the first
 * character of the whole text, which the prepend scheme "first" of Metaspace asks; 0: the part
 * begins elsewhere. */
typedef struct TextPart {
  const char *text;
  size_t size, head;
} TextPart;

/* The bytes [from, to) of a part. */
TextPart text_part(TextPart whole, size_t from, size_t to);

/* A part that owns its text. */
typedef struct TokenText {
  char *text;
  size_t size, head;
} TokenText;

TextPart text_whole(const TokenText *t);
void text_free(TokenText *t);
/* Adds bytes at the end. STATUS_RUN: no memory. */
Status text_add(TokenText *t, const char *bytes, size_t size, Error *err);

/* The ids of a text, in order; free(id). */
typedef struct IdList {
  int32_t *id;
  size_t count;
} IdList;

/* Room for n more ids, whose place is returned and which count; NULL: no memory. */
int32_t *ids_add(IdList *list, size_t n, Error *err);

#endif
