/* product_tile: the tiles that every product is made of, and the transposition that lays operands
 * out for them. To be included by table.c alone.
 *
 * A tile keeps its sums in registers over the whole depth: `rows` x `strips` x STRIP of them. Each
 * step loads a row of the strips and multiplies it by one broadcast element of every row of a. */
#ifndef SKEIN_PRODUCT_TILE_H
#define SKEIN_PRODUCT_TILE_H

#include "autograd/kernel/kernels.h"
#include "autograd/kernel/lanes.h"

enum { VECTORS = STRIP / LANES, LINE = 16 };

/* Strips that `rows` rows take at once, so that sums, a row of strips and a broadcast fit the
 * registers; with few rows more strips, whose chains hide the latency of one another. */
static inline int strips_at_once(int rows) {
  int most = LANES_REGISTERS == 32 ? 24 : 12, strips = most / (rows * VECTORS);
  return strips >= 4 ? 4 : strips >= 2 ? 2 : 1;
}

/* The most rows that take at least one strip. */
enum {
  TILE_ROWS = LANES_REGISTERS == 32 || LANES >= 8 ? 6 : 3,
  TILE_LONE_ROWS = LANES == 16 ? 8 : TILE_ROWS,
};

typedef Lanes TileSum(Lanes sum, float x, Lanes b);

__attribute__((always_inline)) static inline Lanes sum_f32(Lanes sum, float x, Lanes b) {
  return lanes_fma(lanes_splat(x), b, sum);
}

/* What the sums of a tile hold before its first step. */
__attribute__((always_inline)) static inline void begin_sums(const Tile *t, const int64_t at,
                                                             const int rows, const int strips,
                                                             Lanes s[][STRIPS_MAX * VECTORS]) {
  Lanes line[STRIPS_MAX * VECTORS];
#pragma GCC unroll 16
  for (int v = 0; v < strips * VECTORS; v++)
    line[v] = t->start ? lanes_load(t->start + at + v * LANES) : lanes_splat(0);
#pragma GCC unroll 12
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (int v = 0; v < strips * VECTORS; v++)
      s[r][v] = t->add ? lanes_load(t->out[r] + at + v * LANES) : line[v];
}

/* Constant arguments make one loop without branches of each combination. */
__attribute__((always_inline)) static inline void tile_loop(const Tile *t, const int first,
                                                            const int rows, const int strips,
                                                            const bool fetch,
                                                            TileSum *add_product) {
  Lanes s[TILE_ROWS_MAX][STRIPS_MAX * VECTORS];
  const float *b = t->b + first * t->b_strip;
  const int64_t at = first * STRIP, b_row = t->b_row, b_strip = t->b_strip, ahead = t->ahead;
  const float *a[TILE_ROWS_MAX];
#pragma GCC unroll 12
  for (int r = 0; r < rows; r++) a[r] = t->a[r];
  begin_sums(t, at, rows, strips, s);
  for (int64_t p = 0; p < t->k; p++, b += b_row) {
    if (fetch && p % LINE == 0) {
#pragma GCC unroll 12
      for (int r = 0; r < rows; r++) __builtin_prefetch(a[r] + p + ahead, 0, 2);
    }
    Lanes line[STRIPS_MAX * VECTORS];
#pragma GCC unroll 16
    for (int v = 0; v < strips * VECTORS; v++)
      line[v] = lanes_load(b + v / VECTORS * b_strip + v % VECTORS * LANES);
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
      for (int v = 0; v < strips * VECTORS; v++) s[r][v] = add_product(s[r][v], a[r][p], line[v]);
  }
#pragma GCC unroll 12
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (int v = 0; v < strips * VECTORS; v++) lanes_store(t->out[r] + at + v * LANES, s[r][v]);
}

typedef void TileFunction(const Tile *t, int first);

#define TILE(name, target, rows, strips, fetch, sum)  \
  target static void name(const Tile *t, int first) { \
    tile_loop(t, first, rows, strips, fetch, sum);    \
  }
