/* operands: tensors with random elements for tests of operations. */
#ifndef SKEIN_TESTS_OPERANDS_H
#define SKEIN_TESTS_OPERANDS_H

#include "autograd/gradcheck.h"
#include "autograd/tensor.h"

enum { OPERANDS_MAX = 16 };

/* Zero-initialise; operands_free when done. */
typedef struct Operands {
  int count;
  Tensor tensor[OPERANDS_MAX];
} Operands;

/* An f32 [rows, cols] that needs no gradient yet. 1/8 <= |element| < 9/8: further from the kink of
 * relu than gradcheck moves it. */
Tensor *operands_new(Operands *o, int64_t rows, int64_t cols);

/* A frozen tensor of the same elements rounded to `dtype`. */
Tensor *operands_frozen(Operands *o, Dtype dtype, int64_t rows, int64_t cols);

/* The elements widened to f32 in an f32 tensor. */
Tensor *operands_widened(Operands *o, const Tensor *t);

void operands_free(Operands *o);

/* An evaluation outside of gradcheck. */
typedef struct Runner {
  Context c;
  Error error;
} Runner;

/* With a tape if `taped`. */
void runner_open(Runner *r, int threads, bool taped);
/* Fails the test when the context has failed. */
void runner_close(Runner *r);

/* Runs the check with every choice of operands that need a gradient, none and all included; with
 * all of them only when there are many elements. Those stored in less than f32 stay frozen. */
void check_operands(Gradcheck *check);

#endif
