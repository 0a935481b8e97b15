/* Files that PyTorch wrote, against what safetensors made of the same tensors, and what PyTorch and
 * Python write that is no file of tensors. (tests/oracle/make_torch_golden.py) */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tensors/weights.h"
#include "infer/adapter/lora.h"
#include "infer/t5/t5.h"
#include "tests/mutate.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static TensorTable open_golden(const char *name, const char *end) {
  TensorTable t;
  Error err = {0};
  char *path = golden_path("torch/good/%s.%s", name, end);
  expect_ok(path, tensor_table_open(&t, path, &err), &err);
  expect_ok(path, tensor_table_verify(&t, &err), &err);
  free(path);
  return t;
}

static void expect_same(const TensorTable *got, const TensorTable *want) {
  assert_int_equal(got->count, want->count);
  for (size_t i = 0; i < want->count; i++) {
    const TensorEntry *g = &got->entry[i], *w = &want->entry[i];
    assert_string_equal(g->name, w->name);
    assert_string_equal(g->dtype, w->dtype);
    assert_int_equal(g->rank, w->rank);
    assert_memory_equal(g->shape, w->shape, (size_t)w->rank * sizeof *w->shape);
    assert_int_equal(g->size, w->size);
    if (w->size > 0) assert_memory_equal(g->data, w->data, w->size);
  }
}

/* The two files have the same bytes. */
static void expect_same_file(const char *got, const char *want) {
  MappedFile a, b;
  Error err = {0};
  expect_ok(got, mapped_open(&a, got, &err), &err);
  expect_ok(want, mapped_open(&b, want, &err), &err);
  if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0) fail_msg("%s differs", want);
  mapped_close(&a);
  mapped_close(&b);
}

/* The file becomes the one that save_file of safetensors wrote. */
static void expect_exported(Scratch *s, const char *name) {
  Weights *w;
  Error err = {0};
  char *in = golden_path("torch/good/%s.pt", name);
  char *want = golden_path("torch/good/%s.safetensors", name);
  expect_ok(in, weights_open(&w, in, &err), &err);
  expect_ok(in, weights_export(w, NULL, scratch_path(s, "out.safetensors"), &err), &err);
  expect_same_file(s->path, want);
  weights_close(w);
  free(in);
  free(want);
}

/* Calls `check` with the name of every file NAME.pt below tests/golden/torch. */
static int each_file(const char *folder, void (*check)(Scratch *s, const char *name), Scratch *s) {
  char *path = golden_path("torch/%s", folder);
  struct dirent **entry;
  int n = scandir(path, &entry, NULL, alphasort), checked = 0;
  for (int i = 0; i < n; i++) {
    char *end = strstr(entry[i]->d_name, ".pt");
    if (end) {
      *end = '\0';
      check(s, entry[i]->d_name);
      checked++;
    }
    free(entry[i]);
  }
  if (n >= 0) free(entry);
  free(path);
  return checked;
}

static void check_good(Scratch *s, const char *name) {
  TensorTable got = open_golden(name, "pt"), want = open_golden(name, "safetensors");
  assert_int_equal(got.format, FORMAT_TORCH);
  expect_same(&got, &want);
  tensor_table_close(&got);
  tensor_table_close(&want);
  expect_exported(s, name);
}

static void files_of_pytorch_are_as_safetensors_has_them(void **state) {
  assert_true(each_file("good", check_good, *state) >= 18);
}

static void check_refused(Scratch *s, const char *name) {
  (void)s;
  TensorTable t;
  Error err = {0};
  json_t *words = golden_json("torch/refused.json");
  char *path = golden_path("torch/refused/%s.pt", name);
  const char *word = json_string_value(json_object_get(words, name));
  assert_non_null(word);
  expect_error(name, tensor_table_open(&t, path, &err), &err, STATUS_INPUT, word);
  free(path);
  json_decref(words);
}

static void what_holds_more_than_tensors_is_refused_by_name(void **state) {
  assert_true(each_file("refused", check_refused, *state) >= 18);
}

