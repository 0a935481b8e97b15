/* attention_softmax: the forward of attention for some queries of one head, over tiles of keys and
 * values that are laid out already. What a query gets does not depend on the queries beside it. Its
 * backward, tile by tile, is in op_attention.c. */
#ifndef SKEIN_ATTENTION_SOFTMAX_H
#define SKEIN_ATTENTION_SOFTMAX_H

#include "autograd/op/attention_tile.h"

/* Running softmax of a block of queries: p = e^(score - max), sum = their sum so far, and
 * y = sum of p v under that maximum. */
typedef struct SoftmaxRun {
  float max[TILE_QUERIES];
  double sum[TILE_QUERIES];
  float *scores; /* [TILE_QUERIES, TILE_KEYS] scratch */
  float *y;      /* [TILE_QUERIES, wide] */
} SoftmaxRun;

void softmax_start(const Attention *a, SoftmaxRun *run, int64_t rows);
/* The next tile of keys [dk, cols] in strips and values [cols, wide]. */
void softmax_add(const Attention *a, const Head *h, const ScoreTile *t, const Laid *keys,
                 const Laid *values, SoftmaxRun *run);
/* y [Tq, ld] and, unless NULL, lse [Tq, heads], the log-sum-exp of scores. Without a key y is 0. */
void softmax_finish(const Attention *a, const Head *h, int64_t row, int64_t rows,
                    const SoftmaxRun *run, float *y, float *lse);

#endif
