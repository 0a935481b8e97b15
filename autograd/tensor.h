/* tensor: a matrix whose rows are tokens, and the context that operations run in.
 *
 * The room autograd owns tensors, the tape (tape.h) and what tries gradients against differences
 * (gradcheck.h). It knows no operation: those are in autograd/op, and products in autograd/product.
 *
 * Activations are [tokens, features]. A batch is ragged: the tokens of its sequences laid end to
 * end, with a Ragged offsets array; nothing is ever padded.
 *
 * Who owns what: activations live in the context's arena; parameters own their memory
 * (tensor_create / tensor_destroy); frozen weights point into mapped files that their reader owns.
 */
#ifndef SKEIN_TENSOR_H
#define SKEIN_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/arena.h"
#include "autograd/ground/dtype.h"
#include "autograd/ground/status.h"

typedef struct Kernels Kernels;
typedef struct Tape Tape;

typedef struct Tensor {
  int64_t rows, cols;
  Dtype dtype;       /* storage type; anything but F32 is a frozen weight */
  bool needs_grad;   /* parameter, or computed from one while a tape was recording */
  const void *store; /* [rows, cols] row-major elements of `dtype` */
  float *data;       /* == store when dtype is F32, otherwise NULL */
  float *grad;       /* [rows, cols] dL/dtensor, NULL until backward (or the owner) makes it */
} Tensor;

/* Sequences laid end to end: sequence s is rows [offset[s], offset[s+1]); offset[0] == 0. */
typedef struct Ragged {
  int64_t count;
  const int64_t *offset; /* [count + 1] */
} Ragged;

static inline int64_t ragged_length(Ragged r, int64_t sequence) {
  return r.offset[sequence + 1] - r.offset[sequence];
}

/* Length of the longest sequence; 0 when there is none. */
int64_t ragged_longest(Ragged r);

/* What products with frozen weights are computed in; everything else is f32. BF16 rounds both
 * operands (block.h). */
typedef enum Precision { PRECISION_F32, PRECISION_BF16 } Precision;
#define PRECISION_CHOICES "f32|bf16"

/* Everything an operation needs besides its operands. One per thread of control; not shared.
 * After a failure `error` is set and every operation returns NULL without working, so a forward
 * reads like mathematics and is checked once at its end. */
typedef struct Context {
  Arena *arena;
  Tape *tape; /* NULL: nothing is recorded */
  int threads;
  Error *error; /* never NULL */
  Precision precision;
  const Kernels *kernels; /* autograd/kernel/kernels.h */
} Context;

/* In f32, with the kernels of this processor (kernels_default). */
Context context_make(Arena *arena, Tape *tape, int threads, Error *error);

/* An uninitialised f32 [rows, cols] in the arena, or NULL with the context's error set. */
Tensor *tensor_new(Context *c, int64_t rows, int64_t cols);

/* Uninitialised memory in the arena, or NULL with the context's error set. */
void *context_alloc(Context *c, size_t bytes);
static inline bool context_failed(const Context *c) {
  return c->error->status != STATUS_OK;
}

/* An owned, zeroed f32 [rows, cols] that needs a gradient if asked (then `grad` is zeroed too).
 * On failure *t is zeroed. Free with tensor_destroy (a zeroed Tensor is allowed). */
Status tensor_create(Tensor *t, int64_t rows, int64_t cols, bool needs_grad, Error *err);
void tensor_destroy(Tensor *t);

/* A frozen view of `store`, which the caller keeps alive. F32 data must be 4-byte aligned. */
Tensor tensor_view(const void *store, Dtype dtype, int64_t rows, int64_t cols);

/* The elements of a small tensor of any dtype as f32: its own, or widened into the arena. NULL with
 * the context's error set when out of memory. */
const float *tensor_floats(Context *c, const Tensor *t);

static inline int64_t tensor_count(const Tensor *t) {
  return t->rows * t->cols;
}

#endif
