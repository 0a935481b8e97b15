/* Checkpoints of PHATGOOSE and GLIDER that are not whole, contradict themselves or are of something
 * else: refused in a line that names the file and the tensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/torch_write.h"
#include "infer/expert/released.h"
#include "tests/damage.h"
#include "tests/released_case.h"
#include "tests/routed_case.h"
#include "tests/scratch.h"

/* A checkpoint of two experts on two linears, of which a case changes one tensor; the embedding that
 * PHATGOOSE's code leaves in it is the last of its names. */
typedef struct Fault {
  const char *what;
  const char *name;   /* of the tensor; NULL: another one is added */
  const char *other;  /* its new name; "": it is not written */
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
    {"no A", A_Q1, "", 0, 0, STATUS_INPUT, "tensor '" A_Q1 "': is missing|expert 1 of 0 to 1"},
    {"no B", B_Q1, "", 0, 0, STATUS_INPUT, B_Q1 "|is missing"},
    {"no gate", G_Q1, "", 0, 0, STATUS_INPUT, "tensor '" G_Q1 "': is missing"},
    {"a hole in the numbers", A_Q1, Q "._addons.expert_lora.layer1__2", 0, 0, STATUS_INPUT,
     "__1|is missing|of 0 to 2"},
    {"a number far away", NULL, Q "._addons.expert_lora.layer1__4000", 20, 2, STATUS_INPUT,
     "4000|are missing"},
    {"another linear", A_Q1,
     "encoder.block.9.layer.0.SelfAttention.q._addons.expert_lora.layer1__1", 0, 0, STATUS_MISMATCH,
     "no linear|encoder.block.9|another base"},
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
  SafetensorsItem item = {
      hit && f->other ? f->other : name, DTYPE_F32, NUMBERS[0], hit && f->rows ? f->rows : rows,
      hit && f->cols ? f->cols : cols,   false};
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
  add(w, f, "encoder.embed_tokens.weight", 9, 20);
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
  released_case_open(k, &few, "arrow/zoo_best.pt");
  released_case_open(k, &many, "phatgoose/best.pt");
  expect_ok("expert", released_read(&many, 0, &lora, &gate, &err), &err);
  gate_close(gate);
  Status got = released_read_gate(&few, &(Expert){.lora = lora}, &gate, &err);
  expect_error("few", got, &err, STATUS_MISMATCH, "zoo_best.pt|is missing|covers this linear");
  err = (Error){0};
  few.gates = false;
  got = released_read_gate(&few, &(Expert){.lora = lora}, &gate, &err);
  expect_error("none", got, &err, STATUS_INPUT, "zoo_best.pt: holds no gates");
  err = (Error){0};
  got = released_read_gate(&many, &(Expert){.lora = lora}, &gate, &err);
  expect_error("many", got, &err, STATUS_INPUT, "best.pt|gates of 3 experts|pool import");
  lora_close(lora);
  err = (Error){0};
  expect_ok("expert", released_read(&few, 0, &lora, &gate, &err), &err);
  gate_close(gate);
  Released whole;
  released_case_open(k, &whole, "glider/zoo_best.pt");
  got = released_read_gate(&whole, &(Expert){.lora = lora}, &gate, &err);
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
  static const char *const PIECE[] = {"layer1__", "layer2__", "__0",
                                      "__9",      "_addons",  "PK\3\4",
                                      "encoder",  "q._",      "expert_embeddings__1"};
  RoutedCase *k = routed_case_open(*state, "released");
  Error err = {0};
  char *bytes, *path = golden_path("released/arrow/zoo_best.pt");
  size_t size;
  expect_ok(path, file_read(path, 1 << 20, &bytes, &size, &err), &err);
  scratch_write(*state, "best.pt", bytes, size);
  free(bytes);
  free(path);
  Damage d = {.file = "best.pt",
              .piece = PIECE,
              .pieces = sizeof PIECE / sizeof *PIECE,
              .rounds = 400,
              .read = read_damaged,
              .arg = k};
  damage_file(*state, &d);
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faults_are_named),
      cmocka_unit_test(gates_of_others_are_refused),
      cmocka_unit_test(damage_is_refused),
  };
  return cmocka_run_group_tests_name("refused checkpoints", tests, scratch_setup, scratch_teardown);
}
