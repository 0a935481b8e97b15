/* Optimizer steps against torch.optim.AdamW with PyTorch's clipping and transformers' schedule:
 * the loss and the gradient norm of every step and the parameters at the end. Batches come in
 * micro-batches of unequal size, so that a wrong normalisation shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "optim/clip.h"
#include "optim/schedule.h"
#include "tests/parity.h"
#include "tests/scratch.h"

static double recipe_number(const json_t *recipe, const char *key) {
  const json_t *value = json_object_get(recipe, key);
  assert_true(json_is_number(value));
  return json_number_value(value);
}

/* Target tokens of a step's micro-batches. */
static int64_t step_tokens(const Parity *p, const json_t *micro_batches) {
  int64_t tokens = 0;
  for (size_t i = 0; i < json_array_size(micro_batches); i++) {
    MicroBatch m = parity_batch(p, json_array_get(micro_batches, i));
    tokens += m.target.offset[m.target.count];
    parity_batch_free(&m);
  }
  return tokens;
}

static double accumulate_step(Parity *p, const T5Run *run, const json_t *micro_batches) {
  float weight = 1 / (float)step_tokens(p, micro_batches);
  double loss = 0;
  for (size_t i = 0; i < json_array_size(micro_batches); i++) {
    MicroBatch m = parity_batch(p, json_array_get(micro_batches, i));
    loss += parity_backward(p, run, &m, weight);
    parity_batch_free(&m);
  }
  return loss;
}

static void train_recipe(Parity *p, const T5Run *run, const json_t *recipe, ParityParams *params,
                         Comparison *c) {
  AdamW rule = adamw_defaults();
  rule.weight_decay = recipe_number(recipe, "weight_decay");
  rule.eps = recipe_number(recipe, "eps");
  const json_t *steps = json_object_get(recipe, "steps");
  int64_t warmup = (int64_t)recipe_number(recipe, "warmup"),
          count = (int64_t)json_array_size(steps);
  for (int64_t s = 0; s < count; s++) {
    const json_t *step = json_array_get(steps, (size_t)s);
    char label[32];
    params_zero_grad(params->param, params->count);
    snprintf(label, sizeof label, "loss of step %d", (int)s);
    compare_value(c, label, accumulate_step(p, run, json_object_get(step, "micro_batches")),
                  recipe_number(step, "loss"));
    double norm = params_grad_norm(params->param, params->count);
    snprintf(label, sizeof label, "gradient norm of step %d", (int)s);
    compare_value(c, label, norm, recipe_number(step, "grad_norm"));
    double lr = recipe_number(recipe, "lr") * schedule_factor(SCHEDULE_CONSTANT, s, count, warmup);
    adamw_update(&rule, params->param, params->count, s + 1, lr,
                 clip_factor(norm, recipe_number(recipe, "clip")), p->c.threads);
  }
}

static void training_agrees(Parity *p, const char *what, int kinds, bool recompute) {
  const json_t *recipe = json_object_get(json_object_get(p->expected, "train"), what);
  assert_non_null(recipe);
  T5Run run = {p->model, p->adapters.slot ? &p->adapters : NULL, recompute};
  Comparison c =
      compare_begin(PARITY_F32, "%s: %s, %s", p->name, what, recompute ? "recomputed" : "kept");
  ParityParams params = parity_params(p, kinds);
  train_recipe(p, &run, recipe, &params, &c);
  for (int i = 0; i < params.count; i++) {
    const Tensor *t = params.param[i].tensor;
    int64_t n = tensor_count(t);
    compare(&c, params.param[i].name, t->data,
            parity_want(p, n, "train.%s.%s", what, params.param[i].name), n);
  }
  parity_params_free(p, &params);
  compare_end(&c);
}

static void gates_agree(void **state) {
  Parity p;
  parity_open(&p, *state);
  for (int recompute = 0; recompute < 2; recompute++) {
    parity_zero_gates(&p, "expert_all");
    training_agrees(&p, "gate", PARITY_GATES, recompute);
  }
  parity_close(&p);
}

static void factors_agree(void **state) {
  Parity p;
  parity_open(&p, *state);
  for (int recompute = 0; recompute < 2; recompute++) {
    parity_expert(&p, "expert_all");
    training_agrees(&p, "lora", PARITY_FACTORS, recompute);
  }
  parity_close(&p);
}

static void base_weights(void **state) {
  Parity p;
  parity_open(&p, *state);
  for (int recompute = 0; recompute < 2; recompute++) {
    training_agrees(&p, "base", PARITY_WEIGHTS, recompute);
  }
  parity_close(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(gates_agree, "v1_0"),
      cmocka_unit_test_prestate(gates_agree, "v1_1"),
      cmocka_unit_test_prestate(factors_agree, "v1_0"),
      cmocka_unit_test_prestate(factors_agree, "v1_1"),
      cmocka_unit_test_prestate(base_weights, "v1_0"),
      cmocka_unit_test_prestate(base_weights, "v1_1"),
  };
  return cmocka_run_group_tests_name("parity: training", tests, NULL, NULL);
}
