/* block: products inside one task: the right operand is laid out in strips, a piece at a time, and
 * tiles multiply rows with them (autograd/kernel/kernels.h). Everything that multiplies goes
 * through here: matmul.c cuts tensors into blocks for threads, low_rank.c takes rows by expert,
 * op_attention.c queries by head. */
#ifndef SKEIN_BLOCK_H
#define SKEIN_BLOCK_H

#include "autograd/kernel/kernels.h"

enum { BLOCK_COLS = STRIP * STRIPS_MAX };

/* The right operand B [k, n] as it is stored: [k, n], or with `turned` as B^T [n, k]. In bf16 both
 * operands are rounded to bf16, to nearest even as PyTorch's autocast does, and sums are kept in
 * f32; f16 has no such products. */
typedef struct Factor {
  const void *data;
  Dtype dtype;
  int64_t ld; /* elements from row to row */
  bool turned, bf16;
} Factor;

/* Factor from row `row` of B and column `col` on. */
Factor factor_at(Factor b, int64_t row, int64_t col);

/* Words of k elements of a left operand: floats, or pairs of bf16, with a zero behind an odd k. */
static inline int64_t block_words(bool bf16, int64_t k) {
  return bf16 ? (k + 1) / 2 : k;
}

/* Rows of the left operand and of the result, where they lie. */
typedef struct BlockRows {
  int64_t m;
  const float *a; /* [m, words] */
  int64_t lda;    /* words */
  float *out;     /* [m, n] */
  int64_t ld;
  const int64_t *a_row, *out_row; /* [m] rows of a, and of out (all different); NULL: 0 .. m - 1 */
  const float *start;             /* [n] what every row of out begins with, not with `add` */
} BlockRows;

/* The right operand as tiles read it: strips of n columns, or a matrix whose rows hold at least n
 * rounded up to STRIP floats. */
typedef struct Laid {
  const float *b;
  int64_t k;              /* words */
  int64_t b_row, b_strip; /* as in Tile */
} Laid;

static inline Laid laid_strips(const float *strips, int64_t k) {
  return (Laid){strips, k, STRIP, k * STRIP};
}

static inline Laid laid_rows(const float *rows, int64_t k, int64_t ld) {
  return (Laid){rows, k, ld, STRIP};
}

/* out [m, n] = a B or += a B, B laid out already, in f32. */
void block_multiply_laid(const Kernels *kernels, const BlockRows *rows, const Laid *b, int64_t n,
                         bool add);

/* Floats of scratch that the functions below need, whatever the shape. */
int64_t block_scratch(const Kernels *kernels);

/* out [m, n] = a B, or with `add` out += a B. */
void block_multiply(const Kernels *kernels, const BlockRows *rows, const Factor *b, int64_t n,
                    int64_t k, bool add, float *scratch);

/* The same with the operands in each other's place, for few rows and a large weight: rows of the
 * left operand lie in strips, and rows of the weight, which is `turned`, are read where they are.
 */
enum { TURNED_ROWS = STRIP * STRIPS_MAX };

/* strips [ceil(m / STRIP), words, STRIP] of a [m, words], m <= TURNED_ROWS. */
void block_turn(const Kernels *kernels, float *strips, const float *a, int64_t lda, int64_t m,
                int64_t words);
/* out [m, n] = a B, or with `add` out += a B, with a in strips. */
typedef struct TurnedProduct {
  const float *strips; /* of a, see block_turn */
  int64_t m, n, k;
  const Factor *b;
  bool add;
  float *out; /* [m, n] */
  int64_t ld;
} TurnedProduct;
void block_multiply_turned(const Kernels *kernels, const TurnedProduct *p, float *scratch);

#endif
