/* Checkpoints of PHATGOOSE and GLIDER (tests/oracle/released.py) as experts and gates: every value
 * is the one that PyTorch has. What is refused: test_released_refused.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/expert/gate_looks.h"
#include "infer/expert/released.h"
#include "tests/released_case.h"
#include "tests/routed_case.h"
#include "tests/scratch.h"

enum { EXPERTS = 3, RANK = 4 };

static const char *const NAME[EXPERTS] = {"zoo", "apple", "mint"};

/* ---- names ---- */

static const struct {
  const char *name;
  ReleasedPart part;
  const char *module;
  int64_t expert;
  bool transposed;
} PARSED[] = {
    {"a.b.q._addons.expert_lora.layer1__0", RELEASED_A, "a.b.q", 0, true},
    {"a.b.q._addons.expert_lora.layer2__165", RELEASED_B, "a.b.q", 165, true},
    {"a.q._addons.router.expert_embeddings__7", RELEASED_GATE, "a.q", 7, false},
    {"a.q._addons.expert_lora.expert_input_gate", RELEASED_INPUT_GATE, "a.q", 0, false},
    {"a.q.expert_lora_a", RELEASED_A, "a.q", 0, false},
    {"a.q.expert_lora_b", RELEASED_B, "a.q", 0, false},
    {"base_model.model.a.q.lora_A.default.weight", RELEASED_A, "a.q", 0, false},
    {"base_model.model.a.q.lora_B.weight", RELEASED_B, "a.q", 0, false},
    {"base_model.model.a.q.lora_gate.default", RELEASED_GATE, "a.q", 0, false},
    {"a.q.lora_gate.default.weight", RELEASED_GATE, "a.q", 0, false},
    {"a.q.lora_gate", RELEASED_GATE, "a.q", 0, false},
    {"a.q.gate", RELEASED_GATE, "a.q", 0, false},
    {"encoder.embed_tokens.weight", RELEASED_LEFT_OVER, NULL, 0, false},
    {"base_model.model.decoder.embed_tokens.weight", RELEASED_LEFT_OVER, NULL, 0, false},
    {"a.q._addons.expert_lora.layer1__", RELEASED_UNKNOWN, NULL, 0, false},
    {"a.q._addons.expert_lora.layer1__01", RELEASED_UNKNOWN, NULL, 0, false},
    {"a.q._addons.expert_lora.layer1__-1", RELEASED_UNKNOWN, NULL, 0, false},
    {"a.q._addons.expert_lora.layer1__9999999999", RELEASED_UNKNOWN, NULL, 0, false},
    {"a.q._addons.expert_lora.layer1_up_0", RELEASED_UNKNOWN, NULL, 0, false},
    {"._addons.expert_lora.layer1__0", RELEASED_UNKNOWN, NULL, 0, false},
    {".gate", RELEASED_UNKNOWN, NULL, 0, false},
    {"a.q.weight", RELEASED_UNKNOWN, NULL, 0, false},
    {"", RELEASED_UNKNOWN, NULL, 0, false},
};

static void names_are_parsed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof PARSED / sizeof *PARSED; i++) {
    ReleasedKey key = released_key(PARSED[i].name);
    if (key.part != PARSED[i].part) fail_msg("%s: part %d", PARSED[i].name, (int)key.part);
    if (!PARSED[i].module) continue;
    assert_int_equal(key.module_size, strlen(PARSED[i].module));
    assert_memory_equal(key.module, PARSED[i].module, key.module_size);
    assert_int_equal(key.expert, PARSED[i].expert);
    assert_int_equal(key.transposed, PARSED[i].transposed);
  }
}

static void written_names_are_read(void **state) {
  (void)state;
  for (int style = STYLE_PHATGOOSE; style <= STYLE_GLIDER; style++) {
    for (int part = RELEASED_A; part <= RELEASED_GATE; part++) {
      int expert = style == STYLE_PHATGOOSE ? 41 : 0;
      char *name = released_name((ReleasedStyle)style, (ReleasedPart)part, "encoder.x.q", expert);
      assert_non_null(name);
      ReleasedKey key = released_key(name);
      assert_int_equal(key.part, part);
      assert_int_equal(key.expert, expert);
      assert_int_equal(key.module_size, strlen("encoder.x.q"));
      free(name);
    }
  }
}

/* ---- values ---- */

/* What is at module `i` of the values of an expert, laid end to end; only_q skips other modules. */
static void expect_values(const RoutedCase *k, const char *name, const char *part, const Lora *lora,
                          const Gate *gate) {
  int64_t n, at = 0;
  const float *want = routed_want(k, name, part, &n);
  for (int i = 0; i < k->model->modules.count; i++) {
    const Module *m = &k->model->modules.module[i];
    int64_t here = part[1] == 'a' ? RANK * m->d_in : part[1] == 'b' ? m->d_out * RANK : m->d_in;
    const Tensor *t = part[1] == 'a'   ? &lora->factor[i].a
                      : part[1] == 'b' ? &lora->factor[i].b
                                       : &gate->vector[i];
    if (t->rows > 0) {
      assert_int_equal(tensor_count(t), here);
      assert_memory_equal(t->data, want + at, (size_t)here * sizeof *want);
    }
    at += here;
  }
  assert_int_equal(at, n);
}

