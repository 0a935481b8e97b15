#include <math.h>

#include "autograd/op/ops.h"

static const float NORM_EPS = 1e-5F; /* of LN, as in torch.nn.functional.layer_norm */

static Tensor *routed_output(Context *c, const Adapter *a, Tensor *x, Tensor *y) {
  const Routed *m = a->routed;
  Tensor *u = op_layer_norm(c, x, m->one, m->zero, NORM_EPS);
  Tensor *v = op_layer_norm(c, m->gates, m->one, m->zero, NORM_EPS);
  Tensor *z = context_failed(c) ? NULL : op_linear(c, u, v, NULL);
  Tensor *s = context_failed(c) ? NULL : op_scale(c, z, 1 / sqrtf((float)x->cols));
  return context_failed(c) ? NULL : op_routed(c, y, x, s, m);
}

const AdapterKind adapter_routed = {.name = "routed", .output = routed_output};
