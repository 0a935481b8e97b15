/* The routed model against PyTorch: logits, chosen experts and weights of every method on a pool
 * whose experts differ in rank, scale and covered linears (tests/oracle/routed.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/expert/vector_file.h"
#include "infer/route/router.h"
#include "infer/route/router_options.h"
#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

enum { EXPERTS = 4, SEQUENCES = 3, TOKENS = 64, LINEARS = 64 };

/* The golden case and the pool made of it. */
typedef struct Case {
  json_t *expected;
  Safetensors tensors;
  T5 *model;
  char *pool, *queries; /* paths */
  int64_t in_at[SEQUENCES + 1], out_at[SEQUENCES + 1];
  int32_t input[TOKENS], decoder[TOKENS];
} Case;

static const float *want(const Case *k, const char *name, const char *suffix, int64_t *n) {
  char full[128];
  snprintf(full, sizeof full, "%s%s", name, suffix);
  const SafetensorsEntry *e = safetensors_find(&k->tensors, full);
  if (!e) fail_msg("no golden tensor %s", full);
  *n = (int64_t)(e->size / sizeof(float));
  return (const void *)e->data;
}

static const char *expert_name(const Case *k, size_t i) {
  return json_string_value(json_array_get(json_object_get(k->expected, "experts"), i));
}

/* Making the pool. */