static void shared_tensors_are_known(void **state) {
  (void)state;
  TensorTable t = open_golden("tied", "pt");
  const TensorEntry *first = tensor_table_find(&t, "encoder.embed_tokens.weight");
  assert_ptr_equal(tensor_table_find(&t, "shared.weight")->sharer, first);
  assert_ptr_equal(tensor_table_find(&t, "lm_head.weight")->sharer, first);
  assert_null(first->sharer);
  assert_null(tensor_table_find(&t, "other")->sharer);
  assert_ptr_equal(tensor_table_find(&t, "shared.weight")->data, first->data);
  assert_int_equal(t.owned_count, 0);
  tensor_table_close(&t);
}

static void a_wrapper_is_left_out_of_names(void **state) {
  (void)state;
  static const char *const want[][2] = {
      {"epoch", "3"},      {"loss", "0.1"},  {"name", "a run"},
      {"done", "False"},   {"best", "None"}, {"steps", "[1, 2, 3]"},
      {"shape", "(2, 2)"}, {"empty", "{}"},  {"seed", "an integer of 9 bytes"}};
  TensorTable t = open_golden("wrapper", "pt");
  assert_string_equal(t.wrapper, "state_dict");
  assert_non_null(tensor_table_find(&t, "w"));
  assert_int_equal(t.meta_count, sizeof want / sizeof *want);
  for (size_t i = 0; i < t.meta_count; i++) {
    assert_string_equal(tensor_table_meta(&t, want[i][0]), want[i][1]);
  }
  tensor_table_close(&t);
  t = open_golden("optimizer", "pt"); /* two entries with tensors: none is a wrapper */
  assert_null(t.wrapper);
  assert_non_null(tensor_table_find(&t, "model.w"));
  assert_non_null(tensor_table_find(&t, "optimizer.state.0.avg"));
  assert_string_equal(tensor_table_meta(&t, "optimizer.groups.0.betas"), "(0.9, 0.999)");
  tensor_table_close(&t);
}

/* ---- models and experts ---- */

static T5 *open_base(const char *name, char fingerprint[HASH_HEX]) {
  T5 *model;
  Error err = {0};
  char *path = golden_path("%s", name);
  expect_ok(path, t5_open(&model, path, &err), &err);
  expect_ok(path, t5_fingerprint(model, fingerprint, &err), &err);
  free(path);
  return model;
}

static void models_and_experts_are_those_of_safetensors(void **state) {
  (void)state;
  char got[HASH_HEX], want[HASH_HEX];
  Lora *lora;
  Error err = {0};
  t5_close(open_base("v1_1/base", want));
  T5 *model = open_base("torch/base", got);
  assert_string_equal(got, want);
  for (int torch = 0; torch < 2; torch++) {
    char *path = golden_path(torch ? "torch/expert" : "v1_1/expert_qv");
    expect_ok(path, lora_open(&lora, path, &model->modules, &err), &err);
    memcpy(torch ? got : want, lora->fingerprint, HASH_HEX);
    lora_close(lora);
    free(path);
  }
  assert_string_equal(got, want);
  t5_close(model);
}

static void safetensors_come_first(void **state) {
  Scratch *s = *state;
  Weights *w;
  Error err = {0};
  MappedFile f;
  char *torch = golden_path("torch/good/dict.pt");
  expect_ok("read", mapped_open(&f, torch, &err), &err);
  assert_int_equal(mkdir(scratch_path(s, "m"), 0777), 0);
  scratch_write(s, "m/pytorch_model.bin", f.data, f.size);
  scratch_write(s, "m/adapter_model.bin", f.data, f.size);
  expect_ok("bin", weights_open(&w, scratch_path(s, "m"), &err), &err);
  assert_non_null(strstr(weights_path(w), "m/pytorch_model.bin"));
  assert_null(weights_passed(w));
  weights_close(w);
  expect_ok("adapter", weights_open_adapter(&w, scratch_path(s, "m"), &err), &err);
  assert_non_null(strstr(weights_path(w), "m/adapter_model.bin"));
  weights_close(w);
  scratch_write(s, "m/model.safetensors", f.data, f.size); /* the content decides what it is */
  expect_ok("both", weights_open(&w, scratch_path(s, "m"), &err), &err);
  assert_non_null(strstr(weights_path(w), "m/model.safetensors"));
  assert_string_equal(weights_passed(w), "pytorch_model.bin");
  assert_int_equal(weights_table(w, 0)->format, FORMAT_TORCH);
  weights_close(w);
  mapped_close(&f);
  free(torch);
}

