#include "autograd/tensor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/kernel/kernels.h"

Context context_make(Arena *arena, Tape *tape, int threads, Error *error) {
  return (Context){.arena = arena,
                   .tape = tape,
                   .threads = threads,
                   .error = error,
                   .kernels = kernels_default()};
}

void *context_alloc(Context *c, size_t bytes) {
  if (context_failed(c)) return NULL;
  void *at = arena_alloc(c->arena, bytes);
  if (!at) error_set(c->error, STATUS_RUN, "out of memory: %zu bytes for activations", bytes);
  return at;
}

Tensor *tensor_new(Context *c, int64_t rows, int64_t cols) {
  assert(rows >= 0 && cols >= 0);
  Tensor *t = context_alloc(c, sizeof *t);
  float *data = context_alloc(c, (size_t)(rows * cols) * sizeof *data);
  if (!data) return NULL;
  *t = (Tensor){.rows = rows, .cols = cols, .dtype = DTYPE_F32, .store = data, .data = data};
  return t;
}

Status tensor_create(Tensor *t, int64_t rows, int64_t cols, bool needs_grad, Error *err) {
  *t = (Tensor){0};
  size_t count = (size_t)(rows * cols);
  float *data = calloc(count, sizeof *data);
  float *grad = needs_grad ? calloc(count, sizeof *grad) : NULL;
  if ((count && !data) || (needs_grad && count && !grad)) {
    free(data);
    free(grad);
    return error_set(err, STATUS_RUN, "out of memory: a tensor of %" PRId64 " x %" PRId64, rows,
                     cols);
  }
  *t = (Tensor){.rows = rows,
                .cols = cols,
                .dtype = DTYPE_F32,
                .needs_grad = needs_grad,
                .store = data,
                .data = data,
                .grad = grad};
  return STATUS_OK;
}

void tensor_destroy(Tensor *t) {
  free(t->data);
  free(t->grad);
  *t = (Tensor){0};
}

Tensor tensor_view(const void *store, Dtype dtype, int64_t rows, int64_t cols) {
  assert(dtype != DTYPE_F32 || (uintptr_t)store % sizeof(float) == 0);
  float *data = NULL;
  if (dtype == DTYPE_F32) memcpy(&data, &store, sizeof data); /* frozen: nobody writes through it */
  return (Tensor){.rows = rows, .cols = cols, .dtype = dtype, .store = store, .data = data};
}

const float *tensor_floats(Context *c, const Tensor *t) {
  if (t->data) return t->data;
  size_t count = (size_t)tensor_count(t);
  float *widened = context_alloc(c, count * sizeof *widened);
  if (widened) dtype_widen(widened, t->store, t->dtype, count);
  return widened;
}

int64_t ragged_longest(Ragged r) {
  int64_t longest = 0;
  for (int64_t s = 0; s < r.count; s++) {
    if (ragged_length(r, s) > longest) longest = ragged_length(r, s);
  }
  return longest;
}
