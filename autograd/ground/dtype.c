#include "autograd/ground/dtype.h"

#include "autograd/ground/dtype_convert.h"

size_t dtype_size(Dtype dtype) {
  return dtype == DTYPE_F32 ? 4 : 2;
}

const char *dtype_name(Dtype dtype) {
  switch (dtype) {
    case DTYPE_F32:
      return "f32";
    case DTYPE_F16:
      return "f16";
    case DTYPE_BF16:
      return "bf16";
  }
  return "?";
}

void dtype_widen(float *restrict dst, const void *restrict src, Dtype dtype, size_t n) {
  convert_widen(dst, src, dtype, n);
}

void dtype_narrow(void *restrict dst, const float *restrict src, Dtype dtype, size_t n) {
  AnyU16 *to = dst;
  switch (dtype) {
    case DTYPE_F32:
      if (n > 0) memcpy(dst, src, n * sizeof *src);
      break;
    case DTYPE_F16:
      for (size_t i = 0; i < n; i++) to[i] = narrow_f16(src[i]);
      break;
    case DTYPE_BF16:
      for (size_t i = 0; i < n; i++) to[i] = narrow_bf16(src[i]);
      break;
  }
}
