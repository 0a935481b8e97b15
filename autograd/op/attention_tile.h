/* attention_tile: which queries and keys are taken together. Scores are made a tile of queries x
 * keys at a time, small enough to stay in the second cache beside the keys and values it is made
 * of. Softmax runs along the key tiles with a running maximum (Milakov and Gimelshein 2018; Dao et
 * al. 2022), so sequences have any length. */
#ifndef SKEIN_ATTENTION_TILE_H
#define SKEIN_ATTENTION_TILE_H

#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/op/attention_bias.h"
#include "autograd/product/block.h"

enum { TILE_QUERIES = 128, TILE_KEYS = 256 };

typedef struct Attention {
  const Kernels *kernels;
  const AttentionSpec *spec;
  int64_t dk, ld;            /* columns of a head; of all heads */
  int64_t wide;              /* dk in whole strips */
  const float *q;            /* [Tq, ld] */
  const AttentionBias *bias; /* or NULL */
} Attention;

/* One head of one sequence; all rows and columns below count from its first. */
typedef struct Head {
  int index;
  int64_t sequence;
  int64_t queries, keys;
  int64_t q_row; /* of the whole matrix */
  int64_t q_at;  /* where its elements begin in q-like matrices */
} Head;

typedef struct ScoreTile {
  int64_t row, rows; /* queries */
  int64_t col, cols; /* keys */
} ScoreTile;

static inline int64_t whole_strips(int64_t n) {
  return ceil_div(n, STRIP) * STRIP;
}

static inline Head head_of(const Attention *a, int64_t sequence, int index) {
  const AttentionSpec *s = a->spec;
  int64_t q_row = s->q.offset[sequence];
  return (Head){.index = index,
                .sequence = sequence,
                .queries = ragged_length(s->q, sequence),
                .keys = attention_keys(s, sequence).count,
                .q_row = q_row,
                .q_at = q_row * a->ld + index * a->dk};
}

/* Keys that query i sees: the first so many. The last query stands at the last key. */
static inline int64_t visible_keys(const Attention *a, const Head *h, int64_t i) {
  if (!a->spec->causal) return h->keys;
  int64_t n = i + 1 + h->keys - h->queries;
  return n > 0 ? n : 0;
}

/* Columns of the tile that its row r sees. */
static inline int64_t visible_cols(const Attention *a, const Head *h, const ScoreTile *t,
                                   int64_t r) {
  int64_t n = visible_keys(a, h, t->row + r) - t->col;
  return n < 0 ? 0 : min64(n, t->cols);
}

/* The queries from `row` on beside the keys from `col` on; cols is 0 where they see none. */
static inline ScoreTile score_tile_at(const Attention *a, const Head *h, int64_t row, int64_t col) {
  int64_t rows = min64(TILE_QUERIES, h->queries - row);
  int64_t cols = min64(TILE_KEYS, visible_keys(a, h, row + rows - 1) - col);
  return (ScoreTile){row, rows, col, max64(cols, 0)};
}

/* Relative position of the tile's first key and its row r. */
static inline int64_t tile_distance(const Head *h, const ScoreTile *t, int64_t r) {
  return t->col - (t->row + r + h->keys - h->queries);
}

/* s [rows, TILE_KEYS] = q k^T + bias, in visible columns; anything elsewhere. `keys`: the tile's,
 * turned. */
static inline void score_tile(const Attention *a, const Head *h, const ScoreTile *t,
                              const Laid *keys, float *s) {
  BlockRows rows = {
      .m = t->rows, .a = a->q + h->q_at + t->row * a->ld, .lda = a->ld, .out = s, .ld = TILE_KEYS};
  block_multiply_laid(a->kernels, &rows, keys, whole_strips(t->cols), false);
  for (int64_t r = 0; a->bias && r < t->rows; r++) {
    attention_bias_add(a->bias, h->index, tile_distance(h, t, r), s + r * TILE_KEYS,
                       visible_cols(a, h, t, r));
  }
}

/* Keys (or values) turned: strips [dk, STRIP] of STRIP keys each, rows of `from` being keys. */
static inline void lay_keys(const Attention *a, float *strips, const float *from, int64_t ld,
                            int64_t keys) {
  for (int64_t j = 0; j < keys; j += STRIP, strips += a->dk * STRIP)
    a->kernels->transpose(strips, STRIP, from + j * ld, ld, min64(STRIP, keys - j), a->dk, 0);
}

/* Values (or keys) as they are, in rows of whole strips. */
static inline void lay_values(const Attention *a, float *rows, const float *from, int64_t ld,
                              int64_t keys) {
  for (int64_t j = 0; j < keys; j++, rows += a->wide, from += ld) {
    memcpy(rows, from, (size_t)a->dk * sizeof *rows);
    memset(rows + a->dk, 0, (size_t)(a->wide - a->dk) * sizeof *rows);
  }
}

#endif
