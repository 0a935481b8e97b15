/* Pools: what is opened, what is read when, and every refusal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/expert/vector_file.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

/* Unequal ranks, one that covers a part of the modules, one in bf16. */
static const TinyExpert EXPERTS[] = {
    {"rhyme", "all-linear", 3, 1, DTYPE_F32, true},
    {"count", "q,wo", 5, 2, DTYPE_F32, false},
    {"name-2.b", "all-linear", 1, 3, DTYPE_BF16, false},
};
enum { EXPERTS_COUNT = sizeof EXPERTS / sizeof *EXPERTS };

static T5 *world_open(Scratch *s) {
  T5 *model = tiny_model(true, false);
  tiny_pool(scratch_path(s, "pool"), model, EXPERTS, EXPERTS_COUNT);
  return model;
}

static Pool *open_all(Scratch *s, T5 *model) {
  Error err = {0};
  Pool *pool;
  expect_ok("open",
            pool_open(&pool, scratch_path(s, "pool"), &model->modules, tiny_sample(model).hex, NULL,
                      &err),
            &err);
  return pool;
}

static void the_manifest_is_the_order(void **state) {
  T5 *model = world_open(*state);
  Pool *pool = open_all(*state, model);
  assert_int_equal(pool_count(pool), 3);
  for (int i = 0; i < EXPERTS_COUNT; i++) {
    const PoolEntry *e = pool_entry(pool, i);
    assert_string_equal(e->name, EXPERTS[i].name);
    assert_int_equal(e->rank_max, EXPERTS[i].rank);
    assert_true(e->alpha_min == 6);
    assert_int_equal(pool_find(pool, e->name), i);
    assert_int_equal(e->hash[POOL_ACTIVATION][0] != '\0', EXPERTS[i].activation);
  }
  assert_int_equal(pool_find(pool, "rhym"), -1);
  assert_int_equal(pool_entry(pool, 1)->modules, 8 + 5); /* q: 2 + 3 + 3; wo: 2 + 3 */
  assert_true(pool_modules(pool) == &model->modules);
  pool_close(pool);
  t5_close(model);
}

static void experts_differ_in_rank_and_modules(void **state) {
  T5 *model = world_open(*state);
  Pool *pool = open_all(*state, model);
  for (int i = 0; i < model->modules.count; i++) {
    const char *last = strrchr(model->modules.module[i].name, '.');
    bool both = strcmp(last, ".q") == 0 || strcmp(last, ".wo") == 0;
    assert_true(pool_covers(pool, 0, i) && pool_covers(pool, 2, i));
    assert_int_equal(pool_covers(pool, 1, i), both);
    assert_int_equal(pool_max_rank(pool, i), both ? 5 : 3);
  }
  pool_close(pool);
  t5_close(model);
}

/* The factors are those of lora_open and so is the scale, whatever the file's dtype, asked for one
 * by one or together. */
static void factors_are_those_of_the_adapter(void **state) {
  static const int order[EXPERTS_COUNT] = {2, 0, 1};
  T5 *model = world_open(*state);
  Pool *pool = open_all(*state, model);
  for (int e = 0; e < EXPERTS_COUNT; e++) {
    Error err = {0};
    Lora *lora;
    char name[64];
    snprintf(name, sizeof name, "pool/experts/%s", EXPERTS[e].name);
    expect_ok(name, lora_open(&lora, scratch_path(*state, name), &model->modules, &err), &err);
    assert_string_equal(lora->fingerprint, pool_entry(pool, e)->fingerprint);
    for (int i = 0; i < model->modules.count; i++) {
      const LoraFactor *want = &lora->factor[i];
      LowRank got, all[EXPERTS_COUNT];
      expect_ok(name, pool_factor(pool, e, i, &got, &err), &err);
      expect_ok(name, pool_factors(pool, order, EXPERTS_COUNT, i, 2, all, &err), &err);
      assert_true(got.a == all[e].a && got.b == all[e].b && got.scale == all[e].scale);
      assert_null(got.gate);
      assert_int_equal(got.a != NULL, want->a.rows > 0);
      if (!got.a) continue;
      assert_true(got.scale == want->scale && got.a->rows == want->a.rows);
      assert_memory_equal(got.a->data, want->a.data, (size_t)tensor_count(got.a) * sizeof(float));
      assert_memory_equal(got.b->data, want->b.data, (size_t)tensor_count(got.b) * sizeof(float));
    }
    lora_close(lora);
  }
  pool_close(pool);
  t5_close(model);
}

