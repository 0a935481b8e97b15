/* matmul_panel: products of many rows by panels (panel.h); the tiles of matmul.c where the
 * processor has AVX-512. */
#ifndef SKEIN_AUTOGRAD_MATMUL_PANEL_H
#define SKEIN_AUTOGRAD_MATMUL_PANEL_H

#include "autograd/matmul.h"
#include "autograd/panel.h"

/* out = alpha * A op(w) + beta * out: with `nt` w is [n, k] and op(w) = w^T, else w is [k, n].
 * f16 weights are not for PANEL_AVX512_BF16. */
typedef struct PanelProduct {
  PanelKernel kernel;
  bool nt;
  float alpha, beta;
  Mat a; /* [m, k] */
  PanelSource w;
  Mat out; /* [m, n] */
} PanelProduct;

void matmul_panel(Context *c, const PanelProduct *product);

#endif