static void expect_expert(const RoutedCase *k, Released *r, int i, const char *name, int covered) {
  Error err = {0};
  Lora *lora;
  Gate *gate;
  expect_ok(name, released_read(r, i, &lora, &gate, &err), &err);
  assert_int_equal(lora->covered, covered);
  expect_values(k, name, ".a", lora, gate);
  expect_values(k, name, ".b", lora, gate);
  expect_values(k, name, ".gate", lora, gate);
  for (int m = 0; m < lora->count; m++) {
    if (lora_covers(lora->factor, m)) assert_true(lora->factor[m].scale == 1.0f / RANK);
  }
  lora_close(lora);
  gate_close(gate);
}

static void phatgoose_is_read(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Released r;
  const char *first;
  released_case_open(k, &r, "phatgoose/best.pt");
  assert_int_equal(r.experts, EXPERTS);
  for (int i = 0; i < EXPERTS; i++) expect_expert(k, &r, i, NAME[i], k->model->modules.count);
  assert_int_equal(released_unused(&r, false, &first), 2);
  assert_string_equal(first, "decoder.embed_tokens.weight");
  released_close(&r);
  routed_case_close(k);
}

static void glider_is_read(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  for (int i = 0; i < EXPERTS; i++) {
    Released r;
    char file[64];
    snprintf(file, sizeof file, "glider/%s_best.pt", NAME[i]);
    released_case_open(k, &r, file);
    assert_int_equal(r.experts, 1);
    expect_expert(k, &r, 0, NAME[i], k->model->modules.count);
    released_close(&r);
  }
  routed_case_close(k);
}

/* The gate is the parameter of the run, and the factors were rounded when they were stored. */
static void the_run_of_a_gate_is_read(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  Released r;
  Lora *lora;
  Gate *gate;
  Dtype dtype;
  released_case_open(k, &r, "gate_run/best.pt");
  expect_ok("expert", released_read(&r, 0, &lora, &gate, &err), &err);
  expect_ok("dtype", released_dtype(&r, 0, &dtype, &err), &err);
  assert_int_equal(dtype, DTYPE_BF16);
  assert_int_equal(lora->covered, 8);
  expect_values(k, "zoo", ".gate", lora, gate);
  lora_close(lora);
  gate_close(gate);
  released_close(&r);
  routed_case_close(k);
}

static void an_expert_without_gates_has_zeros(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  Released r;
  Lora *lora;
  Gate *gate;
  GateLooks looks;
  released_case_open(k, &r, "lora_linear/best.pt");
  assert_false(r.gates);
  expect_ok("expert", released_read(&r, 0, &lora, &gate, &err), &err);
  expect_values(k, "zoo", ".a", lora, gate);
  expect_ok("looks", gate_looks(gate, lora, &looks, &err), &err);
  assert_int_equal(looks, LOOKS_ZERO);
  lora_close(lora);
  gate_close(gate);
  released_close(&r);
  routed_case_close(k);
}

static void gates_are_known_by_their_values(void **state) {
  static const struct {
    const char *file;
    GateLooks looks;
  } CASE[] = {{"arrow/zoo_best.pt", LOOKS_ARROW},
              {"column/zoo_best.pt", LOOKS_ARROW_COLUMN},
              {"glider/zoo_best.pt", LOOKS_TRAINED},
              {"gate_run/best.pt", LOOKS_TRAINED}};
  RoutedCase *k = routed_case_open(*state, "released");
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    Error err = {0};
    Released r;
    Lora *lora;
    Gate *gate;
    GateLooks looks;
    released_case_open(k, &r, CASE[i].file);
    expect_ok(CASE[i].file, released_read(&r, 0, &lora, &gate, &err), &err);
    expect_ok(CASE[i].file, gate_looks(gate, lora, &looks, &err), &err);
    if (looks != CASE[i].looks) fail_msg("%s: %s", CASE[i].file, gate_looks_name(looks));
    assert_int_equal(gate_form(gate), GATE_RAW);
    lora_close(lora);
    gate_close(gate);
    released_close(&r);
  }
  routed_case_close(k);
}

/* GLIDER's code holds them as [1, d], standardised. */
static void gates_alone_are_read(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  Released r, whole;
  Lora *lora;
  Gate *own, *gate;
  released_case_open(k, &whole, "glider/zoo_best.pt");
  expect_ok("expert", released_read(&whole, 0, &lora, &own, &err), &err);
  const Expert expert = {.lora = lora};
  char *path = golden_path("released/memory.pt");
  expect_ok(path, released_open(&r, path, &k->model->modules, &err), &err);
  expect_ok(path, released_read_gate(&r, &expert, &gate, &err), &err);
  assert_int_equal(gate_form(gate), GATE_STANDARDISED);
  released_close(&r);
  gate_close(gate);
  expect_ok(path, released_read_gate(&whole, &expert, &gate, &err), &err);
  expect_values(k, "zoo", ".gate", lora, gate);
  gate_close(gate);
  gate_close(own);
  lora_close(lora);
  released_close(&whole);
  free(path);
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_parsed),
      cmocka_unit_test(written_names_are_read),
      cmocka_unit_test(phatgoose_is_read),
      cmocka_unit_test(glider_is_read),
      cmocka_unit_test(the_run_of_a_gate_is_read),
      cmocka_unit_test(an_expert_without_gates_has_zeros),
      cmocka_unit_test(gates_are_known_by_their_values),
      cmocka_unit_test(gates_alone_are_read),
  };
  return cmocka_run_group_tests_name("released checkpoints", tests, scratch_setup,
                                     scratch_teardown);
}
