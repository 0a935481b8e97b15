#include "infer/route/route_rescale.h"

#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/rescale.h"

enum { COLS_PER_TASK = 256 };

typedef struct Rescaling {
  const RoutePairs *pairs;
  const AdapterKind *kind;
  const Tensor *u;
  Tensor *y;
  bool *touched; /* [T] some expert rescales the row */
  float *change; /* [T, d] of the rows that are touched */
} Rescaling;

/* Marks the rows, and tells whether there are any. */
static bool touch_rows(const Rescaling *r) {
  bool any = false;
  memset(r->touched, 0, (size_t)r->u->rows * sizeof *r->touched);
  for (int64_t i = 0; i < r->pairs->rescales; i++) {
    const RescaleGroup *g = &r->pairs->rescale[i];
    if (g->adapter->kind != r->kind) continue;
    any = true;
    for (int64_t p = g->begin; p < g->begin + g->count; p++) r->touched[r->pairs->row[p]] = true;
  }
  return any;
}

/* A block of columns of all rows: no two tasks touch the same numbers. */
static void rescale_cols(void *arg, int64_t task, int worker) {
  (void)worker;
  const Rescaling *r = arg;
  int64_t d = r->u->cols, col = task * COLS_PER_TASK, n = min64(COLS_PER_TASK, d - col);
  for (int64_t t = 0; t < r->u->rows; t++)
    if (r->touched[t]) memset(r->change + t * d + col, 0, (size_t)n * sizeof *r->change);
  for (int64_t i = 0; i < r->pairs->rescales; i++) {
    const RescaleGroup *g = &r->pairs->rescale[i];
    if (g->adapter->kind != r->kind) continue;
    for (int64_t p = g->begin; p < g->begin + g->count; p++) {
      float *change = r->change + r->pairs->row[p] * d + col;
      rescale_add(change, r->pairs->weight[p], g->adapter->rescale->data + col, n);
    }
  }
  for (int64_t t = 0; t < r->u->rows; t++) {
    int64_t at = t * d + col;
    if (!r->touched[t]) continue;
    rescale_apply(r->y->data + at, r->y->data + at, r->change + at, r->u->data + at, n);
  }
}

void route_rescale(Context *c, const RoutePairs *pairs, const AdapterKind *kind, const Tensor *u,
                   Tensor *y) {
  ArenaMark mark = arena_mark(c->arena);
  Rescaling r = {pairs, kind, u, y, .touched = context_alloc(c, (size_t)u->rows)};
  r.change = context_alloc(c, (size_t)tensor_count(u) * sizeof *r.change);
  if (!context_failed(c) && touch_rows(&r))
    parallel_for(c->threads, ceil_div(u->cols, COLS_PER_TASK), rescale_cols, &r);
  arena_release(c->arena, mark);
}
