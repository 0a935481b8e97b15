/* The gradients of a mixture of experts: of its logits, its input and what it is added to, and through
 * the adapter, whose gates learn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "tests/gradchecks.h"
#include "tests/operands.h"

enum { EXPERTS = 4 };

typedef struct RoutedCase {
  Operands o;
  Tensor *y, *x, *z, *w;
  LowRank expert[EXPERTS];
  Routed routed;
  Adapter adapter;
} RoutedCase;

/* Experts of ranks 1, 2, 3; the last one has nothing here. */
static void make(RoutedCase *m, int64_t tokens, int64_t d_in, int64_t d_out, int top_k) {
  *m = (RoutedCase){.x = NULL};
  m->x = operands_new(&m->o, tokens, d_in);
  for (int e = 0; e < EXPERTS - 1; e++)
    m->expert[e] =
        (LowRank){operands_new(&m->o, e + 1, d_in), operands_new(&m->o, d_out, e + 1), 0.5F};
  m->routed = (Routed){.expert = m->expert, .experts = EXPERTS, .top_k = top_k};
}

static Tensor *routed_forward(Context *c, void *arg) {
  RoutedCase *m = arg;
  return op_routed(c, m->y, m->x, m->z, &m->routed);
}

/* Logits lie 1/2 apart, further than they are moved, in an order that changes from row to row. */
static void check_routed(int64_t tokens, int64_t d_in, int64_t d_out, int top_k) {
  RoutedCase m;
  make(&m, tokens, d_in, d_out, top_k);
  m.y = operands_new(&m.o, tokens, d_out);
  m.z = operands_new(&m.o, tokens, EXPERTS);
  for (int64_t t = 0; t < tokens; t++)
    for (int64_t e = 0; e < EXPERTS; e++)
      m.z->data[t * EXPERTS + e] = 0.5F * (float)((e * 3 + t) % EXPERTS);
  Gradcheck check = {"routed", routed_forward, &m, 3, {m.y, m.x, m.z}, {"y", "x", "z"}};
  check_operands(&check);
  operands_free(&m.o);
}

static Tensor *linear_forward(Context *c, void *arg) {
  RoutedCase *m = arg;
  return op_linear(c, m->x, m->w, &m->adapter);
}

/* All experts, so that no choice changes. */
static void check_adapter(int64_t tokens, int64_t d_in, int64_t d_out) {
  RoutedCase m;
  make(&m, tokens, d_in, d_out, EXPERTS);
  m.w = operands_new(&m.o, d_out, d_in);
  m.routed.gates = operands_new(&m.o, EXPERTS, d_in);
  m.routed.one = operands_new(&m.o, 1, d_in);
  m.routed.zero = operands_new(&m.o, 1, d_in);
  for (int64_t i = 0; i < d_in; i++) m.routed.one->data[i] = 1, m.routed.zero->data[i] = 0;
  m.adapter = (Adapter){.kind = &adapter_routed, .routed = &m.routed};
  Gradcheck check = {"linear",           linear_forward, &m, 3, {m.x, m.w, m.routed.gates},
                     {"x", "w", "gates"}};
  check_operands(&check);
  operands_free(&m.o);
}

void gradcheck_routed(void **state) {
  (void)state;
  check_routed(5, 4, 3, 2);
  check_routed(6, 3, 4, 1);
  check_routed(4, 5, 2, EXPERTS);
  check_routed(0, 3, 2, 2);
  check_routed(1, 1, 1, 9); /* more than there are */
  check_routed(70, 2, 1, 2);
  check_adapter(5, 6, 3);
}
