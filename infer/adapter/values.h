/* values: f32 copies of what a file holds, checked to be numbers. */
#ifndef SKEIN_VALUES_H
#define SKEIN_VALUES_H

#include "autograd/tensor.h"

/* *to becomes an owned f32 copy of `from`, whose store may be at any address; free with
 * tensor_destroy. NaN or an infinity is STATUS_INPUT naming `file`, tensor `name` and the index. On
 * failure *to is zeroed. */
Status values_copy(Tensor *to, const Tensor *from, const char *file, const char *name, Error *err);

/* STATUS_INPUT as above when an f32 tensor holds NaN or an infinity. */
Status values_check(const Tensor *t, const char *file, const char *name, Error *err);

#endif
