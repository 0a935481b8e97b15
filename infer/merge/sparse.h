/* sparse: a weighted sum of matrices of which a part of the numbers is kept, and of these, where
 * signs are elected, those of the sign that wins. Each number of the sum is of its own place alone.
 *
 *   prune    magnitude: the floor(density n) largest of |x| are kept (TIES; Yadav et al. 2023, arXiv
 *            2306.01708, section 3); random: each with probability density, and divided by it (DARE;
 *            Yu et al. 2024, arXiv 2311.03099, section 3)
 *   sum      sum_i w_i x_i
 *   elect    the sign of sum_i x_i of what is kept (0: +), and sum_i w_i x_i over those x_i of this
 *            sign, divided by how many they are (TIES, section 3; the weights as PEFT has them)
 */
#ifndef SKEIN_SPARSE_H
#define SKEIN_SPARSE_H

#include "autograd/ground/status.h"
#include "infer/merge/largest.h"

typedef enum Prune { PRUNE_NONE, PRUNE_MAGNITUDE, PRUNE_RANDOM } Prune;

typedef struct SparseRule {
  Prune prune;
  bool elect;
  double density; /* 1 and above: nothing is pruned */
} SparseRule;

/* One of the matrices. */
typedef struct SparseTerm {
  double weight;
  Largest
      *largest; /* of PRUNE_MAGNITUDE: of more than this matrix, counted down; NULL: of its own */
  uint64_t key; /* of PRUNE_RANDOM: of the stream whose i-th number decides about x[i] */
} SparseTerm;

/* Writes the n numbers of a matrix; the same whenever it is asked. */
typedef Status SparseFill(void *arg, int term, float *x, Error *err);

/* out [n] becomes the sum. Needs 16 bytes a number beside it, whatever the number of terms. */
Status sparse_sum(const SparseRule *rule, const SparseTerm *term, int terms, SparseFill *fill,
                  void *arg, int64_t n, double *out, Error *err);

/* How many of n numbers are kept by magnitude. */
int64_t sparse_kept(const SparseRule *rule, int64_t n);

#endif
