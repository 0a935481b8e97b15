/* attention_tile: which queries and keys op_attention takes together. Scores are made a tile of
 * queries x keys at a time, small enough to stay in the second cache beside the keys and values it
 * is made of. Softmax runs along the key tiles with a running maximum (Milakov and Gimelshein 2018;
 * Dao et al. 2022), so sequences have any length. */
#ifndef SKEIN_AUTOGRAD_ATTENTION_TILE_H
#define SKEIN_AUTOGRAD_ATTENTION_TILE_H

#include "autograd/attention_bias.h"
#include "autograd/extremum.h"

enum { TILE_QUERIES = 64, TILE_KEYS = 512 };

typedef struct Attention {
  const AttentionSpec *spec;
  int64_t dk, ld;            /* columns of a head; of all heads */
  const float *q, *k, *v;    /* [Tq, ld], [Tk, ld], [Tk, ld] */
  const AttentionBias *bias; /* or NULL */
} Attention;

/* One head of one sequence; all rows and columns below count from its first. */
typedef struct Head {
  int index;
  int64_t queries, keys;
  int64_t q_at, k_at; /* where its elements begin in q-like and k-like matrices */
  int64_t q_row;      /* of the whole matrix */
} Head;

typedef struct Tile {
  int64_t row, rows; /* queries */
  int64_t col, cols; /* keys */
} Tile;

static inline Head head_of(const Attention *a, int64_t sequence, int index) {
  const AttentionSpec *s = a->spec;
  int64_t q_row = s->q.offset[sequence], column = index * a->dk;
  RowSpan keys = attention_keys(s, sequence);
  return (Head){.index = index,
                .queries = ragged_length(s->q, sequence),
                .keys = keys.count,
                .q_at = q_row * a->ld + column,
                .k_at = keys.begin * a->ld + column,
                .q_row = q_row};
}

/* Keys that query i sees: the first so many. The last query stands at the last key. */
static inline int64_t visible_keys(const Attention *a, const Head *h, int64_t i) {
  if (!a->spec->causal) return h->keys;
  int64_t n = i + 1 + h->keys - h->queries;
  return n > 0 ? n : 0;
}

/* Columns of the tile that its row r sees. */
static inline int64_t visible_cols(const Attention *a, const Head *h, const Tile *t, int64_t r) {
  int64_t n = visible_keys(a, h, t->row + r) - t->col;
  return n < 0 ? 0 : min64(n, t->cols);
}

static inline Tile first_tile(const Attention *a, const Head *h, int64_t row) {
  int64_t rows = min64(TILE_QUERIES, h->queries - row);
  return (Tile){row, rows, 0, min64(TILE_KEYS, visible_keys(a, h, row + rows - 1))};
}

/* The next tile along the keys that some row of it sees; cols is 0 after the last. */
static inline Tile next_tile(const Attention *a, const Head *h, Tile t) {
  t.col += t.cols;
  t.cols = min64(TILE_KEYS, visible_keys(a, h, t.row + t.rows - 1) - t.col);
  return t;
}

/* Relative position of the tile's first key and its row r. */
static inline int64_t tile_distance(const Head *h, const Tile *t, int64_t r) {
  return t->col - (t->row + r + h->keys - h->queries);
}

#endif
