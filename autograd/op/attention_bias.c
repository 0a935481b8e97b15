#include "autograd/op/attention_bias.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Half of the buckets hold one distance each; the rest grow logarithmically up to max_distance.
 * In float with logf, like the reference: a distance on the edge of two buckets must fall on the
 * same side as in the model's training. */
int attention_bucket(int64_t relative, bool bidirectional, int buckets, int max_distance) {
  int first = 0;
  int64_t distance = relative < 0 ? -relative : 0;
  if (bidirectional) {
    buckets /= 2;
    if (relative > 0) {
      first = buckets;
      distance = relative;
    }
  }
  int exact = buckets / 2;
  assert(exact > 0 && max_distance > exact);
  if (distance < exact) return first + (int)distance;
  float range = (float)log((double)max_distance / exact);
  float octave = logf((float)distance / (float)exact) / range * (float)(buckets - exact);
  int step = octave < (float)(buckets - exact) ? (int)octave : buckets - exact - 1;
  return first + exact + step;
}

RowSpan attention_keys(const AttentionSpec *spec, int64_t sequence) {
  if (spec->k_span) return spec->k_span[sequence];
  return (RowSpan){spec->k.offset[sequence], ragged_length(spec->k, sequence)};
}

int64_t attention_longest_keys(const AttentionSpec *spec) {
  int64_t longest = 0;
  for (int64_t i = 0; i < spec->q.count; i++) {
    int64_t count = attention_keys(spec, i).count;
    if (count > longest) longest = count;
  }
  return longest;
}

AttentionBias attention_bias_expand(Context *c, const Tensor *table, const AttentionSpec *spec) {
  /* The last query stands at the last key: distances reach len_k - 1 back, len_q - 1 ahead. */
  AttentionBias b = {.kernels = c->kernels,
                     .heads = spec->heads,
                     .buckets = spec->buckets,
                     .past = attention_longest_keys(spec)};
  b.span = b.past + ragged_longest(spec->q);
  int32_t *bucket = context_alloc(c, (size_t)b.span * sizeof *bucket);
  float *value = context_alloc(c, (size_t)(b.heads * b.span) * sizeof *value);
  const float *weight = tensor_floats(c, table);
  if (context_failed(c)) return b;
  for (int64_t i = 0; i < b.span; i++) {
    bucket[i] =
        attention_bucket(i - b.past, spec->bidirectional, spec->buckets, spec->max_distance);
    for (int head = 0; head < b.heads; head++) {
      value[head * b.span + i] = weight[bucket[i] * b.heads + head];
    }
  }
  b.bucket = bucket;
  b.value = value;
  return b;
}

void attention_bias_add(const AttentionBias *b, int head, int64_t p, float *row, int64_t n) {
  b->kernels->add(row, b->value + head * b->span + b->past + p, n);
}

void attention_bias_collect(const AttentionBias *b, float *diagonal, int64_t p, const float *row,
                            int64_t n) {
  b->kernels->add(diagonal + b->past + p, row, n);
}

void attention_bias_fold(const AttentionBias *b, const float *diagonal, double *sums) {
  memset(sums, 0, (size_t)b->buckets * sizeof *sums);
  for (int64_t i = 0; i < b->span; i++) sums[b->bucket[i]] += (double)diagonal[i];
}
