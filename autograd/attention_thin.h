/* attention_thin: a single query against many keys, as a decoder asks. Heads that lie side by side
 * are taken together, so that the rows of keys and values are read from their beginning to their
 * end. */
#ifndef SKEIN_AUTOGRAD_ATTENTION_THIN_H
#define SKEIN_AUTOGRAD_ATTENTION_THIN_H

#include <stdint.h>

enum { THIN_HEADS = 16 }; /* at most, that are taken together */

typedef struct Thin {
  int heads;
  int64_t dk; /* columns of a head */
  int64_t ld; /* from key to key */
  int64_t keys;
} Thin;

/* s [heads, keys] = q_h . k_h; q [heads * dk], k [keys, heads * dk of ld]. */
void thin_scores(const Thin *t, const float *q, const float *k, float *s);

/* y_h += sum over keys of p_h v_h; p [heads, keys], v [keys, heads * dk of ld], y [heads * dk]. */
void thin_values(const Thin *t, const float *p, const float *v, float *y);

#endif
