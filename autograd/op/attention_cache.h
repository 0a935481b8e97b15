/* attention_cache: keys and values of sequences at work, laid out as attention reads them again and
 * again: for each sequence and head its keys in strips (block.h) and its values in rows, one
 * stretch of memory each. */
#ifndef SKEIN_ATTENTION_CACHE_H
#define SKEIN_ATTENTION_CACHE_H

#include "autograd/tensor.h"

typedef struct AttentionCache {
  int heads;
  int64_t dk, wide; /* columns of a head; the same in whole strips */
  int64_t sequences;
  int64_t *room; /* [sequences + 1] the first key of each, in whole strips */
  float *k;      /* [sequences, heads, room / STRIP, dk, STRIP] */
  float *v;      /* [sequences, heads, room, wide] */
} AttentionCache;

/* Room for `keys` of each sequence, zeroed. On failure *cache is zeroed. */
Status attention_cache_create(AttentionCache *cache, int heads, int64_t dk, int64_t sequences,
                              const int64_t *keys, Error *err);
void attention_cache_destroy(AttentionCache *cache); /* a zeroed one is allowed */

const float *attention_cache_keys(const AttentionCache *cache, int64_t sequence, int head);
const float *attention_cache_values(const AttentionCache *cache, int64_t sequence, int head);

/* Puts the rows of k and v [T, heads * dk] that are sequence s of `rows` behind the first at[s]
 * keys of sequence s. There must be room. */
void attention_cache_append(Context *c, AttentionCache *cache, Ragged rows, const int64_t *at,
                            const Tensor *k, const Tensor *v);

/* Sequence s gets the first keys[from[s]] of what sequence from[s] had. All must have equal room.
 */
Status attention_cache_reorder(AttentionCache *cache, const int64_t *from, const int64_t *keys,
                               Error *err);

#endif