#define TILES_OF(name, target, rows, sum)              \
  TILE(name##_##rows##_1, target, rows, 1, false, sum) \
  TILE(name##_##rows##_2, target, rows, 2, false, sum) \
  TILE(name##_##rows##_4, target, rows, 4, false, sum)
#define TILES(name, target, sum)                                                  \
  TILES_OF(name, target, 1, sum)                                                  \
  TILES_OF(name, target, 2, sum)                                                  \
  TILES_OF(name, target, 3, sum)                                                  \
  TILES_OF(name, target, 4, sum)                                                  \
  TILES_OF(name, target, 5, sum)                                                  \
  TILES_OF(name, target, 6, sum)                                                  \
  TILE(name##_fetch_1, target, TILE_LONE_ROWS, 1, true, sum)                      \
  TILE(name##_fetch_2, target, TILE_LONE_ROWS, 2, true, sum)                      \
  static TileFunction *const name##s[7][3] = {                                    \
      {name##_fetch_1, name##_fetch_2},     {name##_1_1, name##_1_2, name##_1_4}, \
      {name##_2_1, name##_2_2, name##_2_4}, {name##_3_1, name##_3_2, name##_3_4}, \
      {name##_4_1, name##_4_2, name##_4_4}, {name##_5_1, name##_5_2, name##_5_4}, \
      {name##_6_1, name##_6_2, name##_6_4},                                       \
  };

/* `rows` rows of the tile, those that fit at a time. */
static inline void run_tile(TileFunction *const functions[7][3], const Tile *t, int rows,
                            int strips) {
  if (t->ahead && rows == TILE_LONE_ROWS) {
    int at_once = strips_at_once(rows) > 2 ? 2 : strips_at_once(rows);
    for (int s = 0; s < strips;) {
      int n = strips - s >= at_once ? at_once : 1;
      functions[0][n - 1](t, s);
      s += n;
    }
    return;
  }
  for (int row = 0; row < rows; row += TILE_ROWS) {
    int count = rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
    Tile part = *t;
    part.a += row;
    part.out += row;
    for (int s = 0; s < strips;) {
      int n = strips_at_once(count);
      while (n > strips - s) n /= 2;
      functions[count][n / 2](&part, s);
      s += n;
    }
  }
}

TILES(tile_f32, , sum_f32)

static void tile_f32(const Tile *t, int rows, int strips) {
  run_tile(tile_f32s, t, rows, strips);
}

#if LANES == 16
#define BF16 __attribute__((target("avx512bf16")))

BF16 __attribute__((always_inline)) static inline Lanes sum_bf16(Lanes sum, float x, Lanes b) {
  return (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(x), (__m512bh)b);
}

TILES(tile_bf16, BF16, sum_bf16)

static void tile_bf16(const Tile *t, int rows, int strips) {
  run_tile(tile_bf16s, t, rows, strips);
}

BF16 static void round_bf16(uint16_t *to, const float *from, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    _mm256_storeu_si256((__m256i *)(to + i),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i)));
  if (i < n) {
    __mmask16 rest = (__mmask16)((1U << (n - i)) - 1);
    __m256i last = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + i));
    _mm256_mask_storeu_epi16(to + i, rest, last);
  }
  if (n % 2) to[n] = 0;
}
#endif

/* Half a strip: its first eight columns, of HALF_ROWS rows. */
#if LANES >= 8
enum { HALF_LANES = 8, HALF_ROWS = 8 };
typedef float HalfLanes __attribute__((vector_size(32), may_alias));
typedef float AnyHalf __attribute__((vector_size(32), aligned(sizeof(float)), may_alias));

static inline HalfLanes half_fma(float a, HalfLanes b, HalfLanes c) {
  return (HalfLanes)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)c);
}
#else
enum { HALF_LANES = LANES, HALF_ROWS = LANES_REGISTERS == 32 ? 8 : 4 };
typedef Lanes HalfLanes;
typedef AnyLanes AnyHalf;

static inline HalfLanes half_fma(float a, HalfLanes b, HalfLanes c) {
  return lanes_fma(lanes_splat(a), b, c);
}
#endif

static void tile_half(const Tile *t) {
  enum { VECTORS_OF_HALF = 8 / HALF_LANES };
  HalfLanes s[HALF_ROWS][VECTORS_OF_HALF];
  const float *a[HALF_ROWS], *b = t->b;
#pragma GCC unroll 8
  for (int r = 0; r < HALF_ROWS; r++) {
    a[r] = t->a[r];
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS_OF_HALF; v++) {
      s[r][v] = (HalfLanes){0};
      if (t->add) s[r][v] = *(const AnyHalf *)(t->out[r] + v * HALF_LANES);
    }
  }
  for (int64_t p = 0; p < t->k; p++, b += t->b_row) {
    if (p % LINE == 0) {
#pragma GCC unroll 8
      for (int r = 0; r < HALF_ROWS; r++) __builtin_prefetch(a[r] + p + t->ahead, 0, 2);
    }
#pragma GCC unroll 8
    for (int r = 0; r < HALF_ROWS; r++)
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS_OF_HALF; v++)
        s[r][v] = half_fma(a[r][p], *(const AnyHalf *)(b + v * HALF_LANES), s[r][v]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < HALF_ROWS; r++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS_OF_HALF; v++) *(AnyHalf *)(t->out[r] + v * HALF_LANES) = s[r][v];
}

/* Transposition of a square: `from` rows, ld apart; `to` rows, ld_to apart. Also with AVX-512 of
 * eight: half a strip takes half of the shuffles of a whole one, since loads put rows side by side.
 */
#if LANES >= 8
enum { SQUARE = 8 };

static inline void transpose_square(float *to, int64_t ld_to, const float *from, int64_t ld) {
  __m256 r[SQUARE], t[SQUARE];
  /* Halves of rows i and i + 4 side by side leave the rest within halves. */
  for (int i = 0; i < 4; i++) {
    const float *low = from + i * ld, *high = from + (i + 4) * ld;
    r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
    r[4 + i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)),
                                    _mm_loadu_ps(high + 4), 1);
  }
  for (int h = 0; h < SQUARE; h += 4) {
    t[h] = _mm256_unpacklo_ps(r[h], r[h + 1]);
    t[h + 1] = _mm256_unpackhi_ps(r[h], r[h + 1]);
    t[h + 2] = _mm256_unpacklo_ps(r[h + 2], r[h + 3]);
    t[h + 3] = _mm256_unpackhi_ps(r[h + 2], r[h + 3]);
  }
  for (int h = 0; h < SQUARE; h += 4) {
    _mm256_storeu_ps(to + h * ld_to, _mm256_shuffle_ps(t[h], t[h + 2], 0x44));
    _mm256_storeu_ps(to + (h + 1) * ld_to, _mm256_shuffle_ps(t[h], t[h + 2], 0xee));
    _mm256_storeu_ps(to + (h + 2) * ld_to, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0x44));
    _mm256_storeu_ps(to + (h + 3) * ld_to, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0xee));
  }
}
#else
enum { SQUARE = 4 };

