/* Average activations: against hooks on PEFT's layers, and the file that a run leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/workspace.h"
#include "train/activation.h"
#include "train/run_dir.h"

/* ---- goldens ---- */

/* Every example of a case, in one micro-batch or in one each. */
static Batch case_batch(const Parity *p, bool together) {
  Batch b = {.examples = (int64_t)json_array_size(json_object_get(p->expected, "examples"))};
  b.count = together ? 1 : b.examples;
  b.micro = calloc((size_t)b.count, sizeof *b.micro);
  assert_non_null(b.micro);
  json_t *indices = json_array();
  for (int64_t i = 0; i < b.examples; i++) {
    json_array_append_new(indices, json_integer(i));
    if (together) continue;
    b.micro[i] = parity_batch(p, indices);
    json_array_clear(indices);
  }
  if (together) b.micro[0] = parity_batch(p, indices);
  json_decref(indices);
  return b;
}

static void free_batch(Batch *b) {
  for (int64_t i = 0; i < b->count; i++) parity_batch_free(&b->micro[i]);
  free(b->micro);
}

static void compare_module(Comparison *c, const TensorTable *want, const char *module,
                           const char *kind, const double *got, int64_t n) {
  char name[256];
  float values[128];
  snprintf(name, sizeof name, "%s.%s", module, kind);
  const TensorEntry *e = tensor_table_find(want, name);
  assert_non_null(e);
  assert_int_equal(e->size, (size_t)n * sizeof(float));
  assert_true(n <= 128);
  for (int64_t k = 0; k < n; k++) values[k] = (float)got[k];
  compare(c, name, values, (const void *)e->data, n);
}

static void compare_with_hooks(const char *name, const char *expert, bool together) {
  Parity p;
  TensorTable want;
  Activation a;
  Error err = {0};
  size_t seen = 0;
  parity_open(&p, name);
  parity_expert(&p, expert);
  Batch batch = case_batch(&p, together);
  char *path = golden_path("activation/%s.%s.safetensors", name, expert);
  expect_ok(path, tensor_table_open(&want, path, &err), &err);
  expect_ok("collect",
            activation_collect(&a, p.model, &(Expert){.lora = p.lora}, &batch, 2, NULL, &err),
            &err);
  Comparison c = compare_begin(PARITY_F32, "%s %s", name, expert);
  for (int i = 0; i < a.count; i++) {
    const ModuleActivation *m = &a.module[i];
    assert_int_equal(m->mean != NULL, p.lora->factor[i].a.rows > 0);
    if (!m->mean) continue;
    compare_module(&c, &want, p.model->modules.module[i].name, "mean", m->mean, m->d_in);
    compare_module(&c, &want, p.model->modules.module[i].name, "absolute", m->absolute, m->d_in);
    seen += 2;
  }
  compare_end(&c);
  assert_int_equal(seen, want.count);
  activation_free(&a);
  tensor_table_close(&want);
  free(path);
  free_batch(&batch);
  parity_close(&p);
}

static void means_are_those_of_hooks(void **state) {
  (void)state;
  compare_with_hooks("v1_1", "expert_all", true);
  compare_with_hooks("v1_1", "expert_all", false);
  compare_with_hooks("v1_0", "expert_qv", true);
}

/* ---- runs ---- */

static Workspace workspace;

static int make_workspace(void **state) {
  (void)state;
  workspace_make(&workspace);
  return 0;
}

static int remove_workspace(void **state) {
  (void)state;
  workspace_remove(&workspace);
  return 0;
}

static void assign_key(OptionSet *set, const char *key, const char *value) {
  char text[512];
  Error err = {0};
  snprintf(text, sizeof text, "%s=%s", key, value);
  expect_ok(text, options_assign(set, text, &err), &err);
}

/* A run in the workspace with one setting more (NULL: none). */
static Status run_with(const char *output, const char *key, const char *value, int64_t *used,
                       Error *err) {
  ActivationSettings settings;
  OptionSet set = {0};
  expect_ok("settings", activation_settings_init(&set, &settings, err), err);
  assign_key(&set, "base", workspace_path(&workspace, "base"));
  assign_key(&set, "expert", workspace_path(&workspace, "expert"));
  assign_key(&set, "data.train", workspace_path(&workspace, "train.jsonl"));
  assign_key(&set, "output", workspace_path(&workspace, output));
  if (key) assign_key(&set, key, value);
  Status status = activation_run(&settings, &(ActivationHow){.replace = true}, NULL, used, err);
  options_free(&set);
  return status;
}

