#include "autograd/ground/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 64 }; /* longer words are not compared: the cost stays bounded */

static int least_of(int a, int b, int c) {
  int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Letters of both cases are alike, and so are - and _. */
static bool alike(char a, char b) {
  if (a >= 'A' && a <= 'Z') a = (char)(a - 'A' + 'a');
  if (b >= 'A' && b <= 'Z') b = (char)(b - 'A' + 'a');
  return (a == '-' ? '_' : a) == (b == '-' ? '_' : b);
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal
 * string alignment). */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb) {
  int d[WORD + 1][WORD + 1];
  for (size_t i = 0; i <= na; i++) d[i][0] = (int)i;
  for (size_t j = 0; j <= nb; j++) d[0][j] = (int)j;
  for (size_t i = 1; i <= na; i++) {
    for (size_t j = 1; j <= nb; j++) {
      int change = d[i - 1][j - 1] + !alike(a[i - 1], b[j - 1]);
      d[i][j] = least_of(d[i - 1][j] + 1, d[i][j - 1] + 1, change);
      bool swapped = i > 1 && j > 1 && alike(a[i - 1], b[j - 2]) && alike(a[i - 2], b[j - 1]);
      if (swapped) d[i][j] = least_of(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
    }
  }
  return d[na][nb];
}

/* The changes that a typing error in a word of `size` bytes is allowed: one in a short word, where
 * two make any other of it. */
static int changes_allowed(size_t size) {
  return size < 5 ? 1 : (int)size / 4 + 1;
}

const char *nearest_word(const char *word, const char *const *known, size_t count) {
  size_t size = strlen(word);
  if (size == 0 || size > WORD) return NULL;
  const char *nearest = NULL;
  int shortest = changes_allowed(size) + 1;
  for (size_t i = 0; i < count; i++) {
    size_t n = strlen(known[i]);
    if (n > WORD) continue;
    int distance = edit_distance(word, size, known[i], n);
    if (distance < shortest && distance < (int)n) {
      shortest = distance;
      nearest = known[i];
    }
  }
  return nearest;
}

NearestHint nearest_hint(const char *word, const char *const *known, size_t count) {
  NearestHint hint = {""};
  const char *nearest = nearest_word(word, known, count);
  if (nearest) snprintf(hint.text, sizeof hint.text, "; did you mean '%s'?", nearest);
  return hint;
}
