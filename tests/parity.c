#include "tests/parity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "tests/scratch.h"

static void *filled(size_t bytes) {
  void *at = calloc(1, bytes ? bytes : 1);
  assert_non_null(at);
  return at;
}

void parity_open(Parity *p, const char *name) {
  blas_init();
  *p = (Parity){.name = name, .tape = tape_new()};
  p->c = context_make(arena_new(), p->tape, 1, &p->error);
  assert_non_null(p->tape);
  assert_non_null(p->c.arena);
  char file[256];
  snprintf(file, sizeof file, "%s/expected.json", name);
  p->expected = golden_json(file);
  char *tensors = golden_path("%s/expected.safetensors", name),
       *base = golden_path("%s/base", name);
  expect_ok(tensors, tensor_table_open(&p->tensors, tensors, &p->error), &p->error);
  expect_ok(base, t5_open(&p->model, base, &p->error), &p->error);
  free(tensors);
  free(base);
}

static void expert_off(Parity *p) {
  free(p->adapters.slot);
  p->adapters = (AdapterSet){0};
  gate_close(p->gate);
  p->gate = NULL;
  lora_close(p->lora);
  p->lora = NULL;
}

void parity_close(Parity *p) {
  expert_off(p);
  t5_close(p->model);
  tensor_table_close(&p->tensors);
  json_decref(p->expected);
  tape_free(p->tape);
  arena_free(p->c.arena);
}

const float *parity_want(const Parity *p, int64_t n, const char *format, ...) {
  char name[256];
  va_list args;
  va_start(args, format);
  vsnprintf(name, sizeof name, format, args);
  va_end(args);
  const TensorEntry *e = tensor_table_find(&p->tensors, name);
  if (!e) fail_msg("%s: no golden tensor %s", p->name, name);
  assert_string_equal(e->dtype, "F32");
  if (e->size != (size_t)n * sizeof(float)) {
    fail_msg("%s: %s has %zu bytes, want %lld numbers", p->name, name, e->size, (long long)n);
  }
  assert_int_equal((uintptr_t)e->data % sizeof(float), 0);
  return (const void *)e->data;
}

static void open_expert(Parity *p, const char *name) {
  expert_off(p);
  char *dir = golden_path("%s/%s", p->name, name);
  expect_ok(dir, lora_open(&p->lora, dir, &p->model->modules, &p->error), &p->error);
  free(dir);
}

void parity_zero_gates(Parity *p, const char *name) {
  open_expert(p, name);
  expect_ok(name, gate_new(&p->gate, &(Expert){.lora = p->lora}, &p->model->modules, &p->error),
            &p->error);
  expect_ok(name, gate_adapters(p->gate, &(Expert){.lora = p->lora}, &p->adapters, &p->error),
            &p->error);
}

static void golden_gates(Parity *p, const char *name) {
  parity_zero_gates(p, name);
  for (int i = 0; i < p->gate->count; i++) {
    Tensor *v = &p->gate->vector[i];
    if (!v->rows) continue;
    const float *want =
        parity_want(p, v->cols, "%s.gate.%s", name, p->model->modules.module[i].name);
    memcpy(v->data, want, (size_t)v->cols * sizeof *want);
  }
}

void parity_expert(Parity *p, const char *name) {
  char expert[64];
  snprintf(expert, sizeof expert, "%s", name);
  char *dot = strchr(expert, '.');
  if (dot) *dot = '\0';
  if (strncmp(expert, "expert", 6) != 0) return expert_off(p);
  if (dot) return golden_gates(p, expert);
  open_expert(p, expert);
  expect_ok(name, lora_adapters(p->lora, &p->adapters, &p->error), &p->error);
}

static int64_t list_size(const json_t *example, const char *key) {
  const json_t *list = json_object_get(example, key);
  assert_true(json_array_size(list) > 0);
  return (int64_t)json_array_size(list);
}

static void copy_ids(const json_t *example, const char *key, int32_t *ids) {
  const json_t *list = json_object_get(example, key);
  for (size_t i = 0; i < json_array_size(list); i++) {
    ids[i] = (int32_t)json_integer_value(json_array_get(list, i));
  }
}