/* ---- damage ---- */

/* What is opened and verified in spite of damage is what it was. */
static bool survives(Scratch *s, const void *bytes, size_t size, const TensorTable *sound) {
  TensorTable t;
  Error err = {0};
  Status status = tensor_table_open(&t, scratch_write(s, "damaged.pt", bytes, size), &err);
  if (status == STATUS_OK) status = tensor_table_verify(&t, &err);
  if (status == STATUS_OK) {
    expect_same(&t, sound);
  } else {
    expect_error("damage", status, &err, STATUS_INPUT, "/damaged.pt: ");
  }
  tensor_table_close(&t);
  return status == STATUS_OK;
}

static void check_damage(Scratch *s, const char *name) {
  enum { PARTS = 50, FLIPS = 1000 };
  TensorTable sound = open_golden(name, "pt");
  size_t size = sound.file.size;
  unsigned char *bytes = malloc(size);
  assert_non_null(bytes);
  memcpy(bytes, sound.file.data, size);
  for (size_t i = 0; i < PARTS; i++) assert_false(survives(s, bytes, size * i / PARTS, &sound));
  assert_false(survives(s, bytes, size - 1, &sound));
  Rng rng = {.key = rng_key(size, 0, 0, 0)};
  int survived = 0;
  for (int i = 0; i < FLIPS; i++) {
    uint64_t bit = rng_below(&rng, 8 * size);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    survived += survives(s, bytes, size, &sound);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  assert_in_range(survived, 1, FLIPS / 2); /* padding, times and the like */
  free(bytes);
  tensor_table_close(&sound);
}

static void damage_is_refused_or_does_not_matter(void **state) {
  check_damage(*state, "dict");
  check_damage(*state, "tied");
  check_damage(*state, "views");
  check_damage(*state, "zip64");
}

/* Pickles that no sum protects, against pieces of their own language. */
static void damaged_pickles_are_survived(void **state) {
  static const char *const pieces[] = {"(",    ")",    "t",     "}",     "]",  "u",    "s",
                                       "e",    "a",    "R",     "b",     "Q",  "\x85", "\x86",
                                       "\x93", "\x94", "K\xff", "q\x7f", "h\1"};
  enum { ROUNDS = 3000, PICKLE_AT = 0x40, PICKLE_SIZE = 200 };
  TensorTable sound = open_golden("no_sums", "pt");
  size_t size = sound.file.size;
  unsigned char bytes[4096];
  assert_in_range(size, PICKLE_AT + PICKLE_SIZE, sizeof bytes);
  for (uint64_t round = 0; round < ROUNDS; round++) {
    Rng rng = {.key = rng_key(round, 0, 0, 0)};
    TensorTable t;
    Error err = {0};
    memcpy(bytes, sound.file.data, size);
    mutate(bytes + PICKLE_AT, PICKLE_SIZE, pieces, sizeof pieces / sizeof *pieces, &rng);
    Status got = tensor_table_open(&t, scratch_write(*state, "damaged.pt", bytes, size), &err);
    if (got != STATUS_OK) expect_error("damage", got, &err, STATUS_INPUT, "/damaged.pt: ");
    tensor_table_close(&t);
  }
  tensor_table_close(&sound);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_of_pytorch_are_as_safetensors_has_them),
      cmocka_unit_test(what_holds_more_than_tensors_is_refused_by_name),
      cmocka_unit_test(shared_tensors_are_known),
      cmocka_unit_test(a_wrapper_is_left_out_of_names),
      cmocka_unit_test(models_and_experts_are_those_of_safetensors),
      cmocka_unit_test(safetensors_come_first),
      cmocka_unit_test(damage_is_refused_or_does_not_matter),
      cmocka_unit_test(damaged_pickles_are_survived),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
