/* panel_kernels: the inner loops of panel.c. Of AVX-512 nothing but panel_avx512_has may be called
 * where it says no. */
#ifndef SKEIN_AUTOGRAD_PANEL_KERNELS_H
#define SKEIN_AUTOGRAD_PANEL_KERNELS_H

#include "autograd/panel.h"

enum {
  PANEL_LANES = 16,
  PANEL_VECTORS = PANEL_COLS / PANEL_LANES,
};

/* The products of PANEL_ROWS rows with the panel's first columns, summed; other columns of `sum`
 * are left as they are. */
typedef void PanelSums(const uint32_t *const a[PANEL_ROWS], int64_t words, const uint32_t *panel,
                       float sum[PANEL_ROWS][PANEL_COLS]);

bool panel_avx512_has(bool bf16);

/* Sums of the first `vectors` * PANEL_LANES columns, of at least `rows` rows: one, or all of them.
 */
PanelSums *panel_avx512_sums(bool bf16, int64_t rows, int64_t vectors);

/* PANEL_LANES rows of PANEL_LANES words, `stride` words apart, become columns of a panel. */
void panel_avx512_transpose(uint32_t *panel, const uint32_t *rows, int64_t stride);

/* to [k], and a zero behind an odd k: round(from [k]) to bf16. */
void panel_avx512_round(uint16_t *to, const float *from, int64_t k);

#endif
