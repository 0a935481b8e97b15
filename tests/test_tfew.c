/* The losses of T-Few on choices, their gradients, and training an (IA)3 by them, against PyTorch,
 * PEFT and the Adafactor of transformers (tests/oracle/tfew.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/adapter/ia3.h"
#include "optim/adafactor.h"
#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "train/choice_loss.h"

enum { EXAMPLES = 4, CHOICES = 16, TOKENS = 64 };

/* Some of the examples, by hand. */
typedef struct Ids {
  int32_t input[TOKENS], decoder[TOKENS], target[TOKENS];
  int64_t in_at[EXAMPLES + 1], choice_at[EXAMPLES + 1], out_at[CHOICES + 1], right[EXAMPLES];
} Ids;

typedef struct Case {
  json_t *expected;
  TensorTable tensors;
  T5 *model;
  Ia3 *ia3;
  AdapterSet adapters;
  Ids ids[EXAMPLES];
  MicroBatch micro[EXAMPLES];
  Batch batch; /* of all examples, cut as the test likes */
} Case;

static int64_t copy_ids(const json_t *list, int32_t *to) {
  for (size_t i = 0; i < json_array_size(list); i++)
    to[i] = (int32_t)json_integer_value(json_array_get(list, i));
  return (int64_t)json_array_size(list);
}

static void add_choices(Case *k, Ids *ids, const json_t *choices, int64_t *targets) {
  for (size_t i = 0; i < json_array_size(choices); i++) {
    int64_t at = ids->out_at[*targets];
    int64_t n = copy_ids(json_array_get(choices, i), ids->target + at);
    assert_true(at + n <= TOKENS && *targets < CHOICES);
    ids->decoder[at] = k->model->config.decoder_start_id;
    memcpy(ids->decoder + at + 1, ids->target + at, (size_t)(n - 1) * sizeof *ids->decoder);
    ids->out_at[++*targets] = at + n;
    if (n > k->batch.longest_choice) k->batch.longest_choice = n;
    k->batch.choices++;
  }
}

/* Examples [from, to) as one more micro-batch. */
static void add_micro(Case *k, size_t from, size_t to) {
  Ids *ids = &k->ids[k->batch.count];
  int64_t inputs = 0, targets = 0;
  for (size_t i = from; i < to; i++, inputs++) {
    const json_t *e = json_array_get(json_object_get(k->expected, "examples"), i),
                 *choices = json_object_get(e, "choices");
    int64_t right = json_integer_value(json_object_get(e, "right"));
    ids->in_at[inputs + 1] =
        ids->in_at[inputs] + copy_ids(json_object_get(e, "input"), ids->input + ids->in_at[inputs]);
    ids->right[inputs] = targets + right;
    add_choices(k, ids, choices, &targets);
    ids->choice_at[inputs + 1] = targets;
    k->batch.right_tokens += (int64_t)json_array_size(json_array_get(choices, (size_t)right));
  }
  k->micro[k->batch.count++] = (MicroBatch){.input_ids = ids->input,
                                            .decoder_ids = ids->decoder,
                                            .target_ids = ids->target,
                                            .input = {inputs, ids->in_at},
                                            .target = {targets, ids->out_at},
                                            .choice = {inputs, ids->choice_at},
                                            .right = ids->right};
  k->batch.examples += inputs;
  k->batch.target_tokens += ids->out_at[targets];
}

static const float *golden(const Case *k, const char *kind, int module, int64_t n) {
  char name[200];
  snprintf(name, sizeof name, "%s.%s", kind, k->model->modules.module[module].name);
  const TensorEntry *e = tensor_table_find(&k->tensors, name);
  if (!e) fail_msg("no golden tensor %s", name);
  assert_int_equal(e->size, (size_t)n * sizeof(float));
  return (const void *)e->data;
}

/* The batch cut into micro-batches of `size` examples. */
static Case *open_case(size_t size) {
  Case *k = calloc(1, sizeof *k);
  Error err = {0};
  assert_non_null(k);
  char *tensors = golden_path("tfew/expected.safetensors"), *base = golden_path("v1_1/base");
  k->expected = golden_json("tfew/expected.json");
  expect_ok(tensors, tensor_table_open(&k->tensors, tensors, &err), &err);
  expect_ok(base, t5_open(&k->model, base, &err), &err);
  expect_ok("ia3", ia3_new(&k->ia3, &k->model->modules, "k,v,wo", "wo", &err), &err);
  expect_ok("slots", ia3_adapters(k->ia3, &k->adapters, &err), &err);
  for (int i = 0; i < k->ia3->count; i++) {
    Tensor *l = &k->ia3->vector[i].l;
    if (l->rows == 0) continue;
    memcpy(l->data, golden(k, "start", i, l->cols), (size_t)l->cols * sizeof(float));
  }
  k->batch.micro = k->micro;
  for (size_t i = 0; i < EXAMPLES; i += size) add_micro(k, i, i + size);
  free(tensors);
  free(base);
  return k;
}

