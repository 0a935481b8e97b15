/* Gates: what is made is saved and opened, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* A model, an expert on q and wo, its gates and what is recorded with them. */
typedef struct World {
  T5 *model;
  Lora *lora;
  Gate *gate;
  GateInfo info;
} World;

static World world_open(void) {
  Error err = {0};
  World w = {.model = tiny_model(true, false)};
  w.lora = tiny_lora(w.model, "q,wo", 3, 1);
  w.gate = tiny_gate(w.lora, w.model, 2);
  w.info = (GateInfo){
      .recipe = "phatgoose", .steps = 100, .seed = UINT64_MAX, .verdict = VERDICT_BARELY};
  expect_ok("hash", t5_fingerprint(w.model, w.info.base, &err), &err);
  memcpy(w.info.expert, w.lora->fingerprint, HASH_HEX);
  return w;
}

static void world_close(World *w) {
  gate_close(w->gate);
  lora_close(w->lora);
  t5_close(w->model);
}

static void a_new_gate_is_zero_where_the_expert_is(void **state) {
  (void)state;
  Error err = {0};
  World w = world_open();
  Gate *gate;
  expect_ok("new", gate_new(&gate, &(Expert){.lora = w.lora}, &w.model->modules, &err), &err);
  assert_int_equal(gate->count, w.model->modules.count);
  for (int i = 0; i < gate->count; i++) {
    const Tensor *v = &gate->vector[i];
    assert_int_equal(v->rows, w.lora->factor[i].a.rows > 0);
    if (v->rows == 0) continue;
    assert_true(v->cols == w.model->linear[i].weight.cols && v->needs_grad);
    for (int64_t k = 0; k < v->cols; k++) assert_true(v->data[k] == 0);
  }
  gate_close(gate);
  world_close(&w);
}

static void what_is_saved_is_opened(void **state) {
  Scratch *s = *state;
  Error err = {0};
  World w = world_open();
  Gate *gate;
  GateInfo info;
  const char *path = scratch_path(s, "gate.safetensors");
  expect_ok("save", gate_save(w.gate, &w.model->modules, path, &w.info, &err), &err);
  expect_ok("open",
            gate_open(&gate, path, &(Expert){.lora = w.lora}, &w.model->modules,
                      tiny_fingerprint(w.model).hex, &info, &err),
            &err);
  assert_string_equal(info.base, w.info.base);
  assert_string_equal(info.expert, w.info.expert);
  assert_string_equal(info.recipe, "phatgoose");
  assert_true(info.steps == 100 && info.seed == UINT64_MAX);
  assert_int_equal(info.verdict, VERDICT_BARELY);
  for (int i = 0; i < gate->count; i++) {
    const Tensor *v = &gate->vector[i];
    assert_int_equal(v->rows, w.gate->vector[i].rows);
    assert_false(v->needs_grad);
    if (v->rows == 0) continue;
    assert_memory_equal(v->data, w.gate->vector[i].data, (size_t)v->cols * sizeof *v->data);
  }
  gate_close(gate);
  world_close(&w);
}

/* The names and shapes in the file are those of the format. */
static void the_file_is_as_documented(void **state) {
  Scratch *s = *state;
  Error err = {0};
  World w = world_open();
  TensorTable file;
  const char *path = scratch_path(s, "gate.safetensors");
  expect_ok("save", gate_save(w.gate, &w.model->modules, path, &w.info, &err), &err);
  expect_ok("open", tensor_table_open(&file, path, &err), &err);
  assert_int_equal(file.count, 8 + 5); /* q: 2 + 3 + 3; wo: 2 + 3 */
  const TensorEntry *e = tensor_table_find(&file, "decoder.block.2.layer.2.DenseReluDense.wo.gate");
  assert_non_null(e);
  assert_string_equal(e->dtype, "F32");
  assert_int_equal(e->rank, 1);
  assert_int_equal(e->shape[0], 40);
  assert_string_equal(tensor_table_meta(&file, "format"), "skein-gate");
  assert_string_equal(tensor_table_meta(&file, "version"), "1");
  assert_string_equal(tensor_table_meta(&file, "seed"), "18446744073709551615");
  tensor_table_close(&file);
  world_close(&w);
}

enum { META = 8 };

/* A gate file changed in one place. */
typedef struct Edit {
  const char *key, *value; /* this metadata key gets the value; NULL: it is left out */
  const char *from, *to;   /* this tensor gets another name; NULL: it is left out */
  int64_t shorter;         /* taken from the length of the first tensor */
  const char *extra;       /* one tensor more */
} Edit;

