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

/* How they are multiplied. Portable panels are for thin products alone: BLAS is faster at others.
 */
typedef enum PanelKernel { PANEL_PORTABLE, PANEL_AVX512, PANEL_AVX512_BF16 } PanelKernel;

/* The best one for f32 that this processor has. */
PanelKernel panel_kernel(void);
bool panel_has_bf16(void);
/* STATUS_USAGE, naming the setting `key`, where the processor cannot. */
Status panel_require(Precision precision, const char *key, Error *err);

/* Words of k elements; behind an odd k of bf16 stands a zero. */
static inline int64_t panel_words(PanelKernel kernel, int64_t k) {
  return kernel == PANEL_AVX512_BF16 ? (k + 1) / 2 : k;
}

/* to [2 panel_words(k)] = round(from [k]) to bf16; only with PANEL_AVX512_BF16. */
void panel_round(uint16_t *to, const float *from, int64_t k);

/* A stored matrix; ld is its row stride in elements. */
typedef struct PanelSource {
  const void *data;
  Dtype dtype;
  int64_t ld;
} PanelSource;

/* panel [panel_words(k), PANEL_COLS] of the columns of B that are the rows of w [cols, k]. part
 * [PANEL_COLS, panel_words(k)] is scratch. cols <= PANEL_COLS. */
void panel_pack_nt(PanelKernel kernel, void *panel, void *part, PanelSource w, int64_t cols,
                   int64_t k);
/* The same of B = w [k, cols]. */
void panel_pack_nn(PanelKernel kernel, void *panel, PanelSource w, int64_t cols, int64_t k);

/* What a panel is multiplied with, and where the result goes. Strides are from row to row. */
typedef struct PanelRows {
  const void *a; /* [m, words] */
  int64_t lda;   /* words */
  float *out;
  int64_t ld;
  const int64_t *a_row, *out_row; /* [m] rows of a, and of out (all different); NULL: 0 .. m - 1 */
} PanelRows;

/* out row = alpha * a row * panel + beta * out row, `cols` columns of it, for m rows. With beta 0
 * out is not read. */
void panel_multiply(PanelKernel kernel, const PanelRows *rows, int64_t m, int64_t words,
                    const void *panel, int64_t cols, float alpha, float beta);

#endif
