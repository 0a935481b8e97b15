/* Checkpoints of PHATGOOSE and GLIDER (tests/oracle/released.py) as experts and gates: every value
 * is the one that PyTorch has, every tensor of a whole file is needed, and damage is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/torch_write.h"
#include "infer/expert/gate_looks.h"
#include "infer/expert/released.h"
#include "tests/damage.h"
#include "tests/routed_case.h"
#include "tests/scratch.h"

enum { EXPERTS = 3, RANK = 4 };

static const char *const NAME[EXPERTS] = {"zoo", "apple", "mint"};

/* ---- names ---- */

static void names_are_parsed(void **state) {
  (void)state;
  static const struct {
    const char *name;
    ReleasedPart part;
    const char *module;
    int64_t expert;
    bool transposed;
  } CASE[] = {
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
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    ReleasedKey key = released_key(CASE[i].name);
    if (key.part != CASE[i].part) fail_msg("%s: part %d", CASE[i].name, (int)key.part);
    if (!CASE[i].module) continue;
    assert_int_equal(key.module_size, strlen(CASE[i].module));
    assert_memory_equal(key.module, CASE[i].module, key.module_size);
    assert_int_equal(key.expert, CASE[i].expert);
    assert_int_equal(key.transposed, CASE[i].transposed);
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
    if (expert_covers(lora->factor, m)) assert_true(lora->factor[m].scale == 1.0f / RANK);
  }
  lora_close(lora);
  gate_close(gate);
}

static void open_golden(const RoutedCase *k, Released *r, const char *file) {
  Error err = {0};
  char *path = golden_path("released/%s", file);
  expect_ok(path, released_open(r, path, &k->model->modules, &err), &err);
  expect_ok(path, released_check(r, &err), &err);
  free(path);
}

static void phatgoose_is_read(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Released r;
  const char *first;
  open_golden(k, &r, "phatgoose/best.pt");
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
    open_golden(k, &r, file);
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
  open_golden(k, &r, "gate_run/best.pt");
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
  open_golden(k, &r, "lora_linear/best.pt");
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
    open_golden(k, &r, CASE[i].file);
    expect_ok(CASE[i].file, released_read(&r, 0, &lora, &gate, &err), &err);
    expect_ok(CASE[i].file, gate_looks(gate, lora, &looks, &err), &err);
    if (looks != CASE[i].looks) fail_msg("%s: %s", CASE[i].file, gate_looks_name(looks));
    assert_int_equal(gate_form(gate), GATE_TRAINED);
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
  open_golden(k, &whole, "glider/zoo_best.pt");
  expect_ok("expert", released_read(&whole, 0, &lora, &own, &err), &err);
  char *path = golden_path("released/memory.pt");
  expect_ok(path, released_open(&r, path, &k->model->modules, &err), &err);
  expect_ok(path, released_read_gate(&r, lora, &gate, &err), &err);
  assert_int_equal(gate_form(gate), GATE_STANDARDISED);
  released_close(&r);
  gate_close(gate);
  expect_ok(path, released_read_gate(&whole, lora, &gate, &err), &err);
  expect_values(k, "zoo", ".gate", lora, gate);
  gate_close(gate);
  gate_close(own);
  lora_close(lora);
  released_close(&whole);
  free(path);
  routed_case_close(k);
}

/* ---- what is refused ---- */

/* A checkpoint of two experts on two linears, of which a case changes one tensor. */
typedef struct Fault {
  const char *what;
  const char *name;  /* of the tensor; NULL: another one is added */
  const char *other; /* its new name; "": it is not written */
  int64_t rows, cols; /* 0: as they are */
  Status status;
  const char *words;
} Fault;

#define Q    "encoder.block.0.layer.0.SelfAttention.q"
#define K    "encoder.block.0.layer.0.SelfAttention.k"
#define A_Q1 Q "._addons.expert_lora.layer1__1"
#define B_Q1 Q "._addons.expert_lora.layer2__1"
#define G_Q1 Q "._addons.router.expert_embeddings__1"

