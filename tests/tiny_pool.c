#include "tests/tiny_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "infer/expert/vector_file.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* N(0.1, 1) as means, its absolute values as means of absolute values. */
static void write_activation(const Gate *gate, const T5 *model, GateInfo *info, const char *path) {
  static const char *const suffix[] = {"mean", "absolute"};
  SafetensorsItem *items = calloc(2 * (size_t)gate->count, sizeof *items);
  assert_non_null(items);
  size_t n = 0;
  for (int i = 0; i < gate->count; i++) {
    int64_t d = gate->vector[i].cols;
    for (int k = 0; k < 2 && gate->vector[i].rows > 0; k++) {
      Rng rng = {.key = rng_key(info->seed, (uint64_t)i, 0, 77)};
      float *values = malloc((size_t)d * sizeof *values);
      assert_non_null(values);
      for (int64_t c = 0; c < d; c++) values[c] = 0.1f + rng_normal(&rng);
      for (int64_t c = 0; c < d && k == 1; c++) values[c] = values[c] < 0 ? -values[c] : values[c];
      char *name = vector_name(&model->modules.module[i], suffix[k]);
      items[n++] = (SafetensorsItem){name, DTYPE_F32, values, 1, d, true};
    }
  }
  Error err = {0};
  TensorMeta meta[] = {{"format", (char *)(uintptr_t)ACTIVATION_FORMAT},
                       {"version", (char *)(uintptr_t)VECTOR_VERSION},
                       {"base", info->base},
                       {"expert", info->expert}};
  expect_ok(path, safetensors_write(path, items, n, meta, 4, &err), &err);
  for (size_t i = 0; i < n; i++) {
    free((char *)(uintptr_t)items[i].name);
    free((float *)(uintptr_t)items[i].data);
  }
  free(items);
}

/* Writes the adapter and opens it again, as narrowed. */
static Expert write_adapter(const T5 *model, const TinyExpert *x, const char *dir) {
  Error err = {0};
  Expert saved;
  if (x->feedforward) {
    Ia3 *ia3 = tiny_ia3(model, x->targets, x->feedforward, x->seed);
    expect_ok(dir, ia3_save(ia3, &model->modules, dir, "tiny", x->dtype, &err), &err);
    ia3_close(ia3);
  } else {
    Lora *lora = tiny_lora(model, x->targets, x->rank, x->seed);
    expect_ok(dir, lora_save(lora, &model->modules, dir, "tiny", x->dtype, &err), &err);
    lora_close(lora);
  }
  expect_ok(dir, expert_open(&saved, dir, &model->modules, &err), &err);
  return saved;
}

/* Expert `i`, whose name is set: its files, then the rest of its entry. */
static void write_expert(PoolManifest *m, int i, T5 *model, const TinyExpert *x) {
  Error err = {0};
  PoolEntry *e = &m->entry[i];
  char *path[POOL_FILES], *dir;
  for (int f = 0; f < POOL_FILES; f++) assert_non_null(path[f] = manifest_path(m, i, (PoolFile)f));
  assert_non_null(dir = path_parent(path[0]));
  Expert saved = write_adapter(model, x, dir);
  Gate *gate = tiny_gates(&saved, model, x->seed);
  GateInfo info = {.recipe = "phatgoose", .steps = 100, .seed = x->seed};
  memcpy(info.base, m->base, HASH_HEX);
  memcpy(info.expert, expert_fingerprint(&saved), HASH_HEX);
  memcpy(e->fingerprint, expert_fingerprint(&saved), HASH_HEX);
  expect_ok(dir, gate_save(gate, &model->modules, path[POOL_GATE], &info, &err), &err);
  if (x->activation) write_activation(gate, model, &info, path[POOL_ACTIVATION]);
  for (int f = 0; f < POOL_FILES; f++) {
    if (f == POOL_ACTIVATION && !x->activation) continue;
    expect_ok(path[f], hash_file(path[f], e->hash[f], &err), &err);
  }
  e->rank_min = e->rank_max = x->rank;
  e->alpha_min = e->alpha_max = 6; /* of tiny_lora */
  e->kind = expert_kind(&saved);
  e->modules = saved.ia3 ? saved.ia3->covered : saved.lora->covered;
  for (int f = 0; f < POOL_FILES; f++) free(path[f]);
  free(dir);
  gate_close(gate);
  expert_close(&saved);
}

void tiny_pool(const char *dir, T5 *model, const TinyExpert *expert, int count) {
  Error err = {0};
  PoolManifest m = {.dir = strdup(dir), .base_name = strdup("tiny")};
  assert_non_null(m.entry = calloc((size_t)count, sizeof *m.entry));
  expect_ok("fingerprint", t5_fingerprint(model, m.base, &err), &err);
  expect_ok("sample", t5_sample(model, m.sample, &err), &err);
  for (int i = 0; i < count; i++) {
    char text[160];
    snprintf(text, sizeof text, "What does %s do?", expert[i].name);
    m.entry[i] = (PoolEntry){
        .name = strdup(expert[i].name), .instruction = strdup(text), .licence = strdup("")};
    m.count++;
    write_expert(&m, i, model, &expert[i]);
  }
  expect_ok(dir, manifest_write(&m, &err), &err);
  manifest_free(&m);
}

void tiny_pool_list(const char *dir) {
  PoolManifest m;
  Error err = {0};
  expect_ok(dir, manifest_read(&m, dir, &err), &err);
  for (int i = 0; i < m.count; i++) {
    for (int f = 0; f < POOL_FILES; f++) {
      char *path = manifest_path(&m, i, (PoolFile)f);
      if (m.entry[i].hash[f][0] && file_exists(path))
        expect_ok(path, hash_file(path, m.entry[i].hash[f], &err), &err);
      free(path);
    }
  }
  expect_ok(dir, manifest_write(&m, &err), &err);
  manifest_free(&m);
}
