/* The gradients of the operations that encoders of sentences are made of beside T5's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "tests/gradchecks.h"
#include "tests/operands.h"

static Tensor *biased_forward(Context *c, void *arg) {
  Tensor **in = arg, *y;
  op_linear_all(c, in[0], (LinearOperands[]){{in[1], NULL, in[2]}}, 1, &y);
  return y;
}

void gradcheck_biased_linear(void) {
  static const int64_t rows[] = {0, 1, 5, 70};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Operands o = {0};
    Tensor *in[] = {operands_new(&o, rows[i], 4), operands_new(&o, 3, 4), operands_new(&o, 1, 3)};
    Gradcheck check = {"linear", biased_forward, in, 3, {in[0], in[1], in[2]}, {"x", "w", "bias"}};
    check_operands(&check);
    operands_free(&o);
  }
}

static Tensor *layer_norm_forward(Context *c, void *arg) {
  Tensor **in = arg;
  return op_layer_norm(c, in[0], in[1], in[2], 1e-2f);
}

static void check_layer_norm(int64_t tokens, int64_t d, Dtype dtype) {
  Operands o = {0};
  bool frozen = dtype != DTYPE_F32;
  Tensor *in[] = {operands_new(&o, tokens, d),
                  frozen ? operands_frozen(&o, dtype, 1, d) : operands_new(&o, 1, d),
                  frozen ? operands_frozen(&o, dtype, 1, d) : operands_new(&o, 1, d)};
  Gradcheck check = {"layer_norm",          layer_norm_forward, in, 3,
                     {in[0], in[1], in[2]}, {"x", "w", "b"}};
  check_operands(&check);
  operands_free(&o);
}

void gradcheck_layer_norm(void **state) {
  (void)state;
  check_layer_norm(3, 5, DTYPE_F32);
  check_layer_norm(0, 4, DTYPE_F32);
  check_layer_norm(2, 37, DTYPE_BF16);
  check_layer_norm(130, 3, DTYPE_F32); /* three tasks */
}

static Tensor *scale_forward(Context *c, void *arg) {
  return op_scale(c, arg, -0.75f);
}

void gradcheck_scale(void **state) {
  (void)state;
  Operands o = {0};
  Tensor *x = operands_new(&o, 4, 5);
  Gradcheck check = {"scale", scale_forward, x, 1, {x}, {"x"}};
  check_operands(&check);
  operands_free(&o);
}

typedef struct RotaryCase {
  Tensor *x;
  int heads;
  Ragged rows;
} RotaryCase;

static Tensor *rotary_forward(Context *c, void *arg) {
  const RotaryCase *r = arg;
  return op_rotary(c, r->x, r->heads, r->rows, 100);
}

void gradcheck_rotary(void **state) {
  (void)state;
  static const int64_t offset[] = {0, 3, 3, 4, 9}, many[] = {0, 70}, none[] = {0};
  const struct {
    Ragged rows;
    int heads;
    int64_t dk;
  } shapes[] = {{{4, offset}, 2, 4}, {{4, offset}, 3, 2}, {{1, many}, 1, 2}, {{0, none}, 2, 2}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    Operands o = {0};
    Ragged rows = shapes[i].rows;
    RotaryCase r = {operands_new(&o, rows.offset[rows.count], shapes[i].heads * shapes[i].dk),
                    shapes[i].heads, rows};
    Gradcheck check = {"rotary", rotary_forward, &r, 1, {r.x}, {"x"}};
    check_operands(&check);
    operands_free(&o);
  }
}
