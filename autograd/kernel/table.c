/* One table of kernels.h, compiled once for each kind of processor with KERNELS naming it. */
#include "autograd/kernel/product_tile.h"
#include "autograd/kernel/row_loops.h"

#if LANES == 16
#define DEPTH 1024 /* 256 KiB of four strips: a part of the second cache */
#elif LANES == 8
#define DEPTH 768 /* 192 KiB of four strips, for second caches of 256 KiB */
#else
#define DEPTH 512
#endif

#ifdef VMATH_FUSED
#define FUSED true
#else
#define FUSED false
#endif

#define TABLE(name_, tile_bf16_, round_bf16_)                                                      \
  {                                                                                                \
    .name = name_, .fused = FUSED, .rows = TILE_ROWS, .lone_rows = TILE_LONE_ROWS, .depth = DEPTH, \
    .tile = tile_f32, .half_rows = HALF_ROWS, .tile_half = tile_half, .tile_bf16 = tile_bf16_,     \
    .round_bf16 = round_bf16_, .transpose = transpose, .finite = all_finite, .max = row_max,       \
    .dot = dot, .dot3 = dot3, .sum = sum, .square_sum = square_sum, .sum_of = sum_of, .add = add,  \
    .scale = scale, .exp = row_exp, .sigmoid = sigmoid_row, .exp_sum = exp_sum,                    \
    .softmax_slope = softmax_slope, .norm = norm, .norm_dx = norm_dx, .norm_dw = norm_dw,          \
    .layer_norm = layer_norm, .layer_norm_dx = layer_norm_dx, .rotate = rotate, .act = act,        \
    .act_slope = act_slope, .add_product = add_product, .widen = widen, .peak = peak,              \
  }

extern const Kernels KERNELS;
const Kernels KERNELS = TABLE(NAME, NULL, NULL);

#if LANES == 16
extern const Kernels kernels_avx512_bf16;
const Kernels kernels_avx512_bf16 = TABLE("avx512-bf16", tile_bf16, round_bf16);
#endif