static void vectors_are_those_of_the_files(void **state) {
  T5 *model = world_open(*state);
  Pool *pool = open_all(*state, model);
  for (int e = 0; e < EXPERTS_COUNT; e++) {
    Lora *lora = tiny_lora(model, EXPERTS[e].targets, EXPERTS[e].rank, EXPERTS[e].seed);
    Gate *gate = tiny_gate(lora, model, EXPERTS[e].seed);
    for (int i = 0; i < model->modules.count; i++) {
      Error err = {0};
      float v[64], mean[64], absolute[64];
      bool has;
      expect_ok("gate", pool_vector(pool, VECTOR_GATE, e, i, v, &has, &err), &err);
      assert_int_equal(has, gate->vector[i].rows > 0);
      size_t d = has ? (size_t)gate->vector[i].cols : 0;
      assert_memory_equal(v, gate->vector[i].data, d * sizeof *v);
      if (!EXPERTS[e].activation) continue;
      expect_ok("mean", pool_vector(pool, VECTOR_ACTIVATION_MEAN, e, i, mean, &has, &err), &err);
      expect_ok("absolute",
                pool_vector(pool, VECTOR_ACTIVATION_ABSOLUTE, e, i, absolute, &has, &err), &err);
      for (size_t k = 0; k < d; k++) assert_true(absolute[k] == fabsf(mean[k]));
    }
    gate_close(gate);
    lora_close(lora);
  }
  Error err = {0};
  float v[64];
  bool has;
  int q = modules_find(&model->modules, "encoder.block.0.layer.0.SelfAttention.q")->id;
  Status got = pool_vector(pool, VECTOR_ACTIVATION_MEAN, 1, q, v, &has, &err);
  expect_error("no activations", got, &err, STATUS_INPUT, "'count'|activation.safetensors");
  pool_close(pool);
  t5_close(model);
}

static void a_part_of_a_pool_keeps_the_order(void **state) {
  Error err = {0};
  char all[HASH_HEX], part[HASH_HEX], again[HASH_HEX];
  T5 *model = world_open(*state);
  Pool *pool = open_all(*state, model);
  expect_ok("fingerprint", pool_fingerprint(pool, all, &err), &err);
  pool_close(pool);
  const char *dir = scratch_path(*state, "pool");
  for (int i = 0; i < 2; i++) {
    expect_ok(
        "part",
        pool_open(&pool, dir, &model->modules, tiny_sample(model).hex, "name-2.b,rhyme", &err),
        &err);
    assert_int_equal(pool_count(pool), 2);
    assert_string_equal(pool_entry(pool, 0)->name, "rhyme");
    assert_string_equal(pool_entry(pool, 1)->name, "name-2.b");
    expect_ok("fingerprint", pool_fingerprint(pool, i ? again : part, &err), &err);
    pool_close(pool);
  }
  assert_string_equal(part, again);
  assert_string_not_equal(part, all);
  Status got = pool_open(&pool, dir, &model->modules, tiny_sample(model).hex, "rhyme,coutn", &err);
  assert_null(pool);
  expect_error("only", got, &err, STATUS_USAGE, "'coutn'|'count'");
  t5_close(model);
}

/* Moves the data of a safetensors file by `bytes`, by white space in its header. */
static void shift_data(const char *path, size_t bytes) {
  Error err = {0};
  char *old;
  size_t size;
  expect_ok(path, file_read(path, 1 << 24, &old, &size, &err), &err);
  uint64_t header;
  memcpy(&header, old, 8);
  char *text = malloc(size + bytes);
  assert_non_null(text);
  memcpy(text, old, 8 + header);
  memset(text + 8 + header, ' ', bytes);
  memcpy(text + 8 + header + bytes, old + 8 + header, size - 8 - header);
  header += bytes;
  memcpy(text, &header, 8);
  expect_ok(path, file_write(path, text, size + bytes, &err), &err);
  free(text);
  free(old);
}

