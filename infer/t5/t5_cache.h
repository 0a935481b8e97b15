/* t5_cache: the keys and values of a decoder at work, so that a token is computed once.
 *
 * Cross-attention reads keys and values of the encoder's states, which are computed once, when the
 * cache is made; self-attention those of the tokens decoded so far, of which there is room for
 * `capacity` a sequence. */
#ifndef SKEIN_T5_CACHE_H
#define SKEIN_T5_CACHE_H

#include "infer/t5/t5.h"

typedef struct T5LayerCache {
  AttentionCache self;  /* [sequences] with room for `capacity` each */
  AttentionCache cross; /* [examples] */
} T5LayerCache;

typedef struct T5Cache {
  T5LayerCache *layer; /* [decoder layers] */
  int layers;
  int64_t sequences, capacity;
  int64_t *source; /* [sequences] the example (sequence of the encoder) that each reads */
  int64_t *keys;   /* [examples] of each, in cross-attention */
  int64_t *length; /* [sequences] tokens so far */
  RowSpan *span; /* [sequences] what each reads in self-attention: itself, the tokens at hand too */
} T5Cache;

/* Room for `sequences` sequences, sequence s of which reads example source[s], over `encoded`
 * [Tin, d_model] with the examples `input`. */
Status t5_cache_new(T5Cache **cache, Context *c, const T5Run *run, Tensor *encoded, Ragged input,
                    const int64_t *source, int64_t sequences, int64_t capacity);
void t5_cache_free(T5Cache *cache); /* NULL is allowed */

/* Decoder states [T, d_model], after the final norm, of the tokens `ids` that are added to the
 * sequences (`added.count` == cache->sequences; any number each, 0 too) and are in the cache then.
 * More than the capacity is our own mistake (asserted). No tape. */
Tensor *t5_decode_next(Context *c, const T5Run *run, T5Cache *cache, const int32_t *ids,
                       Ragged added);

/* Sequence s goes on from what sequence from[s] had; both must read the same example (asserted).
 * `from` must be a choice of survivors (beam search): any s may be named more than once. */
Status t5_cache_reorder(T5Cache *cache, const int64_t *from, Error *err);

#endif
