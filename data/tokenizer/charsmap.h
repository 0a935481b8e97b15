/* charsmap: the compiled rules of SentencePiece's normaliser, "precompiled_charsmap" in a
 * spiece.model and, in base64, in a tokenizer.json. The bytes are told in charsmap.c. */
#ifndef SKEIN_CHARSMAP_H
#define SKEIN_CHARSMAP_H

#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Charsmap {
  unsigned char *data; /* owned */
  size_t size;
} Charsmap;

/* Copies rules that are sound: following them never leaves them. STATUS_INPUT says what is wrong,
 * and `where` the rules are; then *m is zeroed. */
Status charsmap_open(Charsmap *m, const unsigned char *data, size_t size, const char *where,
                     Error *err);
void charsmap_close(Charsmap *m); /* a zeroed Charsmap is allowed */

/* What the shortest key that `text` begins with is replaced by, and its bytes; NULL: no key does.
 */
const char *charsmap_find(const Charsmap *m, const char *text, size_t size, size_t *length);

#endif