/* The vectors of one kind of an expert that covers what `lora` covers. */
static Gate *golden_vectors(const Case *k, const Lora *lora, const char *expert, const char *kind) {
  Error err = {0};
  Gate *gate;
  int64_t n, at = 0;
  const float *values = want(k, expert, kind, &n);
  expect_ok("gate", gate_new(&gate, lora, &k->model->modules, &err), &err);
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

static void write_activation(const Case *k, const Lora *lora, const char *expert, GateInfo *info,
                             const char *path) {
  static const char *const KIND[] = {"mean", "absolute"};
  SafetensorsItem items[2 * LINEARS];
  Gate *gate[2];
  size_t n = 0;
  for (int j = 0; j < 2; j++) {
    char suffix[16];
    snprintf(suffix, sizeof suffix, ".%s", KIND[j]);
    gate[j] = golden_vectors(k, lora, expert, suffix);
    for (int i = 0; i < gate[j]->count; i++) {
      const Tensor *v = &gate[j]->vector[i];
      if (v->rows == 0) continue;
      char *name = vector_name(&k->model->modules.module[i], KIND[j]);
      items[n++] = (SafetensorsItem){name, DTYPE_F32, v->data, 1, v->cols, true};
    }
  }
  Error err = {0};
  SafetensorsMeta meta[] = {{"format", (char *)(uintptr_t)ACTIVATION_FORMAT},
                            {"version", (char *)(uintptr_t)VECTOR_VERSION},
                            {"base", info->base},
                            {"expert", info->expert}};
  expect_ok(path, safetensors_write(path, items, n, meta, 4, &err), &err);
  for (size_t i = 0; i < n; i++) free((char *)(uintptr_t)items[i].name);
  gate_close(gate[0]);
  gate_close(gate[1]);
}

static void write_expert(const Case *k, PoolManifest *m, int i) {
  Error err = {0};
  PoolEntry *e = &m->entry[i];
  Lora *lora;
  char *from = golden_path("routed/%s", e->name), *path[POOL_FILES], *dir;
  for (int f = 0; f < POOL_FILES; f++) assert_non_null(path[f] = manifest_path(m, i, (PoolFile)f));
  assert_non_null(dir = path_parent(path[POOL_ADAPTER]));
  expect_ok(from, lora_open(&lora, from, &k->model->modules, &err), &err);
  expect_ok(dir, lora_save(lora, &k->model->modules, dir, "golden", DTYPE_F32, &err), &err);
  GateInfo info = {.recipe = "custom"};
  memcpy(info.base, m->base, HASH_HEX);
  memcpy(info.expert, lora->fingerprint, HASH_HEX);
  memcpy(e->fingerprint, lora->fingerprint, HASH_HEX);
  Gate *gate = golden_vectors(k, lora, e->name, ".gate");
  expect_ok(dir, gate_save(gate, &k->model->modules, path[POOL_GATE], &info, &err), &err);
  write_activation(k, lora, e->name, &info, path[POOL_ACTIVATION]);
  for (int f = 0; f < POOL_FILES; f++) {
    expect_ok(path[f], hash_file(path[f], e->hash[f], &err), &err);
    free(path[f]);
  }
  e->modules = lora->covered;
  e->rank_min = e->rank_max = 1;
  free(from);
  free(dir);
  gate_close(gate);
  lora_close(lora);
}

/* Vectors named as `name`, or "0", "1", ... */
static void write_embeddings(const Case *k, const char *tensor, int64_t count, bool experts,
                             const char *path) {
  Error err = {0};
  int64_t n;
  const float *values = want(k, tensor, "", &n);
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

static void write_pool(Case *k) {
  Error err = {0};
  PoolManifest m = {.dir = strdup(k->pool), .base_name = strdup("golden")};
  assert_non_null(m.entry = calloc(EXPERTS, sizeof *m.entry));
  expect_ok("fingerprint", t5_fingerprint(k->model, m.base, &err), &err);
  expect_ok("sample", t5_sample(k->model, m.sample, &err), &err);
  for (int i = 0; i < EXPERTS; i++) {
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
  write_embeddings(k, "experts", EXPERTS, true, path);
  write_embeddings(k, "queries", SEQUENCES, false, k->queries);
  free(path);
  free(dir);
}

static void read_batch(Case *k) {
  const json_t *examples = json_object_get(k->expected, "examples");
  assert_int_equal(json_array_size(examples), SEQUENCES);
  for (size_t i = 0; i < SEQUENCES; i++) {
    const json_t *in = json_object_get(json_array_get(examples, i), "input"),
                 *out = json_object_get(json_array_get(examples, i), "target");
    k->in_at[i + 1] = k->in_at[i] + (int64_t)json_array_size(in);
    k->out_at[i + 1] = k->out_at[i] + (int64_t)json_array_size(out);
    assert_true(k->in_at[i + 1] <= TOKENS && k->out_at[i + 1] <= TOKENS);
    for (size_t t = 0; t < json_array_size(in); t++) {
      k->input[k->in_at[i] + (int64_t)t] = (int32_t)json_integer_value(json_array_get(in, t));
    }
    for (size_t t = 0; t + 1 < json_array_size(out); t++) {
      k->decoder[k->out_at[i] + (int64_t)t + 1] =
          (int32_t)json_integer_value(json_array_get(out, t));
    }
  }
}

static Case *case_open(Scratch *s) {
  Case *k = calloc(1, sizeof *k);
  Error err = {0};
  assert_non_null(k);
  char *tensors = golden_path("routed/expected.safetensors"), *base = golden_path("v1_1/base");
  k->expected = golden_json("routed/expected.json");
  expect_ok(tensors, safetensors_open(&k->tensors, tensors, &err), &err);
  expect_ok(base, t5_open(&k->model, base, &err), &err);
  assert_non_null(k->pool = strdup(scratch_path(s, "pool")));
  assert_non_null(k->queries = strdup(scratch_path(s, "queries.safetensors")));
  assert_true(k->model->modules.count <= LINEARS);
  free(tensors);
  free(base);
  read_batch(k);
  write_pool(k);
  return k;
}

static void case_close(Case *k) {
  t5_close(k->model);
  safetensors_close(&k->tensors);
  json_decref(k->expected);
  free(k->pool);
  free(k->queries);
  free(k);
}

/* Running a method. */

/* The weights of every row of every linear that routes. */
typedef struct Seen {
  int experts;
  int64_t rows[LINEARS];
  float weight[LINEARS][TOKENS * EXPERTS];
} Seen;

static void see(void *arg, Context *c, const Module *linear, const Rows *rows,
                const Tensor *softmax, const Plan *plan) {
  (void)c;
  Seen *seen = arg;
  float *to = seen->weight[linear->id];
  assert_int_equal(seen->rows[linear->id], 0); /* a forward of all rows runs a linear once */
  assert_int_equal(rows->sequence.offset[rows->sequence.count], plan->rows);
  assert_int_equal(softmax->rows, plan->rows);
  assert_true(plan->rows <= TOKENS && softmax->cols == seen->experts);
  seen->rows[linear->id] = plan->rows;
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] < 0) continue;
    assert_true(plan->expert[i] < seen->experts && plan->weight[i] > 0);
    to[i / plan->slots * seen->experts + plan->expert[i]] = plan->weight[i];
  }
}

static Router *open_router(Case *k, const char *method, const json_t *settings, Pool *pool) {
  OptionSet set;
  RouterSettings s;
  Error err = {0};
  Router *router;
  char *file = NULL;
  size_t i;
  json_t *value;
  expect_ok(method, router_settings_init(&set, &s, &err), &err);
  json_array_foreach(settings, i, value) {
    expect_ok(method, options_assign(&set, json_string_value(value), &err), &err);
  }
  assert_true(asprintf(&file, "embeddings=%s", k->queries) > 0);
  expect_ok(method, options_assign(&set, "embedder=precomputed", &err), &err);
  expect_ok(method, options_assign(&set, file, &err), &err);
  expect_ok(method, router_open(&router, &s, pool, (Base[]){tiny_base(k->model, NULL)}, 2, &err),
            &err);
  options_free(&set);
  free(file);
  return router;
}

