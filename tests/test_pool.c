/* Pools: what is opened, and what is read when. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/pool/pool_expert.h"
#include "tests/pool_world.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

static void the_manifest_is_the_order(void **state) {
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  assert_int_equal(pool_count(pool), 3);
  for (int i = 0; i < POOL_WORLD; i++) {
    const PoolEntry *e = pool_entry(pool, i);
    assert_string_equal(e->name, POOL_EXPERT[i].name);
    assert_int_equal(e->rank_max, POOL_EXPERT[i].rank);
    assert_true(e->alpha_min == 6);
    assert_int_equal(pool_find(pool, e->name), i);
    assert_int_equal(e->hash[POOL_ACTIVATION][0] != '\0', POOL_EXPERT[i].activation);
  }
  assert_int_equal(pool_find(pool, "rhym"), -1);
  assert_int_equal(pool_entry(pool, 1)->modules, 8 + 5); /* q: 2 + 3 + 3; wo: 2 + 3 */
  assert_true(pool_modules(pool) == &model->modules);
  pool_close(pool);
  t5_close(model);
}

static void experts_differ_in_rank_and_modules(void **state) {
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
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
  static const int order[POOL_WORLD] = {2, 0, 1};
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  for (int e = 0; e < POOL_WORLD; e++) {
    Error err = {0};
    Lora *lora;
    char name[64];
    snprintf(name, sizeof name, "pool/experts/%s", POOL_EXPERT[e].name);
    expect_ok(name, lora_open(&lora, scratch_path(*state, name), &model->modules, &err), &err);
    assert_string_equal(lora->fingerprint, pool_entry(pool, e)->fingerprint);
    for (int i = 0; i < model->modules.count; i++) {
      const LoraFactor *want = &lora->factor[i];
      LowRank got;
      Adapter all[POOL_WORLD];
      expect_ok(name, pool_factor(pool, e, i, &got, &err), &err);
      expect_ok(name, pool_adapters(pool, order, POOL_WORLD, i, 2, all, &err), &err);
      const LowRank *of_all = &all[e].low_rank;
      assert_true(got.a == of_all->a && got.b == of_all->b && got.scale == of_all->scale);
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
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  for (int e = 0; e < POOL_WORLD; e++) {
    Lora *lora = tiny_lora(model, POOL_EXPERT[e].targets, POOL_EXPERT[e].rank, POOL_EXPERT[e].seed);
    Gate *gate = tiny_gate(lora, model, POOL_EXPERT[e].seed);
    for (int i = 0; i < model->modules.count; i++) {
      Error err = {0};
      float v[64], mean[64], absolute[64];
      bool has;
      expect_ok("gate", pool_vector(pool, VECTOR_GATE, e, i, v, &has, &err), &err);
      assert_int_equal(has, gate->vector[i].rows > 0);
      size_t d = has ? (size_t)gate->vector[i].cols : 0;
      assert_memory_equal(v, gate->vector[i].data, d * sizeof *v);
      if (!POOL_EXPERT[e].activation) continue;
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

/* An expert that is new is known by the values of its adapter, however they are stored. */
static void a_new_expert_gets_its_fingerprint(void **state) {
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
  for (int k = 0; k < POOL_WORLD; k++) {
    Error err = {0};
    PoolExpert expert;
    char adapter[PATH_MAX + 64], gate[PATH_MAX + 128], base[HASH_HEX], again[HASH_HEX];
    PoolEntry entry = {.name = (char *)(uintptr_t)POOL_EXPERT[k].name};
    snprintf(adapter, sizeof adapter, "%s/experts/%s", pool_dir(pool), entry.name);
    snprintf(gate, sizeof gate, "%s/gate.safetensors", adapter);
    const PoolSource source = {adapter, gate, NULL};
    expect_ok("base", t5_fingerprint(model, base, &err), &err);
    expect_ok(adapter, pool_expert_open_new(&expert, &entry, base, &source, &model->modules, &err),
              &err);
    assert_string_equal(entry.fingerprint, pool_entry(pool, k)->fingerprint);
    expect_ok(adapter, pool_expert_fingerprint(&expert, &model->modules, again, &err), &err);
    assert_string_equal(again, entry.fingerprint);
    pool_expert_close(&expert);
  }
  pool_close(pool);
  t5_close(model);
}

static void a_part_of_a_pool_keeps_the_order(void **state) {
  Error err = {0};
  char all[HASH_HEX], part[HASH_HEX], again[HASH_HEX];
  T5 *model = pool_world(*state);
  Pool *pool = pool_world_open(*state, model);
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
  T5 *model = pool_world(*state);
  Pool *before = pool_world_open(*state, model);
  shift_data(scratch_path(*state, "pool/experts/rhyme/adapter_model.safetensors"), 1);
  shift_data(scratch_path(*state, "pool/experts/rhyme/gate.safetensors"), 3);
  shift_data(scratch_path(*state, "pool/experts/name-2.b/adapter_model.safetensors"), 1);
  tiny_pool_list(scratch_path(*state, "pool"));
  Pool *after = pool_world_open(*state, model);
  for (int e = 0; e < POOL_WORLD; e++) {
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
      cmocka_unit_test(a_new_expert_gets_its_fingerprint),
      cmocka_unit_test(a_part_of_a_pool_keeps_the_order),
      cmocka_unit_test(data_may_stand_at_any_address),
      cmocka_unit_test(the_sample_follows_the_base),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