static void a_run_writes_what_is_documented(void **state) {
  (void)state;
  Error err = {0};
  int64_t used;
  TensorTable file;
  expect_ok("run", run_with("a", "activation.examples", "5", &used, &err), &err);
  assert_int_equal(used, 5);
  const char *path = workspace_path(&workspace, "a/activation.safetensors");
  expect_ok("open", tensor_table_open(&file, path, &err), &err);
  assert_string_equal(tensor_table_meta(&file, "format"), "skein-activation");
  assert_string_equal(tensor_table_meta(&file, "version"), "1");
  assert_string_equal(tensor_table_meta(&file, "examples"), "5");
  assert_string_equal(tensor_table_meta(&file, "seed"), "42");
  assert_int_equal(strlen(tensor_table_meta(&file, "base")), HASH_HEX - 1);
  assert_int_equal(strlen(tensor_table_meta(&file, "expert")), HASH_HEX - 1);
  for (size_t i = 0; i < file.count; i++) {
    const char *dot = strrchr(file.entry[i].name, '.');
    assert_true(strcmp(dot, ".mean") == 0 || strcmp(dot, ".absolute") == 0);
    assert_string_equal(file.entry[i].dtype, "F32");
    assert_int_equal(file.entry[i].rank, 1);
  }
  tensor_table_close(&file);
}

static void the_seed_draws_and_threads_do_not_matter(void **state) {
  (void)state;
  Error err = {0};
  int64_t used;
  expect_ok("one", run_with("b", "activation.examples", "5", &used, &err), &err);
  expect_ok("again", run_with("c", "activation.examples", "5", &used, &err), &err);
  assert_true(workspace_same(&workspace, "b/activation.safetensors", "c/activation.safetensors"));
  expect_ok("all", run_with("d", "threads", "1", &used, &err), &err);
  assert_true(used > 5);
  expect_ok("all", run_with("e", "threads", "3", &used, &err), &err);
  assert_true(workspace_same(&workspace, "d/activation.safetensors", "e/activation.safetensors"));
  assert_false(workspace_same(&workspace, "b/activation.safetensors", "d/activation.safetensors"));
}

static void a_failed_run_leaves_nothing(void **state) {
  (void)state;
  int64_t used;
  Error err = {0};
  workspace_write(&workspace, "bad.jsonl", "{\"input\": \"a\"}\n");
  Status got = run_with("f", "data.train", workspace_path(&workspace, "bad.jsonl"), &used, &err);
  expect_error("line", got, &err, STATUS_INPUT, "bad.jsonl: line 1: target: ");
  err = (Error){0};
  got = run_with("f", "expert", workspace_path(&workspace, "nowhere"), &used, &err);
  expect_error("expert", got, &err, STATUS_INPUT, "nowhere: want the directory of a LoRA");
  MappedFile file;
  Status there = mapped_open(&file, workspace_path(&workspace, "f/activation.safetensors"), NULL);
  assert_int_equal(there, STATUS_INPUT);
  assert_int_not_equal(access(workspace_path(&workspace, "f"), F_OK), 0);
}

/* As the other writers do: one at a time, and what died before is swept. */
static void the_output_is_held_and_swept(void **state) {
  (void)state;
  static const char LEFT[] = "g/activation.safetensors.tmp.999999999.0123456789abcdef";
  int64_t used;
  Error err = {0};
  RunDir holder;
  expect_ok("hold", run_dir_hold(&holder, workspace_path(&workspace, "g"), &err), &err);
  workspace_write(&workspace, LEFT, "half");
  Status got = run_with("g", NULL, NULL, &used, &err);
  expect_error("held", got, &err, STATUS_RUN, "g: another process is writing into this directory");
  run_dir_close(&holder);
  assert_int_equal(access(workspace_path(&workspace, LEFT), F_OK), 0);
  err = (Error){0};
  expect_ok("free", run_with("g", NULL, NULL, &used, &err), &err);
  assert_int_not_equal(access(workspace_path(&workspace, LEFT), F_OK), 0);
  assert_int_not_equal(access(workspace_path(&workspace, "g/.lock"), F_OK), 0);
  assert_int_equal(access(workspace_path(&workspace, "g/activation.safetensors"), F_OK), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(means_are_those_of_hooks),
      cmocka_unit_test(a_run_writes_what_is_documented),
      cmocka_unit_test(the_seed_draws_and_threads_do_not_matter),
      cmocka_unit_test(a_failed_run_leaves_nothing),
      cmocka_unit_test(the_output_is_held_and_swept),
  };
  return cmocka_run_group_tests(tests, make_workspace, remove_workspace);
}
