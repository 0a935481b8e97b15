#include "autograd/op/gate_sigmoid.h"

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"

enum { ROWS_PER_TASK = 256 };

typedef struct Gating {
  const Kernels *kernels;
  const Tensor *x, *v;
  float *s;
} Gating;

static void gate_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Gating *g = arg;
  int64_t begin = task * ROWS_PER_TASK, end = min64(begin + ROWS_PER_TASK, g->x->rows);
  for (int64_t t = begin; t < end; t++)
    g->s[t] = g->kernels->dot(g->x->data + t * g->x->cols, g->v->data, g->x->cols);
  g->kernels->sigmoid(g->s + begin, g->s + begin, end - begin);
}

static void count_openness(GateStats *stats, const float *s, int64_t rows) {
  for (int64_t t = 0; t < rows; t++) stats->sum += (double)s[t];
  stats->count += rows;
}

float *gate_sigmoid(Context *c, const Tensor *x, const SigmoidGate *gate) {
  if (!gate->vector) return NULL;
  Gating g = {c->kernels, x, gate->vector, context_alloc(c, (size_t)x->rows * sizeof *g.s)};
  if (!g.s) return NULL;
  parallel_for(c->threads, ceil_div(x->rows, ROWS_PER_TASK), gate_rows, &g);
  if (gate->stats) count_openness(gate->stats, g.s, x->rows);
  return g.s;
}
