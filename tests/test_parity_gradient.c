/* Gradients against PyTorch's: every gate vector, every LoRA A and B, every base weight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/parity.h"
#include "tests/scratch.h"

/* Keeping activations or recomputing them; the batch whole or an example at a time. */
enum { WAYS = 4 };

/* The gradients of the loss of the forward `name` over the case's batch, in all ways. */
static void compare_gradients(Parity *p, const char *name, int kinds, Comparison *c) {
  T5Run run = {.model = p->model, .adapters = p->adapters.slot ? &p->adapters : NULL};
  const json_t *batch = json_object_get(p->expected, "batch");
  MicroBatch whole = parity_batch(p, batch);
  float weight = 1 / (float)whole.target.offset[whole.target.count];
  ParityParams params = parity_params(p, kinds);
  for (int way = 0; way < WAYS; way++) {
    run.recompute = way & 1;
    params_zero_grad(params.param, params.count);
    if (way & 2) {
      for (size_t i = 0; i < json_array_size(batch); i++) {
        json_t *one = json_pack("[O]", json_array_get(batch, i));
        MicroBatch m = parity_batch(p, one);
        parity_backward(p, &run, &m, weight);
        parity_batch_free(&m);
        json_decref(one);
      }
    } else {
      parity_backward(p, &run, &whole, weight);
    }
    for (int i = 0; i < params.count; i++) {
      const Tensor *t = params.param[i].tensor;
      int64_t n = tensor_count(t);
      compare(c, params.param[i].name, t->grad,
              parity_want(p, n, "%s.grad.%s", name, params.param[i].name), n);
    }
  }
  parity_params_free(p, &params);
  parity_batch_free(&whole);
}

static void gradients_agree(Parity *p, const char *name, int kinds) {
  Comparison c = compare_begin(PARITY_F32, "%s: gradients of %s", p->name, name);
  parity_expert(p, name);
  compare_gradients(p, name, kinds, &c);
  /* Every golden gradient of this forward was compared, each in every way. */
  size_t golden = 0;
  for (size_t i = 0; i < p->tensors.count; i++) {
    const char *at = p->tensors.entry[i].name;
    golden += !strncmp(at, name, strlen(name)) && !strncmp(at + strlen(name), ".grad.", 6);
  }
  assert_int_equal(c.tensors, golden * WAYS);
  compare_end(&c);
}

static void gates_and_factors(void **state) {
  Parity p;
  parity_open(&p, *state);
  gradients_agree(&p, "expert_all.gated", PARITY_GATES | PARITY_FACTORS);
  gradients_agree(&p, "expert_qv.gated", PARITY_GATES | PARITY_FACTORS);
  parity_close(&p);
}

static void base_weights(void **state) {
  Parity p;
  parity_open(&p, *state);
  gradients_agree(&p, "base", PARITY_WEIGHTS);
  parity_close(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(gates_and_factors, "v1_0"),
      cmocka_unit_test_prestate(gates_and_factors, "v1_1"),
      cmocka_unit_test_prestate(gates_and_factors, "bf16_sharded"),
      cmocka_unit_test_prestate(gates_and_factors, "f16"),
      cmocka_unit_test_prestate(base_weights, "v1_0"),
      cmocka_unit_test_prestate(base_weights, "v1_1"),
  };
  return cmocka_run_group_tests_name("parity: gradient", tests, NULL, NULL);
}
