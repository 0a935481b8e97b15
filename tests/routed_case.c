#include "tests/routed_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "infer/embed/embed.h"
#include "infer/expert/vector_file.h"
#include "infer/pool/pool_manifest.h"

const float *routed_want(const RoutedCase *k, const char *name, const char *suffix, int64_t *n) {
  char full[128];
  snprintf(full, sizeof full, "%s%s", name, suffix);
  const TensorEntry *e = tensor_table_find(&k->tensors, full);
  if (!e) fail_msg("no golden tensor %s", full);
  *n = (int64_t)(e->size / sizeof(float));
  return (const void *)e->data;
}

static const char *expert_name(const RoutedCase *k, size_t i) {
  return json_string_value(json_array_get(json_object_get(k->expected, "experts"), i));
}

/* Making the pool. */

/* The vectors of one kind of an expert. */
static Gate *golden_vectors(const RoutedCase *k, const Expert *e, const char *expert,
                            const char *kind) {
  Error err = {0};
  Gate *gate;
  int64_t n, at = 0;
  const float *values = routed_want(k, expert, kind, &n);
  expect_ok("gate", gate_new(&gate, e, &k->model->modules, &err), &err);
  for (int i = 0; i < gate->count; i++) {
    Tensor *v = &gate->vector[i];
    if (v->rows == 0) continue;
    assert_true(at + v->cols <= n);
    memcpy(v->data, values + at, (size_t)v->cols * sizeof *values);
    at += v->cols;
  }
  assert_int_equal(at, n);
  return gate;
}

static void write_activation(const RoutedCase *k, const Expert *e, const char *expert,
                             GateInfo *info, const char *path) {
  static const char *const KIND[] = {"mean", "absolute"};
  SafetensorsItem items[2 * ROUTED_LINEARS];
  Gate *gate[2];
  size_t n = 0;
  for (int j = 0; j < 2; j++) {
    char suffix[16];
    snprintf(suffix, sizeof suffix, ".%s", KIND[j]);
    gate[j] = golden_vectors(k, e, expert, suffix);
    for (int i = 0; i < gate[j]->count; i++) {
      const Tensor *v = &gate[j]->vector[i];
      if (v->rows == 0) continue;
      char *name = vector_name(&k->model->modules.module[i], KIND[j]);
      items[n++] = (SafetensorsItem){name, DTYPE_F32, v->data, 1, v->cols, true};
    }
  }
  Error err = {0};
  TensorMeta meta[] = {{"format", (char *)(uintptr_t)ACTIVATION_FORMAT},
                       {"version", (char *)(uintptr_t)VECTOR_VERSION},
                       {"base", info->base},
                       {"expert", info->expert}};
  expect_ok(path, safetensors_write(path, items, n, meta, 4, &err), &err);
  for (size_t i = 0; i < n; i++) free((char *)(uintptr_t)items[i].name);
  gate_close(gate[0]);
  gate_close(gate[1]);
}

static void save_expert(const RoutedCase *k, const Expert *e, const char *dir) {
  Error err = {0};
  const Modules *modules = &k->model->modules;
  if (e->ia3) expect_ok(dir, ia3_save(e->ia3, modules, dir, "golden", DTYPE_F32, &err), &err);
  if (e->lora) expect_ok(dir, lora_save(e->lora, modules, dir, "golden", DTYPE_F32, &err), &err);
}

static void write_expert(const RoutedCase *k, PoolManifest *m, int i) {
  Error err = {0};
  PoolEntry *e = &m->entry[i];
  Expert x;
  char *from = golden_path("%s/%s", k->name, e->name), *path[POOL_FILES], *dir;
  for (int f = 0; f < POOL_FILES; f++) assert_non_null(path[f] = manifest_path(m, i, (PoolFile)f));
  assert_non_null(dir = path_parent(path[POOL_ADAPTER]));
  expect_ok(from, expert_open(&x, from, &k->model->modules, &err), &err);
  save_expert(k, &x, dir);
  GateInfo info = {.recipe = "custom"};
  memcpy(info.base, m->base, HASH_HEX);
  memcpy(info.expert, expert_fingerprint(&x), HASH_HEX);
  memcpy(e->fingerprint, expert_fingerprint(&x), HASH_HEX);
  Gate *gate = golden_vectors(k, &x, e->name, ".gate");
  expect_ok(dir, gate_save(gate, &k->model->modules, path[POOL_GATE], &info, &err), &err);
  write_activation(k, &x, e->name, &info, path[POOL_ACTIVATION]);
  for (int f = 0; f < POOL_FILES; f++) {
    expect_ok(path[f], hash_file(path[f], e->hash[f], &err), &err);
    free(path[f]);
  }
  e->kind = expert_kind(&x);
  e->modules = 1;
  e->rank_min = e->rank_max = 1;
  free(from);
  free(dir);
  gate_close(gate);
  expert_close(&x);
}

