/* What `skein pool check` says of gates, copies and embeddings that no hash gives away. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/arena.h"
#include "data/examples/batch.h"
#include "data/file/file.h"
#include "data/tensors/safetensors.h"
#include "infer/embed/embed_pool.h"
#include "infer/t5/base.h"
#include "tests/scratch.h"
#include "tools/pool/gate_audit.h"
#include "tools/pool/pool_sample.h"
#include "tools/pool/pool_tool.h"

#define DEMO "configs/demo/"
static const char *const NAME[] = {"kind", "hue", "topic", "member"};
enum { EXPERTS = 4, THREADS = 2 };

/* Means of both sides in double; products and LN of gate_audit are in f32. A logit may be as large
 * as another one but for their rounding, so a token in a thousand may go elsewhere. */
static const double COSINE = 1e-4, SHARE = 1e-3;

static void add_expert(const char *pool, const char *name, const char *expert, const char *gate) {
  char adapter[128], own[128];
  Error err = {0};
  snprintf(adapter, sizeof adapter, DEMO "experts/%s", expert);
  snprintf(own, sizeof own, DEMO "gates/%s.safetensors", expert);
  PoolOptions o = {
      .adapter = adapter, .gate = gate ? gate : own, .instruction = name, .replace = true};
  expect_ok(name, pool_add(pool, name, &o, &err), &err);
}

static const char *make_pool(Scratch *s) {
  static char pool[128];
  Error err = {0};
  PoolOptions o = {.base = DEMO "base"};
  snprintf(pool, sizeof pool, "%s/pool", s->dir);
  expect_ok("init", pool_init(pool, &o, &err), &err);
  for (int i = 0; i < EXPERTS; i++) add_expert(pool, NAME[i], NAME[i], NULL);
  return pool;
}

static Status check(const char *pool, bool strict) {
  Error err = {0};
  PoolOptions o = {.strict = strict};
  return pool_check(pool, &o, &err);
}

/* ---- the numbers, computed as they are defined ---- */

typedef struct Naive {
  Pool *pool;
  double *mean[512];
  int64_t first[EXPERTS], seen[EXPERTS];
} Naive;

static void standardise(double *out, const float *v, int64_t d, double eps) {
  double mean = 0, variance = 0;
  for (int64_t k = 0; k < d; k++) mean += (double)v[k] / (double)d;
  for (int64_t k = 0; k < d; k++)
    variance += ((double)v[k] - mean) * ((double)v[k] - mean) / (double)d;
  for (int64_t k = 0; k < d; k++) out[k] = ((double)v[k] - mean) / sqrt(variance + eps);
}

/* LN of the gate of an expert at a module; NULL: it has none. */
static double *vector_of(const Pool *pool, int expert, const Module *m) {
  Error err = {0};
  bool has;
  float *raw = malloc((size_t)m->d_in * sizeof *raw);
  double *v = malloc((size_t)m->d_in * sizeof *v);
  assert_true(raw && v);
  expect_ok("gate", pool_vector(pool, VECTOR_GATE, expert, m->id, raw, &has, &err), &err);
  if (has) standardise(v, raw, m->d_in, 1e-5);
  free(raw);
  if (has) return v;
  free(v);
  return NULL;
}

static void count_row(Naive *n, double *const *vector, const double *u, int64_t d) {
  double best = -INFINITY;
  int first = -1;
  for (int e = 0; e < EXPERTS; e++) {
    double logit = 0;
    if (!vector[e]) continue;
    for (int64_t k = 0; k < d; k++) logit += u[k] * vector[e][k];
    n->seen[e]++;
    if (logit > best) best = logit, first = e;
  }
  if (first >= 0) n->first[first]++;
}

