#include "infer/linear.h"

#include <assert.h>

Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, const Rows *rows,
                       Tensor *x) {
  const LowRank *slot = adapters && adapters->slot ? &adapters->slot[linear->id] : NULL;
  Tensor *y = op_linear(c, x, &linear->weight, slot && slot->a ? slot : NULL);
  if (!y || !adapters || !adapters->add) return y;
  assert(!c->tape);
  adapters->add(c, adapters->arg, linear, rows, x, y);
  return context_failed(c) ? NULL : y;
}