static Pool *open_pool(Case *k, const json_t *only) {
  char names[256] = "";
  Error err = {0};
  Pool *pool;
  for (size_t i = 0; i < json_array_size(only); i++) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", i ? "," : "",
             json_string_value(json_array_get(only, i)));
  }
  expect_ok("pool",
            pool_open(&pool, k->pool, &k->model->modules, tiny_sample(k->model).hex, names, &err),
            &err);
  return pool;
}

/* The logits of the whole batch; the caller frees. */
static float *run(Case *k, Router *router, Seen *seen) {
  Error error = {0};
  Context c = context_make(arena_new(), NULL, 2, &error);
  assert_non_null(c.arena);
  static const char *const NAME[SEQUENCES] = {"0", "1", "2"};
  RouteQuery query[SEQUENCES];
  for (int i = 0; i < SEQUENCES; i++) query[i] = (RouteQuery){NAME[i], NULL, "unread"};
  RouteBatch batch;
  expect_ok("begin", router_begin(router, query, SEQUENCES, &batch, &error), &error);
  RouteWatcher watcher = {.see = see, .arg = seen};
  RoutedForward forward;
  routed_forward_init(&forward, router, &batch, &watcher);
  T5Run t5 = {.model = k->model, .adapters = &forward.adapters};
  Ragged input = {SEQUENCES, k->in_at}, target = {SEQUENCES, k->out_at};
  Tensor *encoded = t5_encode(&c, &t5, k->input, input);
  Tensor *decoded = t5_decode(&c, &t5, encoded, input, k->decoder, (Rows){target, NULL});
  Tensor *logits = t5_logits(&c, &t5, decoded);
  expect_ok("forward", error.status, &error);
  size_t size = (size_t)tensor_count(logits) * sizeof(float);
  float *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, logits->data, size);
  route_batch_free(&batch);
  arena_free(c.arena);
  return copy;
}

/* The same experts, exactly, and their weights. */
static void compare_weights(Case *k, const char *method, const Seen *seen, Comparison *c) {
  int64_t n, at = 0;
  const float *w = want(k, method, ".weights", &n);
  for (int i = 0; i < k->model->modules.count; i++) {
    int64_t here = seen->rows[i] * seen->experts;
    assert_true(at + here <= n);
    for (int64_t j = 0; j < here; j++) {
      if ((seen->weight[i][j] > 0) == (w[at + j] > 0)) continue;
      fail_msg("%s: %s: row %d, expert %d: weight %g, want %g", method,
               k->model->modules.module[i].name, (int)(j / seen->experts), (int)(j % seen->experts),
               (double)seen->weight[i][j], (double)w[at + j]);
    }
    if (here > 0) compare(c, k->model->modules.module[i].name, seen->weight[i], w + at, here);
    at += here;
  }
  assert_int_equal(at, n); /* every linear that somebody covers, and no other, was routed */
}

static void every_method_agrees(void **state) {
  Case *k = case_open(*state);
  Comparison logits = compare_begin(PARITY_F32, "routed logits"),
             weights = compare_begin(PARITY_F32, "weights of experts");
  const char *method;
  json_t *value;
  int routed = 0;
  json_object_foreach(json_object_get(k->expected, "methods"), method, value) {
    Seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    Pool *pool = open_pool(k, json_object_get(value, "only"));
    seen->experts = pool_count(pool);
    Router *router = open_router(k, method, json_object_get(value, "settings"), pool);
    float *got = run(k, router, seen);
    int64_t n;
    const float *z = want(k, method, ".logits", &n);
    compare(&logits, method, got, z, n);
    char name[64];
    snprintf(name, sizeof name, "%s.weights", method);
    if (safetensors_find(&k->tensors, name)) {
      compare_weights(k, method, seen, &weights);
      routed++;
    }
    free(got);
    free(seen);
    router_close(router);
    pool_close(pool);
  }
  assert_int_equal(routed, 9);
  compare_end(&logits);
  compare_end(&weights);
  case_close(k);
}

/* The order of linears is that of the model's own modules. */
static void linears_are_in_module_order(void **state) {
  (void)state;
  Error err = {0};
  T5 *model;
  char *base = golden_path("v1_1/base");
  json_t *expected = golden_json("routed/expected.json"),
         *linears = json_object_get(expected, "linears");
  expect_ok(base, t5_open(&model, base, &err), &err);
  assert_int_equal(json_array_size(linears), model->modules.count);
  for (int i = 0; i < model->modules.count; i++) {
    assert_string_equal(model->modules.module[i].name,
                        json_string_value(json_array_get(linears, (size_t)i)));
  }
  json_decref(expected);
  t5_close(model);
  free(base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linears_are_in_module_order),
      cmocka_unit_test(every_method_agrees),
  };
  return cmocka_run_group_tests_name("router: parity with PyTorch", tests, scratch_setup,
                                     scratch_teardown);
}
