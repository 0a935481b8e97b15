/* tape: reverse-mode differentiation.
 *
 * An operation computes its output and, while the context has a tape and one of its inputs needs
 * a gradient, records a Node: its descriptor, operands and what its backward wants saved.
 * tape_backward() walks the nodes in reverse; each node adds to the gradients of its inputs and
 * its output's gradient buffer is then given back to a pool, so only a few gradients live at once.
 *
 * Invariants
 *  - Gradients accumulate: an operation adds into grad, it never overwrites another's share
 *    (grad_open says whether it is the first to write).
 *  - Nothing is recorded for operands that need no gradient; frozen weights cost nothing.
 *  - Without a tape an operation touches no memory that only backward would read. */
#ifndef SKEIN_TAPE_H
#define SKEIN_TAPE_H

#include "autograd/tensor.h"

typedef struct Node Node;

typedef struct Op {
  const char *name;
  /* Adds to the gradients of node->in[*] that need one, given node->out->grad. */
  void (*backward)(Context *c, Node *node);
} Op;

enum { NODE_INPUTS = 6 };

struct Node {
  const Op *op;
  Tensor *out;             /* [.., ..] */
  Tensor *in[NODE_INPUTS]; /* operands; NULL where absent */
  void *saved;             /* the op's own record, in the arena */
};

/* Returns NULL when out of memory. */
Tape *tape_new(void);
void tape_free(Tape *tape);

/* Forgets all nodes; keeps memory. The caller rewinds the arena. */
void tape_clear(Tape *tape);

/* Records `out = op(in[0..n))` and marks `out` as needing a gradient. Returns the node, whose
 * `saved` the op fills; NULL when nothing is to be recorded (no tape, frozen operands) or on
 * failure (context error set). NULL operands are allowed. */
Node *tape_record(Context *c, const Op *op, Tensor *out, Tensor *const *in, int n);

/* As tape_record, whatever the operands: for an op that cannot know what its body needs. */
Node *tape_push(Context *c, const Op *op, Tensor *out, Tensor *const *in, int n);

/* Number of nodes recorded; a mark for tape_backward. */
int64_t tape_mark(const Tape *tape);

/* Backward through the nodes above `mark`, newest first, and removes them. The gradient of the
 * result must have been set (tape_seed). */
void tape_backward(Context *c, int64_t mark);

/* Sets out->grad to `value` everywhere (1 for a loss). */
void tape_seed(Context *c, Tensor *out, float value);

/* The gradient of t, made when it is not there yet. *beta is 0 when the buffer is fresh (its
 * content is undefined: assign) and 1 when it holds other shares (add); the value is what a GEMM
 * takes as beta. Returns NULL when t is NULL, needs no gradient, or memory is out. */
float *grad_open(Context *c, Tensor *t, float *beta);

/* As grad_open, but a fresh buffer is zeroed, for operations that scatter. */
float *grad_open_zeroed(Context *c, Tensor *t);

/* Adds `share`, shaped like t, to the gradient of t (nothing when t needs none). */
void grad_add(Context *c, Tensor *t, const float *share);

/* The gradient of `from` becomes the gradient of `to`, of the same shape: without a copy when `to`
 * has none yet, otherwise by addition. */
void grad_move(Context *c, Tensor *to, Tensor *from);

#endif