MicroBatch parity_batch(const Parity *p, const json_t *indices) {
  const json_t *examples = json_object_get(p->expected, "examples");
  size_t count = json_array_size(indices);
  int64_t *in = filled((count + 1) * sizeof *in), *out = filled((count + 1) * sizeof *out);
  const json_t **example = filled(count * sizeof *example);
  for (size_t i = 0; i < count; i++) {
    size_t at = (size_t)json_integer_value(json_array_get(indices, i));
    example[i] = json_array_get(examples, at);
    in[i + 1] = in[i] + list_size(example[i], "input");
    out[i + 1] = out[i] + list_size(example[i], "target");
  }
  MicroBatch m = {.input_ids = filled((size_t)in[count] * sizeof(int32_t)),
                  .decoder_ids = filled((size_t)out[count] * sizeof(int32_t)),
                  .target_ids = filled((size_t)out[count] * sizeof(int32_t)),
                  .input = {(int64_t)count, in},
                  .target = {(int64_t)count, out}};
  for (size_t i = 0; i < count; i++) {
    copy_ids(example[i], "input", m.input_ids + in[i]);
    copy_ids(example[i], "target", m.target_ids + out[i]);
    m.decoder_ids[out[i]] = p->model->config.decoder_start_id;
    memcpy(m.decoder_ids + out[i] + 1, m.target_ids + out[i],
           (size_t)(out[i + 1] - out[i] - 1) * sizeof(int32_t));
  }
  free(example);
  return m;
}

void parity_batch_free(MicroBatch *m) {
  free(m->input_ids);
  free(m->decoder_ids);
  free(m->target_ids);
  free((void *)(uintptr_t)m->input.offset);
  free((void *)(uintptr_t)m->target.offset);
}

Tensor *parity_loss(Parity *p, const T5Run *run, const MicroBatch *m, float weight, float *nll) {
  Tensor *loss = t5_loss(&p->c, run, m, weight, nll);
  expect_ok(p->name, p->error.status, &p->error);
  return loss;
}

double parity_backward(Parity *p, const T5Run *run, const MicroBatch *m, float weight) {
  ArenaMark mark = arena_mark(p->c.arena);
  p->c.tape = p->tape;
  Tensor *loss = parity_loss(p, run, m, weight, NULL);
  double value = (double)loss->data[0];
  tape_seed(&p->c, loss, 1);
  tape_backward(&p->c, 0);
  expect_ok(p->name, p->error.status, &p->error);
  tape_clear(p->tape);
  arena_release(p->c.arena, mark);
  return value;
}

static void add_param(ParityParams *params, Tensor *t, const char *name, const char *suffix) {
  char *full = NULL;
  assert_true(asprintf(&full, "%s%s", name, suffix) > 0);
  params->param[params->count++] = (Param){.name = full, .tensor = t};
}

/* An owned f32 copy that needs a gradient. */
static Tensor trainable(Parity *p, const Tensor *t) {
  Tensor copy;
  expect_ok(p->name, tensor_create(&copy, t->rows, t->cols, true, &p->error), &p->error);
  dtype_widen(copy.data, t->store, t->dtype, (size_t)tensor_count(t));
  return copy;
}

static void thaw_factor(Parity *p, Tensor *t) {
  Tensor copy = trainable(p, t);
  tensor_destroy(t);
  *t = copy;
}

static void add_expert(Parity *p, ParityParams *params, int kinds) {
  for (int i = 0; i < p->model->modules.count; i++) {
    const char *name = p->model->modules.module[i].name;
    if (!p->lora->factor[i].a.rows) continue;
    if (kinds & PARITY_GATES) add_param(params, &p->gate->vector[i], name, ".gate");
    if (!(kinds & PARITY_FACTORS)) continue;
    thaw_factor(p, &p->lora->factor[i].a);
    thaw_factor(p, &p->lora->factor[i].b);
    add_param(params, &p->lora->factor[i].a, name, ".lora_A");
    add_param(params, &p->lora->factor[i].b, name, ".lora_B");
  }
}

static void add_weights(Parity *p, ParityParams *params) {
  params->frozen = filled((size_t)p->model->tensors * sizeof *params->frozen);
  for (int i = 0; i < p->model->tensors; i++) {
    Tensor *t = p->model->tensor[i].tensor;
    params->frozen[i] = *t;
    *t = trainable(p, t);
    add_param(params, t, p->model->tensor[i].name, "");
  }
}

ParityParams parity_params(Parity *p, int kinds) {
  size_t most = (size_t)(p->model->modules.count * 3 + p->model->tensors);
  ParityParams params = {.param = filled(most * sizeof(Param))};
  if (kinds & (PARITY_GATES | PARITY_FACTORS)) add_expert(p, &params, kinds);
  if (kinds & PARITY_WEIGHTS) add_weights(p, &params);
  expect_ok(p->name, params_init(params.param, params.count, &p->error), &p->error);
  return params;
}

void parity_params_free(Parity *p, ParityParams *params) {
  params_free(params->param, params->count);
  for (int i = 0; i < params->count; i++) free((void *)(uintptr_t)params->param[i].name);
  free(params->param);
  for (int i = 0; params->frozen && i < p->model->tensors; i++) {
    tensor_destroy(p->model->tensor[i].tensor);
    *p->model->tensor[i].tensor = params->frozen[i];
  }
  free(params->frozen);
}
