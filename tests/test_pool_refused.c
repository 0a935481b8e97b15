/* Pools: what is refused, on opening and on use. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/expert/gate.h"
#include "tests/pool_world.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

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
  T5 *model = pool_world(*state);
  set_last(scratch_path(*state, "pool/experts/count/adapter_model.safetensors"), NAN);
  set_last(scratch_path(*state, "pool/experts/rhyme/gate.safetensors"), INFINITY);
  tiny_pool_list(scratch_path(*state, "pool"));
  Pool *pool = pool_world_open(*state, model);
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
  static const int orders[][POOL_WORLD] = {{2, 0, 1}, {1, 2, 0}};
  static const char *const words[] = {"rhyme/adapter_model.safetensors: |NaN",
                                      "count/adapter_model.safetensors: |NaN"};
  T5 *model = pool_world(*state);
  set_last(scratch_path(*state, "pool/experts/rhyme/adapter_model.safetensors"), NAN);
  set_last(scratch_path(*state, "pool/experts/count/adapter_model.safetensors"), NAN);
  tiny_pool_list(scratch_path(*state, "pool"));
  for (int k = 0; k < 4; k++) {
    Pool *pool = pool_world_open(*state, model);
    int refused = 0;
    for (int i = 0; i < model->modules.count; i++) {
      Error err = {0};
      Adapter got[POOL_WORLD];
      Status status = pool_adapters(pool, orders[k % 2], POOL_WORLD, i, 1 + k / 2, got, &err);
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
  T5 *model = pool_world(*state), *other;
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
    T5 *model = pool_world(s);
    char from[PATH_MAX + 16], to[PATH_MAX + 16], command[3 * PATH_MAX];
    snprintf(from, sizeof from, "%s/pool/experts/%s", s->dir, cases[i].from);
    snprintf(to, sizeof to, "%s/pool/experts/%s", s->dir, cases[i].to);
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
    tiny_pool_list(scratch_path(s, "pool"));
    expect_refused(s, model, cases[i].words, cases[i].status, cases[i].words);
    t5_close(model);
  }
}

static void missing_files_are_refused(void **state) {
  static const char *const names[] = {"adapter_config.json", "adapter_model.safetensors",
                                      "gate.safetensors", "activation.safetensors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    T5 *model = pool_world(*state);
    char name[96], words[96];
    snprintf(name, sizeof name, "pool/experts/rhyme/%s", names[i]);
    snprintf(words, sizeof words, "pool/experts/rhyme|%s", names[i]);
    assert_int_equal(unlink(scratch_path(*state, name)), 0);
    expect_refused(*state, model, name, STATUS_INPUT, words);
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
    T5 *model = pool_world(*state);
    Pool *pool = pool_world_open(*state, model);
    Lora *lora = tiny_lora(model, cases[i].targets, 5, 2);
    Gate *gate = tiny_gate(lora, model, 2);
    GateInfo info = {.recipe = "custom"};
    expect_ok("hash", t5_fingerprint(model, info.base, &err), &err);
    memcpy(info.expert, pool_entry(pool, 1)->fingerprint, HASH_HEX);
    const char *path = scratch_path(*state, "pool/experts/count/gate.safetensors");
    expect_ok("save", gate_save(gate, &model->modules, path, &info, &err), &err);
    tiny_pool_list(scratch_path(*state, "pool"));
    expect_refused(*state, model, cases[i].words, STATUS_MISMATCH, cases[i].words);
    gate_close(gate);
    lora_close(lora);
    pool_close(pool);
    t5_close(model);
  }
}

/* A file that is whole and fits, and is not the one that was added. */
static void changed_files_are_refused_unless_asked_for(void **state) {
  static const char *const names[] = {"adapter_config.json", "adapter_model.safetensors",
                                      "gate.safetensors", "activation.safetensors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    T5 *model = pool_world(*state);
    Error err = {0};
    Pool *pool;
    char name[96], words[160];
    snprintf(name, sizeof name, "pool/experts/rhyme/%s", names[i]);
    if (i == 0) {
      FILE *f = fopen(scratch_path(*state, name), "a");
      assert_non_null(f);
      assert_int_equal(fputc(' ', f), ' ');
      fclose(f);
    } else {
      set_last(scratch_path(*state, name), 0.125f);
    }
    snprintf(words, sizeof words, "%s: was changed after it was added|no-verify", name);
    expect_refused(*state, model, name, STATUS_MISMATCH, words);
    expect_ok(name,
              pool_open_as_is(&pool, scratch_path(*state, "pool"), &model->modules,
                              tiny_sample(model).hex, NULL, &err),
              &err);
    assert_false(pool_files_verified(pool));
    pool_close(pool);
    t5_close(model);
  }
}

/* Git carries links: an expert's folder, or file, that is one is refused by name. */
static void links_in_a_pool_are_refused(void **state) {
  static const char *const names[] = {"pool/pool.yaml", "pool/experts", "pool/experts/rhyme",
                                      "pool/experts/rhyme/adapter_config.json",
                                      "pool/experts/rhyme/gate.safetensors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    T5 *model = pool_world(*state);
    char name[PATH_MAX], words[160];
    snprintf(name, sizeof name, "%s", scratch_path(*state, names[i]));
    assert_int_equal(rename(name, scratch_path(*state, "elsewhere")), 0);
    assert_int_equal(symlink(scratch_path(*state, "elsewhere"), name), 0);
    snprintf(words, sizeof words, "%s: is a symbolic link; nothing below |pool may be one",
             names[i]);
    expect_refused(*state, model, name, STATUS_INPUT, words);
    expect_ok("clean", dir_remove(scratch_path(*state, "elsewhere"), NULL), &(Error){0});
    assert_int_equal(unlink(name), 0);
    t5_close(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_numbers_are_found_on_use),
      cmocka_unit_test(the_first_bad_factor_is_told),
      cmocka_unit_test(another_base_is_refused),
      cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
      cmocka_unit_test(missing_files_are_refused),
      cmocka_unit_test(changed_files_are_refused_unless_asked_for),
      cmocka_unit_test(links_in_a_pool_are_refused),
      cmocka_unit_test(gates_for_other_modules_are_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
