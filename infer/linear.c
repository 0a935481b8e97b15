#include "infer/linear.h"

Tensor *linear_forward(Context *c, Linear *linear, const AdapterSet *adapters, Tensor *x) {
  const LowRank *delta = adapters ? &adapters->slot[linear->id] : NULL;
  return op_linear(c, x, &linear->weight, delta && delta->a ? delta : NULL);
}
