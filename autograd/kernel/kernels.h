/* kernels: the inner loops of everything that is computed, one table of them a kind of processor.
 *
 * The room autograd/kernel owns these loops and the choice between their tables. It knows pointers
 * and lengths: no tensor, no context, no thread.
 *
 * table.c is compiled once for each kind (Makefile), from the same loops: product_tile.h (what
 * every product is made of), row_loops.h (norms, softmax) and act_loops.h. The best table that the
 * processor has is chosen at run time; SKEIN_KERNEL names another.
 *
 * Invariants, on which the promises of skein rest:
 *  - An element of a product is one chain: s = a[0] b[0], then s = a[p] b[p] + s for p = 1, 2, ...,
 *    begun at 0 or at what the element held. So it does not depend on how rows, columns and depth
 *    are cut, and a row of a result depends on its own row alone.
 *  - A sum over a row (dot, exp_sum) is folded in an order that depends on its length alone.
 *  - Multiply and add are fused where the processor can. So all tables with fused ones (every one
 *    but "portable" on x86-64) give the same bits; loops whose sums are in bf16 are others. */
#ifndef SKEIN_KERNELS_H
#define SKEIN_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/dtype.h"
#include "autograd/ground/status.h"

enum {
  STRIP = 16,     /* columns of a strip: the unit in which the right operand is laid out */
  STRIPS_MAX = 4, /* of one tile */
  TILE_ROWS_MAX = 12,
};

/* One tile of a product: rows of a, which lie where they are, times strips [k, STRIP] of b. In bf16
 * the elements of both are pairs along k, and k counts pairs. */
typedef struct Tile {
  const float *const *a;  /* [rows] each [k] */
  const float *b;         /* [k, STRIP] of the first strip */
  int64_t b_row, b_strip; /* floats from row to row of b, and from strip to strip */
  int64_t k;
  float *const *out;  /* [rows] each [strips * STRIP] */
  bool add;           /* to what out holds; else out is not read */
  const float *start; /* [strips * STRIP] what all rows begin with; NULL: 0. Not with `add` */
  int64_t ahead;      /* elements behind each of a that are fetched meanwhile; 0: none */
} Tile;

/* Their formulas are in op/ops.h. */
typedef enum Act {
  ACT_RELU,
  ACT_GELU_TANH,
  ACT_GELU_ERF,
  ACT_SILU,
  ACT_SIGMOID,
  ACT_TANH,
  ACTS,
} Act;

typedef struct Kernels {
  const char *name; /* "portable", "avx2", "avx512", "avx512-bf16" */
  bool fused;       /* multiply and add are one rounding */
  /* Products (product_tile.h). */
  int rows;      /* of a that a tile takes at best */
  int lone_rows; /* of a at best with one strip */
  int64_t depth; /* of b that is laid out together: its strips stay in a near cache */
  void (*tile)(const Tile *t, int rows, int strips);
  int half_rows;                    /* of a that tile_half takes */
  void (*tile_half)(const Tile *t); /* the first eight columns of one strip */
  /* In bf16, and the rounding of rows to it; both NULL where there are none. */
  void (*tile_bf16)(const Tile *t, int rows, int strips);
  /* To nearest even, and a zero behind an odd n. */
  void (*round_bf16)(uint16_t *to, const float *from, int64_t n);
  /* to [k, STRIP], rows ld_to apart = the transpose of rows [cols, k], ld apart, cols <= STRIP; 0
   * in columns behind cols. What stands `ahead` elements behind each is fetched meanwhile; 0:
   * nothing. */
  void (*transpose)(float *to, int64_t ld_to, const float *rows, int64_t ld, int64_t cols,
                    int64_t k, int64_t ahead);
  /* Rows of n numbers (row_loops.h). Outputs may be inputs. */
  bool (*finite)(const float *x, int64_t n); /* no NaN, no infinity */
  float (*max)(const float *x, int64_t n);   /* n > 0; NaN is skipped */
  float (*dot)(const float *a, const float *b, int64_t n);
  double (*sum)(const float *x, int64_t n);
  double (*square_sum)(const float *x, float mean, int64_t n);            /* sum of (x - mean)^2 */
  void (*sum_of)(float *y, const float *a, const float *b, int64_t n);    /* y = a + b */
  void (*add)(float *y, const float *x, int64_t n);                       /* y += x */
  void (*scale)(float *y, float s, const float *x, int64_t n);            /* y = s x */
  void (*exp)(float *y, float s, const float *x, float shift, int64_t n); /* y = s e^(x - shift) */
  void (*sigmoid)(float *y, const float *x, int64_t n);
  /* The sum of y = e^(x - shift); y may be NULL. */
  double (*exp_sum)(float *y, const float *x, float shift, int64_t n);
  void (*softmax_slope)(float *dp, const float *p, float mean, int64_t n); /* dp = p (dp - mean) */
  void (*norm)(float *y, const float *x, const float *w, float rstd, int64_t n); /* w (x rstd) */
  /* dx = beta dx + rstd (dy w - x mean), with beta 0 or 1; dw += dy (x rstd). */
  void (*norm_dx)(float *dx, float beta, const float *dy, const float *w, const float *x,
                  float rstd, float mean, int64_t n);
  void (*norm_dw)(float *dw, const float *dy, const float *x, float rstd, int64_t n);
  void (*layer_norm)(float *y, const float *x, const float *w, const float *b, float mean,
                     float rstd, int64_t n); /* w ((x - mean) rstd) + b */
  /* dx = beta dx + rstd (dy w - mean_g - u mean_gu) with u = (x - mean) rstd, and beta 0 or 1. */
  void (*layer_norm_dx)(float *dx, float beta, const float *dy, const float *w, const float *x,
                        float mean, float rstd, float mean_g, float mean_gu, int64_t n);
  /* y = x c - z s */
  void (*rotate)(float *y, const float *x, const float *z, const float *c, const float *s,
                 int64_t n);
  float (*dot3)(const float *a, const float *b, const float *c, int64_t n); /* sum of a b c */
  /* y = act(x) b; b NULL: 1. The slope of relu at 0 is 0. */
  void (*act)(Act act, float *y, const float *x, const float *b, int64_t n);
  void (*act_slope)(Act act, float *y, const float *x, const float *b, int64_t n);
  /* y = beta y + a b, with beta 0 or 1. */
  void (*add_product)(float *y, float beta, const float *a, const float *b, int64_t n);
  void (*widen)(float *to, const void *from, Dtype dtype, int64_t n);
  /* Keeps the units for multiply-add busy for `rounds` times a fixed work; returns the floating-
   * point operations done, two a multiply-add. *sink receives what came of it. */
  double (*peak)(int64_t rounds, float *sink);
} Kernels;

/* The best table that this processor has, or what SKEIN_KERNEL names. */
const Kernels *kernels_default(void);
/* STATUS_USAGE where SKEIN_KERNEL names none or one that this processor lacks. To be called before
 * kernels_default may be trusted. */
Status kernels_check(Error *err);
/* Table `i` of those that this build has, best last; NULL behind the last. */
const Kernels *kernels_list(int i);
bool kernels_runnable(const Kernels *k);
/* STATUS_USAGE, naming the setting `key`, where `k` has no products in bf16. */
Status kernels_require_bf16(const Kernels *k, const char *key, Error *err);

#endif
