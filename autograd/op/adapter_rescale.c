#include "autograd/op/ops.h"

static Tensor *rescale_input(Context *c, const Adapter *a, Tensor *x) {
  return op_rescale(c, x, a->rescale, x, &a->gate);
}

static Tensor *rescale_output(Context *c, const Adapter *a, Tensor *x, Tensor *y) {
  return op_rescale(c, y, a->rescale, x, &a->gate);
}

const AdapterKind adapter_rescale_input = {.name = "rescale-input", .input = rescale_input};
const AdapterKind adapter_rescale_output = {.name = "rescale-output", .output = rescale_output};
