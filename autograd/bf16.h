/* bf16: matrix products in bf16 on processors that multiply bf16 themselves (AVX-512 BF16). Both
 * operands are rounded to bf16 (to nearest even, as PyTorch's autocast does) and sums are kept in
 * f32, so a product is about twice as fast as one in f32, and its error that of one rounding of
 * each input: 2^-9. A row of the result depends on that row of the operand alone.
 *
 * matmul.c multiplies frozen weights so where the context asks for it (Precision). */
#ifndef SKEIN_AUTOGRAD_BF16_H
#define SKEIN_AUTOGRAD_BF16_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/status.h"

/* Whether this processor can. Where it cannot nothing below may be called. */
bool bf16_available(void);
/* STATUS_USAGE, naming the setting `key`, where it cannot. */
Status bf16_require(const char *key, Error *err);

/* Columns of a weight panel. */
enum { BF16_COLS = 64 };

/* k rounded up to what a row of a rounded operand and a panel hold. */
static inline int64_t bf16_depth(int64_t k) {
  return (k + 1) / 2 * 2;
}

/* to [bf16_depth(k)] = round(from [k]), a zero behind an odd k. */
void bf16_round(uint16_t *to, const float *from, int64_t k);

/* A panel [bf16_depth(k) / 2, BF16_COLS, 2] holds BF16_COLS columns of the operand B [k, n] from
 * column `col`, pairs of rows together; columns beyond n are 0. For products x W^T, B = W^T: column
 * j is row j of w [n, k]; for x W, B = w [k, n]. */
void bf16_panel_nt(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k, int64_t col);
void bf16_panel_nn(uint16_t *panel, const uint16_t *w, int64_t n, int64_t k, int64_t col);

/* out [m, cols] = alpha * a panel + beta * out; a [m, bf16_depth(k)] rounded, cols <= BF16_COLS,
 * ld the row stride of out. With beta 0 out is not read. */
void bf16_multiply(const uint16_t *a, int64_t m, int64_t k, const uint16_t *panel, int64_t cols,
                   float alpha, float beta, float *out, int64_t ld);

#endif