static const Fault FAULT[] = {
    {"sound", NULL, "", 0, 0, STATUS_OK, ""},
    {"no A", A_Q1, "", 0, 0, STATUS_INPUT, A_Q1 "|is missing|expert 1 of 0 to 1"},
    {"no B", B_Q1, "", 0, 0, STATUS_INPUT, B_Q1 "|is missing"},
    {"no gate", G_Q1, "", 0, 0, STATUS_INPUT, G_Q1 "|is missing"},
    {"a hole in the numbers", A_Q1, Q "._addons.expert_lora.layer1__2", 0, 0, STATUS_INPUT,
     "__1|is missing|of 0 to 2"},
    {"a number far away", NULL, Q "._addons.expert_lora.layer1__4000", 20, 2, STATUS_INPUT,
     "4000|are missing"},
    {"another linear", A_Q1, "encoder.block.9.layer.0.SelfAttention.q._addons.expert_lora.layer1__1",
     0, 0, STATUS_MISMATCH, "no linear|encoder.block.9|another base"},
    {"a router of the whole", NULL, "encoder._addons.router.expert_embeddings__0", 1, 40,
     STATUS_MISMATCH, "encoder._addons|Retrieval"},
    {"an unknown name", NULL, Q "._addons.expert_lora.expert_output_gate", 1, 20, STATUS_INPUT,
     "expert_output_gate|is none that"},
    {"two for one place", NULL, "base_model.model." Q "._addons.expert_lora.layer1__1", 20, 2,
     STATUS_INPUT, "layer1__1|is what|keep one"},
    {"another width", A_Q1, NULL, 19, 2, STATUS_MISMATCH, A_Q1 "|[19, 2]|20"},
    {"another length of a gate", G_Q1, NULL, 1, 21, STATUS_MISMATCH, G_Q1 "|21|20"},
    {"two ranks", B_Q1, NULL, 3, 18, STATUS_MISMATCH, B_Q1 "|rank 3|has 2"},
    {"two gates", NULL, Q "._addons.expert_lora.expert_input_gate", 1, 20, STATUS_INPUT,
     "expert_input_gate|is not what|is the gate"},
};

static float NUMBERS[2][400];

/* Adds a tensor, unless the fault takes it away. */
static void add(TorchWriter *w, const Fault *f, const char *name, int64_t rows, int64_t cols) {
  Error err = {0};
  bool hit = f->name && strcmp(f->name, name) == 0;
  if (hit && f->other && !*f->other) return;
  SafetensorsItem item = {hit && f->other ? f->other : name,
                          DTYPE_F32,
                          NUMBERS[0],
                          hit && f->rows ? f->rows : rows,
                          hit && f->cols ? f->cols : cols,
                          false};
  item.vector = item.rows == 1;
  expect_ok(name, torch_writer_add(w, &item, &err), &err);
}

static void write_faulty(const char *path, const Fault *f) {
  static const char *const LINEAR[] = {Q, K};
  Error err = {0};
  TorchWriter *w;
  expect_ok(path, torch_writer_open(&w, path, &err), &err);
  for (int e = 0; e < 2; e++) {
    for (int l = 0; l < 2; l++) {
      for (int part = RELEASED_A; part <= RELEASED_GATE; part++) {
        char *name = released_name(STYLE_PHATGOOSE, (ReleasedPart)part, LINEAR[l], e);
        assert_non_null(name);
        int64_t rows = part == RELEASED_A ? 20 : part == RELEASED_B ? 2 : 1;
        int64_t cols = part == RELEASED_A ? 2 : part == RELEASED_B ? 18 : 20;
        add(w, f, name, rows, cols);
        free(name);
      }
    }
  }
  if (!f->name && *f->other) {
    SafetensorsItem item = {f->other, DTYPE_F32, NUMBERS[1], f->rows, f->cols, f->rows == 1};
    expect_ok(f->other, torch_writer_add(w, &item, &err), &err);
  }
  expect_ok(path, torch_writer_commit(w, &err), &err);
}

