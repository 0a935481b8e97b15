/* dtype: storage types of numbers. All arithmetic is f32; f16 and bf16 are storage only. */
#ifndef SKEIN_DTYPE_H
#define SKEIN_DTYPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum Dtype { DTYPE_F32, DTYPE_F16, DTYPE_BF16 } Dtype;

/* Bytes of one element. */
size_t dtype_size(Dtype dtype);

/* "f32", "f16", "bf16". */
const char *dtype_name(Dtype dtype);

/* dst[i] = src[i] widened to f32 (exact), i < n. `src` may be unaligned and may not overlap dst. */
void dtype_widen(float *dst, const void *src, Dtype dtype, size_t n);

/* dst[i] = src[i] rounded to nearest even, i < n. NaN stays NaN. */
void dtype_narrow(void *dst, const float *src, Dtype dtype, size_t n);

#endif
