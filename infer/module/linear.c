#include "infer/module/linear.h"

#include <assert.h>

static const Adapter *slot_of(const AdapterSet *adapters, const Linear *linear) {
  return adapters && adapters->slot ? &adapters->slot[linear->module->id] : NULL;
}

/* Products of one x that are made together. */
typedef struct Together {
  LinearOperands operand[LINEAR_MAX];
  Tensor *out[LINEAR_MAX];
  int count;
} Together;

/* The place of the product among them. */
static int put_product(Together *t, Tensor *w, const Adapter *adapter) {
  t->operand[t->count] = (LinearOperands){w, adapter, NULL};
  return t->count++;
}

static bool is_run(const AdapterSet *adapters, const Linear *linear) {
  return adapters && adapters->runs && adapters->runs(adapters->arg, linear->module);
}

static Tensor *vectors_of(const AdapterSet *adapters, const Linear *linear) {
  bool wants = adapters && (adapters->add || adapters->run) && adapters->vectors;
  return wants ? adapters->vectors(adapters->arg, linear->module) : NULL;
}

/* y, which is W x already or, where that is NULL, made by `run`. */
static Tensor *finish(Context *c, Linear *linear, const AdapterSet *adapters, const Rows *rows,
                      const Tensor *x, Tensor *z, Tensor *y) {
  if (context_failed(c) || !adapters) return y;
  if (!y) {
    assert(!c->tape);
    y = tensor_new(c, x->rows, linear->weight.rows);
    if (y) adapters->run(c, adapters->arg, linear, rows, x, z, y);
  } else if (adapters->add) {
    assert(!c->tape);
    adapters->add(c, adapters->arg, linear->module, rows, x, z, y);
  }
  return y;
}

void linear_forward_all(Context *c, Linear *const *linear, int n, const AdapterSet *adapters,
                        const Rows *rows, Tensor *x, Tensor **y) {
  assert(n <= LINEAR_TOGETHER);
  Together t = {.count = 0};
  int product[LINEAR_TOGETHER], vector[LINEAR_TOGETHER];
  for (int i = 0; i < n; i++) {
    product[i] = is_run(adapters, linear[i])
                     ? -1
                     : put_product(&t, &linear[i]->weight, slot_of(adapters, linear[i]));
  }
  for (int i = 0; i < n; i++) {
    Tensor *vectors = vectors_of(adapters, linear[i]);
    vector[i] = vectors ? put_product(&t, vectors, NULL) : -1;
  }
  if (t.count > 0) op_linear_all(c, x, t.operand, t.count, t.out);
  for (int i = 0; i < n; i++) {
    Tensor *z = vector[i] < 0 ? NULL : t.out[vector[i]];
    y[i] = product[i] < 0 ? NULL : t.out[product[i]];
    y[i] = finish(c, linear[i], adapters, rows, x, z, y[i]);
  }
  for (int i = 0; i < n && context_failed(c); i++) y[i] = NULL;
}

Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, const Rows *rows,
                       Tensor *x) {
  Tensor *y;
  linear_forward_all(c, &linear, 1, adapters, rows, x, &y);
  return y;
}
