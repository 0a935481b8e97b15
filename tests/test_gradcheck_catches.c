/* The gradient checker finds operations that are wrong, and says where. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/operands.h"
#include "tests/scratch.h"

typedef enum Fault {
  RIGHT,
  WRONG_SIGN,
  WRONG_SCALE,  /* by 1 % */
  MISSING_TERM, /* 2 of the 8 or so shares of a sum */
  WRONG_ELEMENT,
  NO_GRADIENT,
  NOT_A_NUMBER,
  OVERWRITES,
  FROZEN_TOO,
  THREADS_CHANGE_FORWARD,
  THREADS_CHANGE_GRADIENT,
  TAPE_CHANGES_FORWARD,
} Fault;

/* y = w x^2, elementwise with w [1, d]; wrong as `fault` says. */
typedef struct Faulty {
  Fault fault;
  Tensor *x, *w;
} Faulty;

static void square_backward(Context *c, Node *node);
static const Op square_op = {"square", square_backward};

static Tensor *square_forward(Context *c, void *arg) {
  const Faulty *f = arg;
  Tensor *y = tensor_new(c, f->x->rows, f->x->cols);
  if (!y) return NULL;
  for (int64_t i = 0; i < tensor_count(y); i++) {
    y->data[i] = f->w->data[i % y->cols] * f->x->data[i] * f->x->data[i];
  }
  if (f->fault == TAPE_CHANGES_FORWARD && c->tape) y->data[1] *= 1 + 0x1p-22f;
  if (f->fault == THREADS_CHANGE_FORWARD && c->threads > 1) y->data[1] *= 1 + 0x1p-22f;
  Node *node = tape_record(c, &square_op, y, (Tensor *[]){f->x, f->w}, 2);
  if (node) node->saved = arg;
  return y;
}

static float slope(const Faulty *f, int64_t i) {
  float dx = 2 * f->w->data[i % f->w->cols] * f->x->data[i];
  if (f->fault == WRONG_SIGN) return -dx;
  if (f->fault == WRONG_SCALE) return 1.01f * dx;
  if (f->fault == WRONG_ELEMENT && i == 5) return 0.9f * dx;
  if (f->fault == NOT_A_NUMBER && i == 5) return NAN;
  return dx;
}

static void square_backward(Context *c, Node *node) {
  const Faulty *f = node->saved;
  const float *dy = node->out->grad;
  int64_t cols = f->x->cols;
  float *dx = f->fault == NO_GRADIENT ? NULL : grad_open_zeroed(c, f->x);
  for (int64_t i = 0; dx && i < tensor_count(f->x); i++) {
    dx[i] = (f->fault == OVERWRITES ? 0 : dx[i]) + slope(f, i) * dy[i];
  }
  if (dx && f->fault == THREADS_CHANGE_GRADIENT && c->threads > 1) dx[1] *= 1 + 0x1p-22f;
  float *dw = grad_open_zeroed(c, f->w);
  if (f->fault == FROZEN_TOO) dw = f->w->grad = context_alloc(c, (size_t)cols * sizeof *dw);
  int64_t skipped = f->fault == MISSING_TERM ? 2 * cols : 0;
  for (int64_t i = skipped; dw && i < tensor_count(f->x); i++) {
    dw[i % cols] += f->x->data[i] * f->x->data[i] * dy[i];
  }
}

static Status run_faulty(Fault fault, bool w_needs_grad, Error *err) {
  Operands o = {0};
  Faulty f = {fault, operands_new(&o, 8, 3), operands_new(&o, 1, 3)};
  f.x->needs_grad = true;
  f.w->needs_grad = w_needs_grad;
  Gradcheck check = {"square", square_forward, &f, 2, {f.x, f.w}, {"x", "w"}};
  Status status = gradcheck_run(&check, err);
  assert_null(f.x->grad); /* as it was */
  operands_free(&o);
  return status;
}

static void a_right_operation_passes(void **state) {
  (void)state;
  Error err = {0};
  expect_ok("all operands", run_faulty(RIGHT, true, &err), &err);
  expect_ok("one operand", run_faulty(RIGHT, false, &err), &err);
}

static void a_wrong_operation_is_caught(void **state) {
  (void)state;
  static const struct {
    Fault fault;
    const char *what, *words;
  } cases[] = {
      {WRONG_SIGN, "sign", "gradcheck: square: gradient of operand x|element [0, 0]|got |want "},
      {WRONG_SCALE, "scale", "gradient of operand x: element [0, 0]"},
      {MISSING_TERM, "missing term", "gradient of operand w: element [0, 0]"},
      {WRONG_ELEMENT, "one element", "gradient of operand x: element [1, 2]"},
      {NO_GRADIENT, "no gradient", "gradient of operand x: element [0, 0]: got 0, want"},
      {NOT_A_NUMBER, "not a number", "gradient of operand x: element [1, 2]: got |nan"},
      {OVERWRITES, "overwritten", "accumulated gradient of operand x"},
      {THREADS_CHANGE_FORWARD, "forward by threads", "forward on 2 threads: element 1"},
      {THREADS_CHANGE_GRADIENT, "gradient by threads", "square: x: element 1"},
      {TAPE_CHANGES_FORWARD, "forward by tape", "forward without a tape: element 1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    expect_error(cases[i].what, run_faulty(cases[i].fault, true, &err), &err, STATUS_RUN,
                 cases[i].words);
  }
  Error err = {0};
  expect_error("frozen", run_faulty(FROZEN_TOO, false, &err), &err, STATUS_RUN,
               "square: frozen operand w got a gradient");
}

static Tensor *failing_forward(Context *c, void *arg) {
  (void)arg;
  error_set(c->error, STATUS_RUN, "this operation always fails");
  return NULL;
}

static void a_failing_operation_keeps_its_cause(void **state) {
  (void)state;
  Error err = {0};
  Gradcheck check = {.op = "failing", .forward = failing_forward};
  expect_error("failing", gradcheck_run(&check, &err), &err, STATUS_RUN, "always fails");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_right_operation_passes),
      cmocka_unit_test(a_wrong_operation_is_caught),
      cmocka_unit_test(a_failing_operation_keeps_its_cause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