/* Vectors named as `name`, or "0", "1", ... */
static void write_embeddings(const RoutedCase *k, const char *tensor, int64_t count, bool experts,
                             const char *path) {
  Error err = {0};
  int64_t n;
  const float *values = routed_want(k, tensor, "", &n);
  char digits[8][2] = {"0", "1", "2", "3", "4", "5", "6", "7"}, *name[8];
  char *vectors = malloc((size_t)n * sizeof *values);
  assert_non_null(vectors);
  memcpy(vectors, values, (size_t)n * sizeof *values);
  for (int64_t i = 0; i < count; i++) {
    name[i] = experts ? (char *)(uintptr_t)expert_name(k, (size_t)i) : digits[i];
  }
  Embeddings e = {.embedder = (char *)(uintptr_t) "golden",
                  .name = name,
                  .vector = (float *)(void *)vectors,
                  .count = count,
                  .dim = n / count};
  expect_ok(path, embeddings_write(&e, path, &err), &err);
  free(vectors);
}

static void write_pool(RoutedCase *k) {
  Error err = {0};
  PoolManifest m = {.dir = strdup(k->pool), .base_name = strdup("golden")};
  assert_non_null(m.entry = calloc(ROUTED_EXPERTS, sizeof *m.entry));
  expect_ok("fingerprint", t5_fingerprint(k->model, m.base, &err), &err);
  expect_ok("sample", t5_sample(k->model, m.sample, &err), &err);
  for (int i = 0; i < ROUTED_EXPERTS; i++) {
    m.entry[m.count++] = (PoolEntry){.name = strdup(expert_name(k, (size_t)i)),
                                     .instruction = strdup(""),
                                     .licence = strdup("")};
    write_expert(k, &m, i);
  }
  expect_ok(m.dir, manifest_write(&m, &err), &err);
  manifest_free(&m);
  char *path = embeddings_path(k->pool, "golden", false), *dir = path ? path_parent(path) : NULL;
  assert_non_null(dir);
  expect_ok(dir, dir_make(dir, &err), &err);
  write_embeddings(k, "experts", ROUTED_EXPERTS, true, path);
  write_embeddings(k, "queries", ROUTED_SEQUENCES, false, k->queries);
  free(path);
  free(dir);
}

static void read_batch(RoutedCase *k) {
  const json_t *examples = json_object_get(k->expected, "examples");
  assert_int_equal(json_array_size(examples), ROUTED_SEQUENCES);
  for (size_t i = 0; i < ROUTED_SEQUENCES; i++) {
    const json_t *in = json_object_get(json_array_get(examples, i), "input"),
                 *out = json_object_get(json_array_get(examples, i), "target");
    k->in_at[i + 1] = k->in_at[i] + (int64_t)json_array_size(in);
    k->out_at[i + 1] = k->out_at[i] + (int64_t)json_array_size(out);
    assert_true(k->in_at[i + 1] <= ROUTED_TOKENS && k->out_at[i + 1] <= ROUTED_TOKENS);
    for (size_t t = 0; t < json_array_size(in); t++) {
      k->input[k->in_at[i] + (int64_t)t] = (int32_t)json_integer_value(json_array_get(in, t));
    }
    for (size_t t = 0; t + 1 < json_array_size(out); t++) {
      k->decoder[k->out_at[i] + (int64_t)t + 1] =
          (int32_t)json_integer_value(json_array_get(out, t));
    }
  }
}

RoutedCase *routed_case_open(Scratch *s, const char *name) {
  RoutedCase *k = calloc(1, sizeof *k);
  Error err = {0};
  assert_non_null(k);
  char *tensors = golden_path("%s/expected.safetensors", name), *base = golden_path("v1_1/base");
  char file[64];
  snprintf(file, sizeof file, "%s/expected.json", name);
  k->name = name;
  k->expected = golden_json(file);
  expect_ok(tensors, tensor_table_open(&k->tensors, tensors, &err), &err);
  expect_ok(base, t5_open(&k->model, base, &err), &err);
  assert_non_null(k->pool = strdup(scratch_path(s, name)));
  assert_non_null(k->queries = strdup(scratch_path(s, "queries.safetensors")));
  assert_true(k->model->modules.count <= ROUTED_LINEARS);
  free(tensors);
  free(base);
  read_batch(k);
  return k;
}

RoutedCase *routed_case(Scratch *s, const char *name) {
  RoutedCase *k = routed_case_open(s, name);
  write_pool(k);
  return k;
}

void routed_case_close(RoutedCase *k) {
  t5_close(k->model);
  tensor_table_close(&k->tensors);
  json_decref(k->expected);
  free(k->pool);
  free(k->queries);
  free(k);
}
