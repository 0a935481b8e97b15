/* The gradients of losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "tests/gradchecks.h"
#include "tests/operands.h"

/* Cross-entropy */

typedef struct LossCase {
  Tensor *h, *w;
  int32_t *targets;
} LossCase;

static Tensor *cross_entropy_forward(Context *c, void *arg) {
  LossCase *l = arg;
  return op_cross_entropy(c, l->h, l->w, 0.7f, l->targets, 0.3f, NULL);
}

static void check_loss(int64_t tokens, int64_t d, int64_t vocabulary, Dtype dtype) {
  Operands o = {0};
  LossCase l = {.h = operands_new(&o, tokens, d)};
  l.w = dtype == DTYPE_F32 ? operands_new(&o, vocabulary, d)
                           : operands_frozen(&o, dtype, vocabulary, d);
  l.targets = calloc((size_t)tokens + 1, sizeof *l.targets);
  assert_non_null(l.targets);
  for (int64_t t = 0; t < tokens; t++) l.targets[t] = (int32_t)(t * t % vocabulary);
  Gradcheck check = {"cross_entropy", cross_entropy_forward, &l, 2, {l.h, l.w}, {"h", "w"}};
  check_operands(&check);
  free(l.targets);
  operands_free(&o);
}

void gradcheck_cross_entropy(void **state) {
  (void)state;
  check_loss(5, 3, 7, DTYPE_F32);
  check_loss(6, 2, 1, DTYPE_F32);
  check_loss(0, 3, 7, DTYPE_F32);
  check_loss(4, 5, 9, DTYPE_BF16);
  check_loss(4, 5, 9, DTYPE_F16);
  check_loss(530, 1, 3, DTYPE_F32); /* three blocks of rows */
}

/* Negative log-likelihoods, and the losses on those of choices */

static Tensor *token_nll_forward(Context *c, void *arg) {
  LossCase *l = arg;
  return op_token_nll(c, l->h, l->w, 0.7f, l->targets);
}

void gradcheck_token_nll(void **state) {
  (void)state;
  static const int64_t tokens[] = {0, 5, 530};
  for (int i = 0; i < 3; i++) {
    Operands o = {0};
    int32_t targets[530];
    for (int t = 0; t < 530; t++) targets[t] = t * t % 7;
    LossCase l = {operands_new(&o, tokens[i], 3), operands_new(&o, 7, 3), targets};
    Gradcheck check = {"token_nll", token_nll_forward, &l, 2, {l.h, l.w}, {"h", "w"}};
    check_operands(&check);
    operands_free(&o);
  }
}

typedef struct ChoiceCase {
  Tensor *nll;
  ChoiceSpec spec;
} ChoiceCase;

static Tensor *choice_loss_forward(Context *c, void *arg) {
  ChoiceCase *k = arg;
  return op_choice_loss(c, k->nll, &k->spec);
}

void gradcheck_choice_loss(void **state) {
  (void)state;
  static const int64_t token[] = {0, 2, 3, 7, 8, 10, 13}, choice[] = {0, 3, 4, 6},
                       right[] = {1, 3, 4};
  static const double weights[][4] = {
      {1, 0, 0, 1}, {0, 1, 0, 1}, {0, 0, 1, 1}, {0.3, 0.5, 0.2, 1}, {0.3, 0.5, 0.2, 0}};
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
    const double *w = weights[i];
    Operands o = {0};
    ChoiceCase k = {operands_new(&o, 13, 1),
                    {{6, token}, {3, choice}, right, w[0], w[1], w[2], w[3]}};
    for (int t = 0; t < 13; t++) k.nll->data[t] = fabsf(k.nll->data[t]) + 0.2f;
    Gradcheck check = {"choice_loss", choice_loss_forward, &k, 1, {k.nll}, {"nll"}};
    check_operands(&check);
    operands_free(&o);
  }
}
