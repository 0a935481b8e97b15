/* ia3_vector: what an (IA)3 holds for one linear, as its files say it. */
#ifndef SKEIN_IA3_VECTOR_H
#define SKEIN_IA3_VECTOR_H

#include <stdbool.h>

#include "autograd/tensor.h"

typedef struct Ia3Vector {
  Tensor l;   /* [1, d_in] of inputs, [1, d_out] of outputs; no rows: the linear is not covered */
  bool input; /* l rescales what W multiplies; otherwise what comes of it */
} Ia3Vector;

/* The vector that a file holds as one row or one column. */
static inline Ia3Vector ia3_vector(const Tensor *t, bool input) {
  Ia3Vector v = {*t, input};
  v.l.rows = 1;
  v.l.cols = t->rows * t->cols;
  return v;
}

/* Whether `vector` [modules] covers the module with this id. */
static inline bool ia3_covers(const Ia3Vector *vector, int module) {
  return vector[module].l.rows > 0;
}

#endif