static void look(Context *c, void *arg, const Module *module, const Rows *rows, const Tensor *x,
                 Tensor *z, Tensor *y) {
  (void)c, (void)rows, (void)z, (void)y;
  Naive *n = arg;
  int64_t d = x->cols;
  double *vector[EXPERTS], *u = malloc((size_t)d * sizeof *u);
  double **mean = &n->mean[module->id];
  if (!*mean) *mean = calloc((size_t)d, sizeof **mean);
  assert_true(u && *mean);
  for (int e = 0; e < EXPERTS; e++) vector[e] = vector_of(n->pool, e, module);
  for (int64_t t = 0; t < x->rows; t++) {
    standardise(u, x->data + t * d, d, 0);
    for (int64_t k = 0; k < d; k++) (*mean)[k] += u[k];
    count_row(n, vector, u, d);
  }
  for (int e = 0; e < EXPERTS; e++) free(vector[e]);
  free(u);
}

static void run_naive(Naive *n, const Base *base, const ExampleSet *sample) {
  Error err = {0};
  Batch batch;
  BatchSpec spec = {.max_tokens = 100, .decoder_start = base->model->config.decoder_start_id};
  expect_ok("batch", batch_make_range(sample, &spec, 0, examples_count(sample), &batch, &err),
            &err);
  Arena *arena = arena_new();
  Context c = context_make(arena, NULL, THREADS, &err);
  AdapterSet adapters = {.add = look, .arg = n};
  T5Run run = {base->model, &adapters, false};
  for (int64_t i = 0; i < batch.count; i++) {
    const MicroBatch *m = &batch.micro[i];
    Tensor *encoded = t5_encode(&c, &run, m->input_ids, m->input);
    t5_decode(&c, &run, encoded, m->input, m->decoder_ids, (Rows){m->target, NULL});
  }
  expect_ok("forward", err.status, &err);
  arena_free(arena);
  batch_free(&batch);
}

static double naive_cosine(const Naive *n, int expert) {
  const Modules *modules = pool_modules(n->pool);
  double sum = 0;
  int covered = 0;
  for (int i = 0; i < modules->count; i++) {
    double vm = 0, vv = 0, mm = 0, *v = vector_of(n->pool, expert, &modules->module[i]);
    for (int64_t k = 0; v && k < modules->module[i].d_in; k++) {
      vm += v[k] * n->mean[i][k];
      vv += v[k] * v[k];
      mm += n->mean[i][k] * n->mean[i][k];
    }
    if (v) sum += vm / sqrt(vv * mm), covered++;
    free(v);
  }
  return sum / covered;
}

/* A gate file that points where the inputs of the sample do, at the modules of expert 0. */
static void write_mean_gate(const Naive *n, const char *path) {
  const Modules *modules = pool_modules(n->pool);
  SafetensorsItem *item = calloc((size_t)modules->count, sizeof *item);
  char(*name)[160] = calloc((size_t)modules->count, sizeof *name);
  assert_true(item && name);
  Error err = {0};
  int count = 0;
  for (int i = 0; i < modules->count; i++) {
    int64_t d = modules->module[i].d_in;
    if (!pool_covers(n->pool, 0, i)) continue;
    float *value = malloc((size_t)d * sizeof *value);
    assert_non_null(value);
    for (int64_t k = 0; k < d; k++) value[k] = (float)(0.01 * n->mean[i][k]);
    snprintf(name[count], sizeof *name, "%s.gate", modules->module[i].name);
    item[count] = (SafetensorsItem){name[count], DTYPE_F32, value, 1, d, true};
    count++;
  }
  expect_ok("write", safetensors_write(path, item, (size_t)count, NULL, 0, &err), &err);
  for (int i = 0; i < count; i++) free((void *)item[i].data);
  free(item);
  free(name);
}

/* ---- tests ---- */

static void open_parts(Naive *n, Base *base, ExampleSet **sample, const char *dir) {
  Error err = {0};
  *n = (Naive){0};
  expect_ok("base", base_open(base, DEMO "base", &err), &err);
  expect_ok("sample", base_sample(base, &err), &err);
  Status got = pool_open(&n->pool, dir, &base->model->modules, base->sample, NULL, &err);
  expect_ok("pool", got, &err);
  expect_ok("text", pool_sample_open(sample, NULL, base->tokenizer, &err), &err);
}

static void close_parts(Naive *n, Base *base, ExampleSet *sample) {
  for (size_t i = 0; i < sizeof n->mean / sizeof *n->mean; i++) free(n->mean[i]);
  examples_close(sample);
  pool_close(n->pool);
  base_close(base);
}

