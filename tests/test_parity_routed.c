/* A mixture of experts whose gates learn against PyTorch (tests/oracle/make_routed_gradient.py): the
 * output of a linear, and the gradients of its input and of the gates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "data/tensors/weights.h"
#include "infer/adapter/values.h"
#include "tests/operands.h"
#include "tests/scratch.h"
#include "tests/testing.h"

enum { EXPERTS = 4, TENSORS = 16 };

typedef struct Golden {
  Weights *file;
  char *path;
  Tensor tensor[TENSORS];
  int count;
} Golden;

/* The tensor of this name as a copy that may learn; Golden frees it. */
static Tensor *take(Golden *g, const char *name) {
  Error err = {0};
  Tensor stored, *to = &g->tensor[g->count++];
  assert_true(g->count <= TENSORS);
  expect_ok(name, weights_locate(g->file, name, -1, -1, &stored, &err), &err);
  expect_ok(name, values_copy(to, &stored, g->path, name, &err), &err);
  return to;
}

static Tensor *filled(Golden *g, int64_t cols, float value) {
  Error err = {0};
  Tensor *t = &g->tensor[g->count++];
  expect_ok("filled", tensor_create(t, 1, cols, false, &err), &err);
  for (int64_t i = 0; i < cols; i++) t->data[i] = value;
  return t;
}

static void compare_tensor(Comparison *c, Golden *g, const char *name, const float *got) {
  const Tensor *want = take(g, name);
  compare(c, name, got, want->data, tensor_count(want));
}

static void run_backward(Context *c, Tensor *y, const Tensor *dy) {
  tape_seed(c, y, 0);
  memcpy(y->grad, dy->data, (size_t)tensor_count(dy) * sizeof *dy->data);
  tape_backward(c, 0);
}

static void learning_is_that_of_pytorch(void **state) {
  (void)state;
  Golden g = {.path = golden_path("routed_gradient/expected.safetensors")};
  Error err = {0};
  LowRank expert[EXPERTS] = {{0}};
  expect_ok("golden", weights_open(&g.file, g.path, &err), &err);
  for (int e = 0; e < EXPERTS - 1; e++) {
    char a[] = "a.0", b[] = "b.0";
    a[2] = b[2] = (char)('0' + e);
    expert[e] = (LowRank){take(&g, a), take(&g, b), 0.75F};
  }
  Tensor *x = take(&g, "x"), *w = take(&g, "w"), *gates = take(&g, "gates");
  x->needs_grad = gates->needs_grad = true;
  const Routed m = {expert, EXPERTS, 2, gates, filled(&g, x->cols, 1), filled(&g, x->cols, 0)};
  const Adapter adapter = {.kind = &adapter_routed, .routed = &m};
  Runner r;
  runner_open(&r, 2, true);
  Tensor *y = op_linear(&r.c, x, w, &adapter);
  assert_non_null(y);
  Comparison c = compare_begin(1e-5, "a mixture whose gates learn");
  compare_tensor(&c, &g, "y", y->data);
  run_backward(&r.c, y, take(&g, "dy"));
  compare_tensor(&c, &g, "dx", x->grad);
  compare_tensor(&c, &g, "dgates", gates->grad);
  compare_end(&c);
  runner_close(&r);
  x->grad = gates->grad = NULL; /* were the tape's */
  for (int i = 0; i < g.count; i++) tensor_destroy(&g.tensor[i]);
  weights_close(g.file);
  free(g.path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(learning_is_that_of_pytorch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
