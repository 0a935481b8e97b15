/* attention_bias: T5's learnt bias of attention scores by relative position.
 *
 * The bias of a (query, key) pair depends on their distance alone, so the biases of a head are one
 * vector over relative positions, and those of a row of scores are a contiguous piece of it. The
 * gradient of the bias is collected the same way: along the diagonals of the score gradients. */
#ifndef SKEIN_ATTENTION_BIAS_H
#define SKEIN_ATTENTION_BIAS_H

#include "autograd/op/ops.h"

typedef struct AttentionBias {
  const Kernels *kernels;
  int heads, buckets;
  int64_t past, span;    /* relative position p in [-past, span - past) is at index p + past */
  const int32_t *bucket; /* [span] the bucket of each index */
  const float *value;    /* [heads, span] */
} AttentionBias;

/* Rows of k and v that a sequence of the queries reads, and the most that any reads. */
RowSpan attention_keys(const AttentionSpec *spec, int64_t sequence);
int64_t attention_longest_keys(const AttentionSpec *spec);

/* Expands `table` [buckets, heads], of any dtype, into the arena, wide enough for the sequences of
 * `spec`. On failure the context's error is set. */
AttentionBias attention_bias_expand(Context *c, const Tensor *table, const AttentionSpec *spec);

/* row[j] += bias of `head` at relative position p + j, j < n. */
void attention_bias_add(const AttentionBias *b, int head, int64_t p, float *row, int64_t n);

/* diagonal[p + past + j] += row[j], j < n: the transpose of attention_bias_add. `diagonal` is
 * [span]. */
void attention_bias_collect(const AttentionBias *b, float *diagonal, int64_t p, const float *row,
                            int64_t n);

/* sums[i] = the sum of `diagonal` over the positions of bucket i; `sums` is [buckets]. */
void attention_bias_fold(const AttentionBias *b, const float *diagonal, double *sums);

#endif