static inline void transpose_square(float *to, int64_t ld_to, const float *from, int64_t ld) {
  for (int p = 0; p < SQUARE; p++)
    for (int i = 0; i < SQUARE; i++) to[p * ld_to + i] = from[i * ld + p];
}
#endif

/* Fetches what stands `ahead` of a square, a line at a time. */
static inline void fetch_square(const float *from, int64_t ld, int64_t ahead) {
  for (int i = 0; i < SQUARE; i++) __builtin_prefetch(from + i * ld + ahead, 0, 2);
}

/* Elements are moved as they are: they may be pairs of bf16. */
static void transpose(float *to, int64_t ld_to, const float *rows, int64_t ld, int64_t cols,
                      int64_t k, int64_t ahead) {
  int64_t square_cols = cols / SQUARE * SQUARE, square_k = k / SQUARE * SQUARE;
  for (int64_t j = 0; j < square_cols; j += SQUARE) {
    for (int64_t p = 0; p < square_k; p += SQUARE) {
      if (ahead && p % LINE == 0) fetch_square(rows + j * ld + p, ld, ahead);
      transpose_square(to + p * ld_to + j, ld_to, rows + j * ld + p, ld);
    }
  }
  for (int64_t p = 0; p < k; p++) {
    for (int64_t j = p < square_k ? square_cols : 0; j < cols; j++)
      memcpy(to + p * ld_to + j, rows + j * ld + p, sizeof *to);
    for (int64_t j = cols; j < STRIP; j++) to[p * ld_to + j] = 0;
  }
}

/* Chains enough to keep every unit for multiply-add busy, in registers alone. */
static double peak(int64_t rounds, float *sink) {
  enum { CHAINS = 12, STEPS = 1 << 10 };
  Lanes s[CHAINS], factor = lanes_splat(0.999F), term = lanes_splat(1e-3F);
  for (int i = 0; i < CHAINS; i++) s[i] = lanes_splat((float)i);
  for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) s[i] = lanes_fma(s[i], factor, term);
  }
  for (int i = 1; i < CHAINS; i++) s[0] += s[i];
  *sink = s[0][0];
  return 2.0 * LANES * CHAINS * STEPS * (double)rounds;
}

#endif
