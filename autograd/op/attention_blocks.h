/* attention_blocks: how attention is cut into tasks, and what its operands must be. */
#ifndef SKEIN_ATTENTION_BLOCKS_H
#define SKEIN_ATTENTION_BLOCKS_H

#include "autograd/op/attention_tile.h"

/* TILE_QUERIES rows of a sequence, or what is left of it. */
typedef struct QueryBlock {
  int64_t sequence, row;
} QueryBlock;

/* The blocks of queries of all sequences, in order; NULL with the context's error set. */
const QueryBlock *attention_blocks(Context *c, Ragged q, int64_t *count);

/* Operands that do not fit the spec are our own mistake (asserted). */
void attention_check_queries(const Tensor *q, const Tensor *bias, const AttentionSpec *s);
void attention_check_keys(const Tensor *q, const Tensor *k, const Tensor *v,
                          const AttentionSpec *s);

#endif