/* Every expert of the file, with all checks. */
static Status read_whole(const char *path, const Modules *modules, Error *err) {
  Released r;
  TRY(released_open(&r, path, modules, err));
  Status status = released_check(&r, err);
  for (int i = 0; i < r.experts && status == STATUS_OK; i++) {
    Lora *lora;
    Gate *gate;
    status = released_read(&r, i, &lora, &gate, err);
    if (status != STATUS_OK) break;
    lora_close(lora);
    gate_close(gate);
  }
  released_close(&r);
  return status;
}

static void faults_are_named(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  for (int i = 0; i < 400; i++) NUMBERS[0][i] = NUMBERS[1][i] = (float)(i % 7) - 2.5f;
  NUMBERS[1][0] = 4;
  for (size_t i = 0; i < sizeof FAULT / sizeof *FAULT; i++) {
    const Fault *f = &FAULT[i];
    Error err = {0};
    const char *path = scratch_path(*state, "faulty.pt");
    write_faulty(path, f);
    Status got = read_whole(path, &k->model->modules, &err);
    if (f->status == STATUS_OK) {
      expect_ok(f->what, got, &err);
    } else {
      expect_error(f->what, got, &err, f->status, f->words);
      assert_non_null(strstr(err.text, "faulty.pt"));
    }
  }
  routed_case_close(k);
}

static void gates_of_others_are_refused(void **state) {
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  Released few, many;
  Lora *lora;
  Gate *gate;
  open_golden(k, &few, "arrow/zoo_best.pt");
  open_golden(k, &many, "phatgoose/best.pt");
  expect_ok("expert", released_read(&many, 0, &lora, &gate, &err), &err);
  gate_close(gate);
  Status got = released_read_gate(&few, lora, &gate, &err);
  expect_error("few", got, &err, STATUS_MISMATCH, "zoo_best.pt|is missing|covers this linear");
  err = (Error){0};
  got = released_read_gate(&many, lora, &gate, &err);
  expect_error("many", got, &err, STATUS_INPUT, "best.pt|gates of 3 experts|pool import");
  lora_close(lora);
  err = (Error){0};
  expect_ok("expert", released_read(&few, 0, &lora, &gate, &err), &err);
  gate_close(gate);
  Released whole;
  open_golden(k, &whole, "glider/zoo_best.pt");
  got = released_read_gate(&whole, lora, &gate, &err);
  expect_error("more", got, &err, STATUS_MISMATCH, "zoo_best.pt|does not cover");
  lora_close(lora);
  released_close(&whole);
  released_close(&few);
  released_close(&many);
  routed_case_close(k);
}

/* ---- damage ---- */

static Status read_damaged(const char *dir, void *arg, Error *err) {
  const RoutedCase *k = arg;
  char path[200];
  snprintf(path, sizeof path, "%s/best.pt", dir);
  return read_whole(path, &k->model->modules, err);
}

static void damage_is_refused(void **state) {
  static const char *const PIECE[] = {"layer1__", "layer2__", "__0", "__9", "_addons", "PK\3\4",
                                      "encoder", "q._", "expert_embeddings__1"};
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  char *bytes, *path = golden_path("released/arrow/zoo_best.pt");
  size_t size;
  expect_ok(path, file_read(path, 1 << 20, &bytes, &size, &err), &err);
  scratch_write(*state, "best.pt", bytes, size);
  free(bytes);
  free(path);
  Damage d = {.file = "best.pt", .piece = PIECE, .pieces = sizeof PIECE / sizeof *PIECE,
              .rounds = 400, .read = read_damaged, .arg = k};
  damage_file(*state, &d);
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
      cmocka_unit_test(faults_are_named),
      cmocka_unit_test(gates_of_others_are_refused),
      cmocka_unit_test(damage_is_refused),
  };
  return cmocka_run_group_tests_name("released checkpoints", tests, scratch_setup,
                                     scratch_teardown);
}
