/* Damaged models, experts and gates: an error that names a file, or a sound result; never a crash.
 * The sanitizers and valgrind watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "data/tokenizer/tokenizer.h"
#include "infer/pool/pool_manifest.h"
#include "tests/damage.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* The data of safetensors is mostly numbers; damage goes to the header. */
enum { ROUNDS = 1000, HEAD = 4096 };

static const char *const PIECES[] = {
    "null",    "true",   "-1",      "0",        "1e999",      "99999999999",
    "\"\"",    "[]",     "{}",      "(",        "|",          "*",
    "[",       "\\\\d",  "\":",     ",\"",      ".wo.",       "lora_B",
    "[1,2]",   "[0]",    "\"F16\"", "\"BF16\"", ".gate",      "encoder",
    "v1",      "\"r\":", "gelu",    "mt5",      "all-linear", "\xff",
    "\\u0000", "(?!",    "{1,2}",   "(?i)",     "umt5",       "T5EncoderModel",
    "ia3_l",   "IA3",    "LORA"};

/* What experts and gates are opened on. */
typedef struct Parts {
  T5 *model;
  Lora *lora;
} Parts;

static Status open_model(const char *dir, void *arg, Error *err) {
  T5 *opened;
  (void)arg;
  Status status = t5_open(&opened, dir, err);
  assert_int_equal(opened != NULL, status == STATUS_OK);
  if (opened) {
    TinyBatch b = tiny_batch(&opened->config, 1);
    tiny_forward(opened, NULL, &b, false, false, 1);
  }
  t5_close(opened);
  return status;
}

static Status open_adapter(const char *dir, void *arg, Error *err) {
  const Parts *on = arg;
  Expert opened;
  Status status = expert_open(&opened, dir, &on->model->modules, err);
  assert_int_equal(opened.lora || opened.ia3, status == STATUS_OK);
  expert_close(&opened);
  return status;
}

/* The same, in a folder of its own. */
static Status open_ia3(const char *dir, void *arg, Error *err) {
  char *of = path_join(dir, "ia3");
  assert_non_null(of);
  Status status = open_adapter(of, arg, err);
  free(of);
  return status;
}

static Status open_gate(const char *dir, void *arg, Error *err) {
  const Parts *on = arg;
  Gate *opened;
  GateInfo info;
  char *path = path_join(dir, "gate.safetensors");
  Status status = gate_open(&opened, path, &(Expert){.lora = on->lora}, &on->model->modules,
                            tiny_fingerprint(on->model).hex, &info, err);
  assert_int_equal(opened != NULL, status == STATUS_OK);
  gate_close(opened);
  free(path);
  return status;
}

static const char ADAPTER[] =
    "{\"peft_type\": \"LORA\", \"task_type\": \"SEQ_2_SEQ_LM\", \"bias\": \"lora_only\","
    "\"target_modules\": \"(?i)^(?!.*lm_head).*\\\\.(q|wo{1,2})$\", \"exclude_modules\": [\"x\"],"
    "\"rank_pattern\": {\"q\": 3, \".*(?<=o)\": 3}, \"alpha_pattern\": {\"wo\": 2},"
    "\"layers_to_transform\": null, \"fan_in_fan_out\": true, \"some_config\": {},"
    "\"auto_mapping\": {\"base_model_class\": \"T5Model\"}, \"use_rslora\": false}";

/* Rounds of it, and where it is text cuts. */
static void damage(Scratch *s, const char *file, Status (*read)(const char *, void *, Error *),
                   Parts *parts) {
  Damage d = {.file = file,
              .piece = PIECES,
              .pieces = sizeof PIECES / sizeof *PIECES,
              .head = HEAD,
              .rounds = ROUNDS,
              .read = read,
              .arg = parts};
  damage_file(s, &d);
  if (strstr(file, ".json")) assert_true(damage_cut(s, &d) >= DAMAGE_CUTS - 1);
}

static void nothing_that_is_damaged_does_harm(void **state) {
  static const struct {
    const char *file;
    Status (*open)(const char *dir, void *arg, Error *err);
  } targets[] = {{"config.json", open_model},           {"model.safetensors", open_model},
                 {"adapter_config.json", open_adapter}, {"adapter_model.safetensors", open_adapter},
                 {"ia3/adapter_config.json", open_ia3}, {"ia3/adapter_model.safetensors", open_ia3},
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
  Ia3 *ia3 = tiny_ia3(model, "k,v,wo", "wo", 4);
  const char *folder = scratch_path(s, "ia3");
  expect_ok("(IA)3", ia3_save(ia3, &model->modules, folder, "base", DTYPE_F32, &err), &err);
  ia3_close(ia3);
  Parts parts = {model, lora};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    damage(s, targets[i].file, targets[i].open, &parts);
  }
  /* One by hand, of keys that lora_save does not write. */
  scratch_write(s, "adapter_config.json", ADAPTER, strlen(ADAPTER));
  damage(s, "adapter_config.json", open_adapter, &parts);
  gate_close(gate);
  lora_close(lora);
  t5_close(model);
}

static Status open_tokenizer(const char *dir, void *arg, Error *err) {
  Tokenizer *opened;
  (void)arg;
  Status status = tokenizer_open(&opened, dir, err);
  tokenizer_close(opened);
  return status;
}

static Status open_pool(const char *dir, void *arg, Error *err) {
  PoolManifest manifest;
  (void)arg;
  return manifest_read(&manifest, dir, err);
}

/* What `git clone` leaves without Git LFS, in the place of any file. */
static void pointers_are_known_wherever_they_stand(void **state) {
  static const char pointer[] =
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
  static const struct {
    const char *file;
    Status (*open)(const char *dir, void *arg, Error *err);
  } targets[] = {{"model.safetensors", open_model},
                 {"config.json", open_model},
                 {"spiece.model", open_tokenizer},
                 {"gate.safetensors", open_gate},
                 {"pool.yaml", open_pool},
                 {"adapter_model.safetensors", open_adapter},
                 {"adapter_config.json", open_adapter}};
  Scratch *s = *state;
  Error err = {0};
  T5 *model = tiny_model(true, false);
  Lora *lora = tiny_lora(model, "q,wo", 3, 1);
  Parts parts = {model, lora};
  expect_ok("model", t5_save(model, s->dir, DTYPE_F32, &err), &err);
  expect_ok("expert", lora_save(lora, &model->modules, s->dir, "base", DTYPE_F32, &err), &err);
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    scratch_write(s, targets[i].file, pointer, strlen(pointer));
    err = (Error){0};
    Status got = targets[i].open(s->dir, &parts, &err);
    expect_error(targets[i].file, got, &err, STATUS_INPUT, "a Git LFS pointer|`git lfs pull`");
    assert_non_null(strstr(err.text, targets[i].file));
  }
  lora_close(lora);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_that_is_damaged_does_harm),
                                     cmocka_unit_test(pointers_are_known_wherever_they_stand)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