/* The numbers are those of their definition; a gate made of the mean inputs is told, and honest
 * gates are not. */
static void a_gate_of_mean_inputs_is_told(void **state) {
  Scratch *s = *state;
  const char *dir = make_pool(s);
  Naive n;
  Base base;
  ExampleSet *sample;
  GateAudit a;
  Error err = {0};
  open_parts(&n, &base, &sample, dir);
  run_naive(&n, &base, sample);
  expect_ok("audit", gate_audit(&a, n.pool, &base, sample, THREADS, &err), &err);
  for (int e = 0; e < EXPERTS; e++) {
    double first = (double)n.first[e] / (double)n.seen[e];
    if (fabs(a.first[e] - first) > SHARE || fabs(a.aligned[e] - naive_cosine(&n, e)) > COSINE) {
      fail_msg("%s: first %g, want %g; aligned %g, want %g", NAME[e], a.first[e], first,
               a.aligned[e], naive_cosine(&n, e));
    }
  }
  gate_audit_free(&a);
  char gate[128];
  snprintf(gate, sizeof gate, "%s/mean.safetensors", s->dir);
  write_mean_gate(&n, gate);
  close_parts(&n, &base, sample);
  assert_int_equal(check(dir, true), STATUS_OK);
  add_expert(dir, NAME[0], NAME[0], gate);
  assert_int_equal(check(dir, false), STATUS_OK);
  assert_int_equal(check(dir, true), STATUS_MISMATCH);
}

static void a_copy_is_told(void **state) {
  const char *dir = make_pool(*state);
  assert_int_equal(check(dir, true), STATUS_OK);
  add_expert(dir, "another", NAME[1], NULL);
  assert_int_equal(check(dir, false), STATUS_OK);
  assert_int_equal(check(dir, true), STATUS_MISMATCH);
}

static void embed(const char *dir, EmbedderKind kind, const Base *base, int forged) {
  Error err = {0};
  PoolManifest m;
  Embedder *e;
  Embeddings made;
  const char **corpus;
  EmbedderSpec spec = {.kind = kind, .base = base, .threads = THREADS};
  expect_ok("manifest", manifest_read(&m, dir, &err), &err);
  expect_ok("corpus", embed_corpus(&m, &corpus, &spec.corpus_count, &err), &err);
  spec.corpus = corpus;
  expect_ok("embedder", embedder_open(&e, &spec, &err), &err);
  const PoolEntry *entry[EXPERTS];
  for (int i = 0; i < EXPERTS; i++) entry[i] = &m.entry[i];
  Status got = embed_instructions(&made, e, dir, entry, EXPERTS, NULL, &err);
  expect_ok("embed", got, &err);
  char *path = embeddings_path(dir, embedder_name(e), false), *folder;
  assert_true(asprintf(&folder, "%s/embeddings", dir) > 0);
  if (forged >= 0) made.vector[forged * made.dim + 1] += 0.5f;
  expect_ok("folder", dir_make(folder, &err), &err);
  expect_ok("write", embeddings_write(&made, path, &err), &err);
  free(folder);
  free(path);
  free(corpus);
  embeddings_free(&made);
  embedder_close(e);
  manifest_free(&m);
}

/* The hash of the instruction stands beside the vector all the same. */
static void forged_embeddings_are_told(void **state) {
  const char *dir = make_pool(*state);
  Base base;
  Error err = {0};
  expect_ok("base", base_open(&base, DEMO "base", &err), &err);
  for (int kind = EMBEDDER_LEXICAL; kind <= EMBEDDER_ENCODER; kind++) {
    embed(dir, (EmbedderKind)kind, &base, -1);
    assert_int_equal(check(dir, false), STATUS_OK);
    embed(dir, (EmbedderKind)kind, &base, 2);
    assert_int_equal(check(dir, false), STATUS_MISMATCH);
    embed(dir, (EmbedderKind)kind, &base, -1);
  }
  base_close(&base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_gate_of_mean_inputs_is_told, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(a_copy_is_told, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(forged_embeddings_are_told, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
