#include "tests/operands.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"

static Tensor *take(Operands *o) {
  assert_true(o->count < OPERANDS_MAX);
  return &o->tensor[o->count++];
}

Tensor *operands_new(Operands *o, int64_t rows, int64_t cols) {
  Error err = {0};
  Rng rng = {.key = rng_key(7, (uint64_t)o->count, (uint64_t)rows, (uint64_t)cols)};
  Tensor *t = take(o);
  assert_int_equal(tensor_create(t, rows, cols, false, &err), STATUS_OK);
  for (int64_t i = 0; i < tensor_count(t); i++) {
    float u = (float)(2 * rng_uniform(&rng) - 1);
    t->data[i] = u + copysignf(0.125f, u);
  }
  return t;
}

Tensor *operands_frozen(Operands *o, Dtype dtype, int64_t rows, int64_t cols) {
  Tensor *exact = operands_new(o, rows, cols);
  void *store = malloc((size_t)(rows * cols) * dtype_size(dtype) + 1);
  assert_non_null(store);
  dtype_narrow(store, exact->data, dtype, (size_t)(rows * cols));
  tensor_destroy(exact);
  *exact = tensor_view(store, dtype, rows, cols);
  return exact;
}

Tensor *operands_widened(Operands *o, const Tensor *t) {
  Tensor *wide = operands_new(o, t->rows, t->cols);
  dtype_widen(wide->data, t->store, t->dtype, (size_t)tensor_count(t));
  return wide;
}

void operands_free(Operands *o) {
  for (int i = 0; i < o->count; i++) {
    Tensor *t = &o->tensor[i];
    free((void *)(uintptr_t)t->store); /* allocated above, read-only for operations */
    free(t->grad);
  }
  *o = (Operands){0};
}

void runner_open(Runner *r, int threads, bool taped) {
  r->error = (Error){0};
  r->c = context_make(arena_new(), taped ? tape_new() : NULL, threads, &r->error);
  assert_non_null(r->c.arena);
  assert_true(!taped || r->c.tape);
}

void runner_close(Runner *r) {
  tape_free(r->c.tape);
  arena_free(r->c.arena);
  if (r->error.status != STATUS_OK) fail_msg("%s", r->error.text);
}

static void run_choice(Gradcheck *check, unsigned choice) {
  Error err = {0};
  for (int i = 0; i < check->operands; i++) {
    Tensor *t = check->operand[i];
    t->needs_grad = t->dtype == DTYPE_F32 && (choice >> i & 1);
  }
  if (gradcheck_run(check, &err) != STATUS_OK) fail_msg("choice %#x: %s", choice, err.text);
}

/* Elements up to which every choice is checked. */
enum { FEW = 120 };

void check_operands(Gradcheck *check) {
  unsigned all = (1u << check->operands) - 1;
  int64_t elements = 0;
  for (int i = 0; i < check->operands; i++) elements += tensor_count(check->operand[i]);
  for (unsigned choice = elements <= FEW ? 0 : all; choice <= all; choice++) {
    run_choice(check, choice);
  }
}