static const char *write_edited(Scratch *s, World *w, const Edit *e) {
  TensorMeta meta[META] = {{"format", "skein-gate"},
                           {"version", "1"},
                           {"base", w->info.base},
                           {"expert", w->info.expert},
                           {"recipe", w->info.recipe},
                           {"steps", "7"},
                           {"seed", "8"},
                           {"verdict", "trained"}};
  SafetensorsItem items[64];
  char names[64][96];
  Error err = {0};
  size_t m = 0, n = 0;
  for (size_t i = 0; i < META; i++) {
    bool hit = e->key && strcmp(meta[i].key, e->key) == 0;
    if (hit && !e->value) continue;
    meta[m++] = (TensorMeta){meta[i].key, hit ? (char *)(uintptr_t)e->value : meta[i].value};
  }
  for (int i = 0; i < w->gate->count; i++) {
    const Tensor *v = &w->gate->vector[i];
    if (v->rows == 0) continue;
    snprintf(names[n], sizeof names[n], "%s.gate", w->model->modules.module[i].name);
    bool hit = e->from && strcmp(names[n], e->from) == 0;
    if (hit && !e->to) continue;
    items[n] = (SafetensorsItem){hit ? e->to : names[n],         DTYPE_F32, v->data, 1,
                                 v->cols - (n ? 0 : e->shorter), true};
    n++;
  }
  if (e->extra) items[n++] = (SafetensorsItem){e->extra, DTYPE_F32, items[0].data, 1, 3, true};
  const char *path = scratch_path(s, "gate.safetensors");
  expect_ok("write", safetensors_write(path, items, n, meta, m, &err), &err);
  return path;
}

#define FIRST "encoder.block.0.layer.0.SelfAttention.q.gate"
#define OTHER "encoder.block.0.layer.0.SelfAttention.k.gate"

static void every_refusal(void **state) {
  static const struct {
    Edit edit;
    Status status;
    const char *words;
  } cases[] = {
      {{.key = "format"}, STATUS_INPUT, "gate.safetensors: __metadata__: format: |missing"},
      {{.key = "format", .value = "pt"}, STATUS_INPUT, "format: |\"pt\"|\"skein-gate\""},
      {{.key = "version", .value = "2"}, STATUS_INPUT, "version: |\"2\"|\"1\""},
      {{.key = "base"}, STATUS_INPUT, "base: |missing"},
      {{.key = "base", .value = "00ff"}, STATUS_MISMATCH, "base: |00ff"},
      {{.key = "expert", .value = "00ff"}, STATUS_MISMATCH, "expert: |00ff"},
      {{.key = "recipe", .value = "a name that is much too long for it"}, STATUS_INPUT, "recipe: "},
      {{.key = "steps", .value = "-1"}, STATUS_INPUT, "steps: |\"-1\""},
      {{.key = "steps", .value = "9223372036854775808"}, STATUS_INPUT, "steps: "},
      {{.key = "seed", .value = ""}, STATUS_INPUT, "seed: "},
      {{.key = "seed"}, STATUS_INPUT, "seed: |missing"},
      {{.key = "seed", .value = "18446744073709551616"}, STATUS_INPUT, "seed: "},
      {{.key = "verdict", .value = "yes"}, STATUS_INPUT, "verdict: |\"yes\"|\"barely\""},
      {{.from = FIRST}, STATUS_MISMATCH, FIRST},
      {{.from = FIRST, .to = OTHER}, STATUS_MISMATCH, FIRST},
      {{.extra = OTHER}, STATUS_MISMATCH, OTHER},
      {{.shorter = 1}, STATUS_MISMATCH, FIRST "|23|24"},
  };
  World w = world_open();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Gate *gate;
    GateInfo info;
    const char *path = write_edited(*state, &w, &cases[i].edit);
    Status got = gate_open(&gate, path, &(Expert){.lora = w.lora}, &w.model->modules,
                           tiny_fingerprint(w.model).hex, &info, &err);
    assert_null(gate);
    expect_error(cases[i].words, got, &err, cases[i].status, cases[i].words);
  }
  world_close(&w);
}

/* A gate of unverified provenance says so, and what routers may do with it; it has no recipe. */
static void unverified_gates_say_so(void **state) {
  World w = world_open();
  for (int form = GATE_RAW; form <= GATE_DIRECTIONS; form++) {
    Error err = {0};
    Gate *gate;
    GateInfo info, given = {.unverified = true, .form = (GateForm)form, .steps = 7};
    memcpy(given.base, w.info.base, HASH_HEX);
    memcpy(given.expert, w.info.expert, HASH_HEX);
    const char *path = scratch_path(*state, "unverified.safetensors");
    expect_ok("save", gate_save(w.gate, &w.model->modules, path, &given, &err), &err);
    expect_ok("open",
              gate_open(&gate, path, &(Expert){.lora = w.lora}, &w.model->modules, w.info.base,
                        &info, &err),
              &err);
    assert_true(info.unverified);
    assert_int_equal(info.form, form);
    assert_int_equal(info.steps, 0);
    assert_string_equal(info.recipe, "");
    gate_close(gate);
  }
  world_close(&w);
}