static void data_may_stand_at_any_address(void **state) {
  Error err = {0};
  T5 *model = world_open(*state);
  Pool *before = open_all(*state, model);
  shift_data(scratch_path(*state, "pool/experts/rhyme/adapter_model.safetensors"), 1);
  shift_data(scratch_path(*state, "pool/experts/rhyme/gate.safetensors"), 3);
  shift_data(scratch_path(*state, "pool/experts/name-2.b/adapter_model.safetensors"), 1);
  Pool *after = open_all(*state, model);
  for (int e = 0; e < EXPERTS_COUNT; e++) {
    for (int i = 0; i < model->modules.count; i++) {
      LowRank a, b;
      float u[64], v[64];
      bool has;
      expect_ok("before", pool_factor(before, e, i, &a, &err), &err);
      expect_ok("after", pool_factor(after, e, i, &b, &err), &err);
      if (!a.a) continue;
      assert_memory_equal(a.a->data, b.a->data, (size_t)tensor_count(a.a) * sizeof(float));
      assert_memory_equal(a.b->data, b.b->data, (size_t)tensor_count(a.b) * sizeof(float));
      expect_ok("gate", pool_vector(before, VECTOR_GATE, e, i, u, &has, &err), &err);
      expect_ok("gate", pool_vector(after, VECTOR_GATE, e, i, v, &has, &err), &err);
      assert_memory_equal(u, v, (size_t)a.a->cols * sizeof *u);
    }
  }
  pool_close(before);
  pool_close(after);
  t5_close(model);
}

/* Sets the last value of a file of f32. */
static void set_last(const char *path, float value) {
  FILE *f = fopen(path, "r+b");
  assert_non_null(f);
  assert_int_equal(fseek(f, -(long)sizeof value, SEEK_END), 0);
  assert_int_equal(fwrite(&value, sizeof value, 1, f), 1);
  fclose(f);
}

/* Opening reads no values; using one that is no number is refused by name. */
static void bad_numbers_are_found_on_use(void **state) {
  T5 *model = world_open(*state);
  set_last(scratch_path(*state, "pool/experts/count/adapter_model.safetensors"), NAN);
  set_last(scratch_path(*state, "pool/experts/rhyme/gate.safetensors"), INFINITY);
  Pool *pool = open_all(*state, model);
  int refused_factors = 0, refused_gates = 0;
  for (int i = 0; i < model->modules.count; i++) {
    Error err = {0};
    LowRank factor;
    float v[64];
    bool has;
    if (pool_factor(pool, 1, i, &factor, &err) != STATUS_OK) {
      refused_factors++;
      expect_error("factor", err.status, &err, STATUS_INPUT,
                   "count/adapter_model.safetensors: |lora_|NaN");
    }
    err = (Error){0};
    if (pool_vector(pool, VECTOR_GATE, 0, i, v, &has, &err) != STATUS_OK) {
      refused_gates++;
      expect_error("gate", err.status, &err, STATUS_INPUT,
                   "rhyme/gate.safetensors: |.gate|infinite");
    }
  }
  assert_int_equal(refused_factors, 1);
  assert_int_equal(refused_gates, 1);
  pool_close(pool);
  t5_close(model);
}

/* Of several that are refused, the first in the list is named. */
static void the_first_bad_factor_is_told(void **state) {
  static const int orders[][EXPERTS_COUNT] = {{2, 0, 1}, {1, 2, 0}};
  static const char *const words[] = {"rhyme/adapter_model.safetensors: |NaN",
                                      "count/adapter_model.safetensors: |NaN"};
  T5 *model = world_open(*state);
  set_last(scratch_path(*state, "pool/experts/rhyme/adapter_model.safetensors"), NAN);
  set_last(scratch_path(*state, "pool/experts/count/adapter_model.safetensors"), NAN);
  for (int k = 0; k < 4; k++) {
    Pool *pool = open_all(*state, model);
    int refused = 0;
    for (int i = 0; i < model->modules.count; i++) {
      Error err = {0};
      LowRank got[EXPERTS_COUNT];
      Status status = pool_factors(pool, orders[k % 2], EXPERTS_COUNT, i, 1 + k / 2, got, &err);
      if (status == STATUS_OK) continue;
      refused++;
      expect_error("factors", status, &err, STATUS_INPUT, words[k % 2]);
    }
    assert_int_equal(refused, 1);
    pool_close(pool);
  }
  t5_close(model);
}

static void expect_refused(Scratch *s, T5 *model, const char *what, Status want,
                           const char *words) {
  Error err = {0};
  Pool *pool;
  Status got = pool_open(&pool, scratch_path(s, "pool"), &model->modules, tiny_sample(model).hex,
                         NULL, &err);
  assert_null(pool);
  expect_error(what, got, &err, want, words);
}

static void another_base_is_refused(void **state) {
  T5 *model = world_open(*state), *other;
  Error err = {0};
  T5Config config = tiny_config(true);
  expect_ok("model", t5_random(&other, &config, 8, false, &err), &err);
  expect_refused(*state, other, "base", STATUS_MISMATCH, "pool.yaml: base: |another base|tiny");
  t5_close(other);
  t5_close(model);
}

