#include "infer/module/linear.h"

#include <assert.h>

static const Adapter *slot_of(const AdapterSet *adapters, const Linear *linear) {
  return adapters && adapters->slot ? &adapters->slot[linear->module->id] : NULL;
}

void linear_forward_all(Context *c, Linear *const *linear, int n, const AdapterSet *adapters,
                        const Rows *rows, Tensor *x, Tensor **y) {
  assert(n <= LINEAR_TOGETHER);
  LinearOperands operands[LINEAR_MAX] = {{0}};
  Tensor *out[LINEAR_MAX], *z[LINEAR_TOGETHER] = {0};
  bool adds = adapters && adapters->add;
  int count = n, at[LINEAR_TOGETHER] = {0};
  for (int i = 0; i < n; i++) {
    operands[i] = (LinearOperands){&linear[i]->weight, slot_of(adapters, linear[i])};
    Tensor *vectors =
        adds && adapters->vectors ? adapters->vectors(adapters->arg, linear[i]->module) : NULL;
    if (!vectors) continue;
    at[i] = count;
    operands[count++] = (LinearOperands){vectors, NULL};
  }
  op_linear_all(c, x, operands, count, out);
  for (int i = 0; i < n; i++) {
    y[i] = out[i];
    if (at[i]) z[i] = out[at[i]];
    if (!adds || !y[i]) continue;
    assert(!c->tape);
    adapters->add(c, adapters->arg, linear[i]->module, rows, x, z[i], y[i]);
  }
  for (int i = 0; i < n && context_failed(c); i++) y[i] = NULL;
}

Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, const Rows *rows,
                       Tensor *x) {
  Tensor *y;
  linear_forward_all(c, &linear, 1, adapters, rows, x, &y);
  return y;
}
