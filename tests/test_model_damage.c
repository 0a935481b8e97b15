/* Damaged models, experts and gates: an error that names a file, or a sound result; never a crash.
 * The sanitizers and valgrind watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/mutate.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

enum { ROUNDS = 400, BYTES_MAX = 1 << 20 };

static const char *const PIECES[] = {
    "null", "true",   "-1",    "0",   "1e999",      "99999999999", "\"\"",   "[]",
    "{}",   "(",      "|",     "*",   "[",          "\\\\d",       "\":",    ",\"",
    ".wo.", "lora_B", "[1,2]", "[0]", "\"F16\"",    "\"BF16\"",    ".gate",  "encoder",
    "v1",   "\"r\":", "gelu",  "mt5", "all-linear", "\xff",        "\\u0000"};

/* What is opened in the damaged directory, and what opens it. */
typedef struct Target {
  const char *file;
  Status (*open)(const char *dir, T5 *model, Lora *lora, Error *err);
} Target;

static Status open_model(const char *dir, T5 *model, Lora *lora, Error *err) {
  T5 *opened;
  (void)model;
  (void)lora;
  Status status = t5_open(&opened, dir, err);
  assert_int_equal(opened != NULL, status == STATUS_OK);
  if (opened) {
    TinyBatch b = tiny_batch(&opened->config, 1);
    tiny_forward(opened, NULL, &b, false, false, 1);
  }
  t5_close(opened);
  return status;
}

static Status open_expert(const char *dir, T5 *model, Lora *lora, Error *err) {
  Lora *opened;
  (void)lora;
  Status status = lora_open(&opened, dir, &model->modules, err);
  assert_int_equal(opened != NULL, status == STATUS_OK);
  lora_close(opened);
  return status;
}

static Status open_gate(const char *dir, T5 *model, Lora *lora, Error *err) {
  Gate *opened;
  GateInfo info;
  char *path = path_join(dir, "gate.safetensors");
  Status status =
      gate_open(&opened, path, lora, &model->modules, tiny_fingerprint(model).hex, &info, err);
  assert_int_equal(opened != NULL, status == STATUS_OK);
  gate_close(opened);
  free(path);
  return status;
}

/* Opens the directory ROUNDS times with the file damaged, then puts the file back. */
static void damage(Scratch *s, const Target *t, T5 *model, Lora *lora) {
  Error err = {0};
  char *original;
  size_t size;
  expect_ok(t->file, file_read(scratch_path(s, t->file), BYTES_MAX, &original, &size, &err), &err);
  expect_ok(t->file, t->open(s->dir, model, lora, &err), &err);
  /* The data of safetensors is mostly numbers; damage goes to the header. */
  size_t head = size < 4096 ? size : 4096;
  unsigned char *bytes = malloc(size);
  assert_non_null(bytes);
  int refused = 0;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    Rng rng = {.key = rng_key(round, 0, 0, 0)};
    memcpy(bytes, original, size);
    size_t left = mutate(bytes, head, PIECES, sizeof PIECES / sizeof *PIECES, &rng);
    scratch_write(s, t->file, bytes, left < head ? left : size);
    err = (Error){0};
    Status got = t->open(s->dir, model, lora, &err);
    assert_int_equal(got, err.status);
    if (got == STATUS_OK) continue;
    refused++;
    assert_true(got == STATUS_INPUT || got == STATUS_MISMATCH);
    if (!strstr(err.text, s->dir)) fail_msg("names no file: %s", err.text);
  }
  assert_true(refused > ROUNDS / 4);
  scratch_write(s, t->file, original, size);
  free(bytes);
  free(original);
}

static void nothing_that_is_damaged_does_harm(void **state) {
  static const Target targets[] = {{"config.json", open_model},
                                   {"model.safetensors", open_model},
                                   {"adapter_config.json", open_expert},
                                   {"adapter_model.safetensors", open_expert},
                                   {"gate.safetensors", open_gate}};
  Scratch *s = *state;
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Lora *lora = tiny_lora(model, "q,wo", 3, 1);
  Gate *gate = tiny_gate(lora, model, 2);
  GateInfo info = {.recipe = "custom"};
  expect_ok("hash", t5_fingerprint(model, info.base, &err), &err);
  memcpy(info.expert, lora->fingerprint, HASH_HEX);
  const char *path = scratch_path(s, "gate.safetensors");
  expect_ok("model", t5_save(model, s->dir, DTYPE_F32, &err), &err);
  expect_ok("expert", lora_save(lora, &model->modules, s->dir, "base", DTYPE_F32, &err), &err);
  expect_ok("gate", gate_save(gate, &model->modules, path, &info, &err), &err);
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    damage(s, &targets[i], model, lora);
  }
  gate_close(gate);
  lora_close(lora);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_that_is_damaged_does_harm)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
