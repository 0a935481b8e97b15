/* low_rank: the low-rank updates of linears, delta(x) = w * scale * B (A x) with a weight w for
 * every row. Here the forward applies the scale. Training has one expert for all rows, whose weight
 * is its gate (autograd/op/adapter_low_rank.c); routing has rows by expert, whose weights are
 * planned.
 *
 * A LowRank is an update at work: it borrows its matrices. Those that an adapter has in its files
 * are LoraFactors (infer/adapter/lora_factor.h). */
#ifndef SKEIN_LOW_RANK_H
#define SKEIN_LOW_RANK_H

#include "autograd/tensor.h"

/* One expert's update of one linear. */
typedef struct LowRank {
  Tensor *a;   /* A [r, d_in], f32 */
  Tensor *b;   /* B [d_out, r], f32 */
  float scale; /* alpha / r */
} LowRank;

/* u [r] = scale * weight * h [r]; u may be h. */
static inline void low_rank_weigh_row(const LowRank *d, float weight, const float *h, float *u) {
  float factor = d->scale * weight;
  for (int64_t i = 0; i < d->a->rows; i++) u[i] = factor * h[i];
}

/* The same for `rows` rows; weight [rows], or NULL: 1. */
void low_rank_weigh(Context *c, const LowRank *d, const float *weight, const float *h, float *u,
                    int64_t rows);

/* Pairs of a row and an expert, those of an expert together. */
typedef struct LowRankGroup {
  const LowRank *factor;
  int64_t begin, count; /* of the pairs */
} LowRankGroup;

typedef struct LowRankPairs {
  const LowRankGroup *group; /* [groups] */
  int64_t groups;
  const int64_t *row; /* [pairs] ascending in each group */
  const float
      *weight; /* [pairs] of u = scale weight A x; NULL: u = A x, to be weighed by the caller */
  int64_t pairs;
  int64_t rank; /* the largest there is: the row stride of u */
} LowRankPairs;

/* u [pairs, rank] = scale weight A x_row;  x [T, d_in] */
void low_rank_down(Context *c, const LowRankPairs *pairs, const Tensor *x, float *u);
/* y_row += B u, the groups in order, so that the sum of a row does not depend on the number of
 * threads;  y [T, d_out] */
void low_rank_up(Context *c, const LowRankPairs *pairs, const float *u, Tensor *y);

#endif
