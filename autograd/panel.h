/* panel: matrix products with a large operand B [k, n] on processors with AVX-512. PANEL_COLS
 * columns of B are laid out once for many rows of the other operand A, whose elements are read
 * where they are; sums stay in registers over a whole stretch of k, so a row of the result depends
 * on that row of A alone. matmul_panel.c drives it.
 *
 * In bf16 (PRECISION_BF16, AVX-512 BF16) both operands are rounded to bf16, to nearest even as
 * PyTorch's autocast does, and sums are kept in f32: about twice as fast, with the error of one
 * rounding of each input, 2^-9.
 *
 * Operands are made of words of 32 bits: an f32, or a pair of bf16 that are neighbours along k. */
#ifndef SKEIN_AUTOGRAD_PANEL_H
#define SKEIN_AUTOGRAD_PANEL_H

#include "autograd/tensor.h"

enum {
  PANEL_COLS = 64,
  PANEL_ROWS = 6,     /* of A that are multiplied together */
  PANEL_WORDS = 1024, /* along k of one panel: 256 KiB, a part of the second cache */
};

/* Whether this processor can. Where it cannot nothing below may be called. */
bool panel_available(Precision precision);
/* STATUS_USAGE, naming the setting `key`, where it cannot. */
Status panel_require(Precision precision, const char *key, Error *err);

/* Words of k elements; behind an odd k of bf16 stands a zero. */
static inline int64_t panel_words(Precision precision, int64_t k) {
  return precision == PRECISION_BF16 ? (k + 1) / 2 : k;
}

/* to [2 panel_words(k)] = round(from [k]) to bf16. */
void panel_round(uint16_t *to, const float *from, int64_t k);

/* A stored matrix; ld is its row stride in elements. */
typedef struct PanelSource {
  const void *data;
  Dtype dtype;
  int64_t ld;
} PanelSource;

/* panel [panel_words(k), PANEL_COLS] of the columns of B that are the rows of w [cols, k]; columns
 * beyond are 0. part [PANEL_COLS, panel_words(k)] is scratch. cols <= PANEL_COLS. */
void panel_pack_nt(Precision precision, void *panel, void *part, PanelSource w, int64_t cols,
                   int64_t k);
/* The same of B = w [k, cols]. */
void panel_pack_nn(Precision precision, void *panel, PanelSource w, int64_t cols, int64_t k);

/* out [m, cols] = alpha * a panel + beta * out; a [m, words], `lda` words from row to row; ld is
 * the row stride of out. With beta 0 out is not read. */
void panel_multiply(Precision precision, const void *a, int64_t lda, int64_t m, int64_t words,
                    const void *panel, int64_t cols, float alpha, float beta, float *out,
                    int64_t ld);

#endif
