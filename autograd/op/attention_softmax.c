#include "autograd/op/attention_softmax.h"

#include <math.h>
#include <string.h>

void softmax_start(const Attention *a, SoftmaxRun *run, int64_t rows) {
  for (int64_t r = 0; r < rows; r++) {
    run->max[r] = -INFINITY;
    run->sum[r] = 0;
  }
  memset(run->y, 0, (size_t)(rows * a->wide) * sizeof *run->y);
}

/* Replaces scores by p under the new maximum, 0 where not visible, and brings what y holds from
 * the tiles before under it too. */
static void exponentiate(const Attention *a, const Head *h, const ScoreTile *t, SoftmaxRun *run) {
  const Kernels *k = a->kernels;
  for (int64_t r = 0; r < t->rows; r++) {
    float *row = run->scores + r * TILE_KEYS, *y = run->y + r * a->wide;
    int64_t n = visible_cols(a, h, t, r);
    memset(row + n, 0, (size_t)(t->cols - n) * sizeof *row);
    if (n == 0) continue;
    float max = fmaxf(run->max[r], k->max(row, n)), shrink;
    k->exp(&shrink, 1, &run->max[r], max, 1);
    run->max[r] = max;
    run->sum[r] = run->sum[r] * (double)shrink + k->exp_sum(row, row, max, n);
    if (t->col > 0 && shrink != 1) k->scale(y, shrink, y, a->wide);
  }
}

void softmax_add(const Attention *a, const Head *h, const ScoreTile *t, const Laid *keys,
                 const Laid *values, SoftmaxRun *run) {
  score_tile(a, h, t, keys, run->scores);
  exponentiate(a, h, t, run);
  BlockRows rows = {.m = t->rows, .a = run->scores, .lda = TILE_KEYS, .out = run->y, .ld = a->wide};
  block_multiply_laid(a->kernels, &rows, values, a->wide, true);
}

void softmax_finish(const Attention *a, const Head *h, int64_t row, int64_t rows,
                    const SoftmaxRun *run, float *y, float *lse) {
  for (int64_t r = 0; r < rows; r++) {
    float scale = run->sum[r] == 0 ? 0 : (float)(1 / run->sum[r]);
    a->kernels->scale(y + h->q_at + (row + r) * a->ld, scale, run->y + r * a->wide, a->dk);
    if (!lse) continue;
    lse[(h->q_row + row + r) * a->spec->heads + h->index] =
        (float)((double)run->max[r] + log(run->sum[r]));
  }
}
