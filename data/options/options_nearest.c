/* What was probably meant by an unknown word. */
#include <stdlib.h>
#include <string.h>

#include "data/options/options_internal.h"

enum { WORD = 64 }; /* longer words are not compared: the cost stays bounded */

static int least_of(int a, int b, int c) {
  int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal
 * string alignment). */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb) {
  int d[WORD + 1][WORD + 1];
  for (size_t i = 0; i <= na; i++) d[i][0] = (int)i;
  for (size_t j = 0; j <= nb; j++) d[0][j] = (int)j;
  for (size_t i = 1; i <= na; i++) {
    for (size_t j = 1; j <= nb; j++) {
      int change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      d[i][j] = least_of(d[i - 1][j] + 1, d[i][j - 1] + 1, change);
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = least_of(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
    }
  }
  return d[na][nb];
}

const char *options_nearest(const char *word, const char *const *known, size_t count) {
  size_t size = strlen(word);
  if (size == 0 || size > WORD) return NULL;
  const char *nearest = NULL;
  int shortest = (int)size / 3 + 2; /* one more than the changes a typing error is allowed */
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

static const char *last_part(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot ? dot + 1 : key;
}

/* The right name in the wrong section, else the nearest spelling. */
static const char *nearest_key(const char *key, const char *const *known, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(last_part(known[i]), last_part(key)) == 0) return known[i];
  }
  return options_nearest(key, known, count);
}

Status options_unknown(const OptionSet *o, const char *key, const char *const *beside,
                       const char *place, Error *err) {
  size_t count = 0, others = 0;
  while (beside && beside[others]) others++;
  const char **known = calloc(o->count + others, sizeof *known);
  if (!known) return error_set(err, STATUS_RUN, "%s: out of memory", place);
  for (size_t i = 0; i < o->count; i++) known[count++] = o->table[i].key;
  for (size_t i = 0; i < others; i++) known[count++] = beside[i];
  const char *nearest = nearest_key(key, known, count);
  free(known);
  if (!nearest) {
    return error_set(err, STATUS_USAGE, "%s: unknown key '%.80s' (--help lists the keys)", place,
                     key);
  }
  return error_set(err, STATUS_USAGE, "%s: unknown key '%.80s', did you mean '%s'?", place, key,
                   nearest);
}
