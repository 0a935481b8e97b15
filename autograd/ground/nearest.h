/* nearest: what was probably meant by a word that nobody knows. */
#ifndef SKEIN_NEAREST_H
#define SKEIN_NEAREST_H

#include <stddef.h>

/* The known word nearest to `word` by edit distance, letters of both cases being alike, and - and
 * _; NULL when none is near, or the word has more than 64 bytes. Borrowed from `known`. */
const char *nearest_word(const char *word, const char *const *known, size_t count);

/* "; did you mean 'WORD'?", for the end of a message; "" when none is near. */
typedef struct NearestHint {
  char text[96];
} NearestHint;
NearestHint nearest_hint(const char *word, const char *const *known, size_t count);

#endif