static void close_case(Case *k) {
  free(k->adapters.slot);
  ia3_close(k->ia3);
  t5_close(k->model);
  tensor_table_close(&k->tensors);
  json_decref(k->expected);
  free(k);
}

/* The vectors as parameters; returns how many. */
static int64_t list_params(const Case *k, Param *param) {
  int64_t n = 0;
  for (int i = 0; i < k->ia3->count; i++) {
    if (ia3_covers(k->ia3->vector, i))
      param[n++] =
          (Param){.name = k->model->modules.module[i].name, .tensor = &k->ia3->vector[i].l};
  }
  return n;
}

/* An update that leaves the parameters and their gradients as they are. */
static void keep(const void *rule, Param *params, int64_t n, const OptimizerStep *step) {
  (void)rule, (void)params, (void)n, (void)step;
}

static double number(const json_t *o, const char *key) {
  return json_number_value(json_object_get(o, key));
}

static double step_once(Case *k, Stepper *s, Param *param, int64_t params, Optimizer optimizer,
                        int64_t update) {
  Error err = {0};
  StepResult result;
  Learner l = {k->model, &k->adapters, param, params, optimizer, 1};
  double rate = number(json_object_get(k->expected, "train"), "lr");
  expect_ok("step", step_train(s, &l, &k->batch, update, (float)rate, &result, &err), &err);
  assert_false(result.skipped);
  return result.loss;
}

static void expect_loss(const char *name, double got, double want) {
  if (!(fabs(got - want) <= 1e-4 * fabs(want)))
    fail_msg("%s: loss %.8g, want %.8g", name, got, want);
}

/* Whole or cut, recomputed or not, and what masked tokens add. */
static void losses_and_gradients_agree(void **state) {
  (void)state;
  Comparison gradients = compare_begin(PARITY_F32, "gradients of T-Few's losses");
  for (size_t size = 1; size <= EXAMPLES; size *= 2) {
    Case *k = open_case(size);
    Param param[64];
    int64_t params = list_params(k, param);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(k->expected, "cases"), name, value) {
      LossSettings loss = {number(value, "language"), number(value, "choice"),
                           number(value, "unlikely"), number(value, "length_norm"), size == 2};
      Stepper s;
      Error err = {0};
      double plain;
      char grad[64];
      expect_ok("stepper", stepper_init(&s, 2, size == 4, PRECISION_F32, &err), &err);
      s.loss = choice_loss(&loss);
      double got = step_once(k, &s, param, params, (Optimizer){NULL, keep}, 1);
      expect_loss(name, got, number(value, size == 2 ? "with_masked" : "loss"));
      expect_ok("loss", step_loss(&s, k->model, &k->adapters, &k->batch, &plain, &err), &err);
      assert_true(plain >= got && plain <= got); /* with a tape as without */
      snprintf(grad, sizeof grad, "grad.%s", name);
      for (int i = 0; i < k->ia3->count; i++) {
        const Tensor *l = &k->ia3->vector[i].l;
        if (l->rows > 0) compare(&gradients, grad, l->grad, golden(k, grad, i, l->cols), l->cols);
      }
      stepper_free(&s);
    }
    close_case(k);
  }
  compare_end(&gradients);
}

static void training_agrees(void **state) {
  (void)state;
  Case *k = open_case(2);
  Param param[64];
  int64_t params = list_params(k, param);
  LossSettings loss = {1, 1, 1, 1, false};
  Adafactor rule = adafactor_defaults();
  Stepper s;
  Error err = {0};
  Comparison trained = compare_begin(PARITY_F32, "vectors after training");
  expect_ok("stepper", stepper_init(&s, 2, false, PRECISION_F32, &err), &err);
  expect_ok("moments", params_init(param, params, &err), &err);
  s.loss = choice_loss(&loss);
  const json_t *losses = json_object_get(json_object_get(k->expected, "train"), "losses");
  for (size_t i = 0; i < json_array_size(losses); i++) {
    double got = step_once(k, &s, param, params, adafactor_optimizer(&rule), (int64_t)i + 1);
    expect_loss("training", got, json_number_value(json_array_get(losses, i)));
  }
  for (int i = 0; i < k->ia3->count; i++) {
    const Tensor *l = &k->ia3->vector[i].l;
    if (l->rows > 0)
      compare(&trained, "vector", l->data, golden(k, "trained", i, l->cols), l->cols);
  }
  compare_end(&trained);
  params_free(param, params);
  stepper_free(&s);
  close_case(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_and_gradients_agree),
      cmocka_unit_test(training_agrees),
  };
  return cmocka_run_group_tests_name("T-Few: parity with PyTorch", tests, NULL, NULL);
}