static void other_provenances_are_refused(void **state) {
  static const char *const PAIR[][3] = {
      {"provenance", "trusted", "provenance: |\"trusted\"|\"unverified\""},
      {"vectors", "raw", "vectors: |\"raw\"|\"standardised\""},
      {"vectors", "trained", "vectors: |\"trained\""},
  };
  World w = world_open();
  for (size_t i = 0; i < sizeof PAIR / sizeof *PAIR; i++) {
    Error err = {0};
    VectorFile f;
    GateInfo info;
    float x = 1;
    char *key = (char *)(uintptr_t)PAIR[i][0], *value = (char *)(uintptr_t)PAIR[i][1];
    char unverified[] = "unverified", provenance[] = "provenance", base[] = "base",
         expert[] = "expert", format[] = "format", version[] = "version";
    TensorMeta meta[] = {{format, (char *)(uintptr_t)GATE_FORMAT},
                         {version, (char *)(uintptr_t)VECTOR_VERSION},
                         {base, w.info.base},
                         {expert, w.info.expert},
                         {key, value},
                         {provenance, unverified}};
    const SafetensorsItem item = {"x.gate", DTYPE_F32, &x, 1, 1, true};
    const char *path = scratch_path(*state, "odd.safetensors");
    expect_ok("write", safetensors_write(path, &item, 1, meta, i == 0 ? 5 : 6, &err), &err);
    expect_ok("open", vector_file_open(&f, path, GATE_FORMAT, &err), &err);
    expect_error(PAIR[i][2], gate_info_read(&f, &info, &err), &err, STATUS_INPUT, PAIR[i][2]);
    vector_file_close(&f);
  }
  world_close(&w);
}

static void another_expert_or_base_is_refused(void **state) {
  Error err = {0};
  World w = world_open();
  Gate *gate;
  GateInfo info;
  const char *path = write_edited(*state, &w, &(Edit){0});
  expect_ok("own",
            gate_open(&gate, path, &(Expert){.lora = w.lora}, &w.model->modules,
                      tiny_fingerprint(w.model).hex, &info, &err),
            &err);
  gate_close(gate);
  Lora *other = tiny_lora(w.model, "q,wo", 3, 9);
  Status got = gate_open(&gate, path, &(Expert){.lora = other}, &w.model->modules,
                         tiny_fingerprint(w.model).hex, &info, &err);
  expect_error("expert", got, &err, STATUS_MISMATCH, "__metadata__: expert: ");
  lora_close(other);
  w.model->shared.data[0] += 1;
  err = (Error){0};
  got = gate_open(&gate, path, &(Expert){.lora = w.lora}, &w.model->modules,
                  tiny_fingerprint(w.model).hex, &info, &err);
  expect_error("base", got, &err, STATUS_MISMATCH, "__metadata__: base: ");
  world_close(&w);
}

static void numbers_that_are_none_are_refused(void **state) {
  Scratch *s = *state;
  Error err = {0};
  World w = world_open();
  Gate *gate;
  GateInfo info;
  const uint32_t nan = 0x7fc00000;
  FILE *f = fopen(write_edited(s, &w, &(Edit){0}), "r+b");
  assert_non_null(f);
  assert_int_equal(fseek(f, -8, SEEK_END), 0);
  assert_int_equal(fwrite(&nan, 4, 1, f), 1);
  assert_int_equal(fclose(f), 0);
  Status got = gate_open(&gate, s->path, &(Expert){.lora = w.lora}, &w.model->modules,
                         tiny_fingerprint(w.model).hex, &info, &err);
  expect_error("NaN", got, &err, STATUS_INPUT,
               "decoder.block.2.layer.2.DenseReluDense.wo.gate: [0, 38]: is NaN");
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_gate_is_zero_where_the_expert_is),
      cmocka_unit_test(what_is_saved_is_opened),
      cmocka_unit_test(the_file_is_as_documented),
      cmocka_unit_test(every_refusal),
      cmocka_unit_test(unverified_gates_say_so),
      cmocka_unit_test(other_provenances_are_refused),
      cmocka_unit_test(another_expert_or_base_is_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
