#include "autograd/op/attention_blocks.h"

#include <assert.h>

const QueryBlock *attention_blocks(Context *c, Ragged q, int64_t *count) {
  *count = 0;
  for (int64_t s = 0; s < q.count; s++) *count += ceil_div(ragged_length(q, s), TILE_QUERIES);
  QueryBlock *block = context_alloc(c, (size_t)*count * sizeof *block);
  if (!block) return NULL;
  int64_t used = 0;
  for (int64_t s = 0; s < q.count; s++) {
    for (int64_t row = 0; row < ragged_length(q, s); row += TILE_QUERIES) {
      block[used++] = (QueryBlock){s, row};
    }
  }
  return block;
}

void attention_check_queries(const Tensor *q, const Tensor *bias, const AttentionSpec *s) {
  assert(s->heads > 0 && q->cols % s->heads == 0 && s->q.offset[s->q.count] == q->rows);
  assert(!bias || (bias->rows == s->buckets && bias->cols == s->heads));
  (void)q, (void)bias, (void)s;
}

void attention_check_keys(const Tensor *q, const Tensor *k, const Tensor *v,
                          const AttentionSpec *s) {
  assert(k->cols == q->cols && v->cols == q->cols && k->rows == v->rows);
  assert(s->k_span || (s->q.count == s->k.count && s->k.offset[s->k.count] == k->rows));
  for (int64_t i = 0; s->k_span && i < s->q.count; i++)
    assert(s->k_span[i].begin >= 0 && s->k_span[i].begin + s->k_span[i].count <= k->rows);
  (void)q, (void)k, (void)v, (void)s;
}
