/* gradcheck: the gradients of an operation against central differences.
 *
 * With the loss  L = sum_i weight_i out_i,  weight_i fixed random numbers in [-1, 1], every element
 * of every operand that needs a gradient is moved, and the signed dL/dx from differences of the
 * f32 forward (differenced and summed in double) is compared with the one from backward. */
#ifndef SKEIN_GRADCHECK_H
#define SKEIN_GRADCHECK_H

#include "autograd/tape.h"

enum { GRADCHECK_OPERANDS = 8 };

typedef struct Gradcheck {
  const char *op;
  Tensor *(*forward)(Context *c, void *arg); /* the operation on the operands, from `arg` */
  void *arg;
  int operands;
  Tensor *operand[GRADCHECK_OPERANDS];
  const char *name[GRADCHECK_OPERANDS];
} Gradcheck;

/* Checks, in this order:
 *  - the forward gives the same bits with and without a tape, on 1 and on 2 threads;
 *  - an operand that needs no gradient gets none;
 *  - each gradient is the derivative (tolerance: gradcheck.c);
 *  - the gradients have the same bits on 1 and on 2 threads;
 *  - backward adds to gradients that hold something.
 * Elements near a kink of the operation must be further from it than 1/16. Gradients that the
 * operands hold are left as they are. STATUS_RUN with operation, operand, element, got and want on
 * the first failure. */
Status gradcheck_run(const Gradcheck *check, Error *err);

#endif