/* The files of one expert replaced by those of another that do not fit. */
static void parts_that_do_not_belong_together_are_refused(void **state) {
  static const struct {
    const char *from, *to;
    Status status;
    const char *words;
  } cases[] = {
      {"count/gate.safetensors", "rhyme/gate.safetensors", STATUS_MISMATCH,
       "rhyme/gate.safetensors: __metadata__: expert: "},
      {"count/adapter_model.safetensors", "rhyme/adapter_model.safetensors", STATUS_MISMATCH,
       "rhyme/adapter_model.safetensors: |rank 5|3"},
      {"rhyme/gate.safetensors", "rhyme/adapter_model.safetensors", STATUS_INPUT, "no factor"},
      {"rhyme/activation.safetensors", "rhyme/gate.safetensors", STATUS_INPUT,
       "format: |skein-activation|skein-gate"},
      {"rhyme/gate.safetensors", "rhyme/activation.safetensors", STATUS_INPUT,
       "activation.safetensors: |format: "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Scratch *s = *state;
    T5 *model = world_open(s);
    char from[PATH_MAX + 16], to[PATH_MAX + 16], command[3 * PATH_MAX];
    snprintf(from, sizeof from, "%s/pool/experts/%s", s->dir, cases[i].from);
    snprintf(to, sizeof to, "%s/pool/experts/%s", s->dir, cases[i].to);
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
    expect_refused(s, model, cases[i].words, cases[i].status, cases[i].words);
    t5_close(model);
  }
}

static void missing_files_are_refused(void **state) {
  static const char *const names[] = {"adapter_config.json", "adapter_model.safetensors",
                                      "gate.safetensors", "activation.safetensors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    T5 *model = world_open(*state);
    char name[96];
    snprintf(name, sizeof name, "pool/experts/rhyme/%s", names[i]);
    assert_int_equal(unlink(scratch_path(*state, name)), 0);
    expect_refused(*state, model, name, STATUS_INPUT, name);
    t5_close(model);
  }
}

/* The gate's modules are those of the expert. */
static void gates_for_other_modules_are_refused(void **state) {
  static const struct {
    const char *targets, *words;
  } cases[] = {{"q", "gate.safetensors: |wo.gate|missing"}, {"q,k,wo", "k.gate|not used"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    T5 *model = world_open(*state);
    Pool *pool = open_all(*state, model);
    Lora *lora = tiny_lora(model, cases[i].targets, 5, 2);
    Gate *gate = tiny_gate(lora, model, 2);
    GateInfo info = {.recipe = "custom"};
    expect_ok("hash", t5_fingerprint(model, info.base, &err), &err);
    memcpy(info.expert, pool_entry(pool, 1)->fingerprint, HASH_HEX);
    const char *path = scratch_path(*state, "pool/experts/count/gate.safetensors");
    expect_ok("save", gate_save(gate, &model->modules, path, &info, &err), &err);
    expect_refused(*state, model, cases[i].words, STATUS_MISMATCH, cases[i].words);
    gate_close(gate);
    lora_close(lora);
    pool_close(pool);
    t5_close(model);
  }
}

/* The sample of a base sees the ends of every weight. */
static void the_sample_follows_the_base(void **state) {
  (void)state;
  Error err = {0};
  char before[HASH_HEX], after[HASH_HEX];
  T5 *model = tiny_model(false, false);
  expect_ok("sample", t5_sample(model, before, &err), &err);
  for (int i = 0; i < model->tensors; i++) {
    Tensor *t = model->tensor[i].tensor;
    int64_t ends[] = {0, tensor_count(t) - 1};
    for (int k = 0; k < 2; k++) {
      float kept = t->data[ends[k]];
      t->data[ends[k]] = kept + 1;
      expect_ok("sample", t5_sample(model, after, &err), &err);
      assert_string_not_equal(before, after);
      t->data[ends[k]] = kept;
    }
  }
  expect_ok("sample", t5_sample(model, after, &err), &err);
  assert_string_equal(before, after);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_manifest_is_the_order),
      cmocka_unit_test(experts_differ_in_rank_and_modules),
      cmocka_unit_test(factors_are_those_of_the_adapter),
      cmocka_unit_test(vectors_are_those_of_the_files),
      cmocka_unit_test(a_part_of_a_pool_keeps_the_order),
      cmocka_unit_test(data_may_stand_at_any_address),
      cmocka_unit_test(bad_numbers_are_found_on_use),
      cmocka_unit_test(the_first_bad_factor_is_told),
      cmocka_unit_test(another_base_is_refused),
      cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
      cmocka_unit_test(missing_files_are_refused),
      cmocka_unit_test(gates_for_other_modules_are_refused),
      cmocka_unit_test(the_sample_follows_the_base),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
