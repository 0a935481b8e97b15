/* The global part of routing: biases, the nearest expert, where vectors come from, and what is
 * refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/embed/embed_pool.h"
#include "infer/route/method_glider.h"
#include "infer/route/route_global.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

static const TinyExpert EXPERTS[] = {
    {"sort", "q", 1, 1, DTYPE_F32, false},
    {"count", "q", 1, 2, DTYPE_F32, false},
    {"rhyme", "q", 1, 3, DTYPE_F32, false},
};
enum { COUNT = sizeof EXPERTS / sizeof *EXPERTS };

typedef struct World {
  Scratch *s;
  T5 *model;
  Pool *pool;
} World;

static World world_open(Scratch *s, const char *only) {
  Error err = {0};
  World w = {.s = s, .model = tiny_model(true, false)};
  const char *dir = scratch_path(s, "pool");
  expect_ok("clean", dir_remove(dir, &err), &err);
  tiny_pool(dir, w.model, EXPERTS, COUNT);
  expect_ok("open",
            pool_open(&w.pool, dir, &w.model->modules, tiny_sample(w.model).hex, only, &err), &err);
  expect_ok("embeddings", dir_make(scratch_path(s, "pool/embeddings"), &err), &err);
  return w;
}

static void world_close(World *w) {
  pool_close(w->pool);
  t5_close(w->model);
}

/* What a glider's global part is opened with. */
typedef struct Mixing {
  GlobalSettings global;
  GliderSettings rule;
} Mixing;

static Mixing glider(double scale) {
  return (Mixing){
      .global = {.embedder = EMBEDDER_LEXICAL},
      .rule = {.scale = scale, .gamma = 100, .beta = 3, .threshold = 0.8},
  };
}

static GlobalRouter *open_router(const World *w, const Mixing *s) {
  Error err = {0};
  GlobalRouter *g;
  expect_ok("router",
            global_router_open(&g, &s->global, GLOBAL_BY_INSTRUCTION, w->pool,
                               (Base[]){tiny_base(w->model, NULL)}, 2, &err),
            &err);
  return g;
}

static void bias_of(GlobalRouter *g, const Mixing *s, RouteQuery q, float bias[COUNT]) {
  Error err = {0};
  const double *cosine;
  expect_ok("cosines", global_cosines(g, &q, &cosine, &err), &err);
  glider_bias(&s->rule, cosine, COUNT, bias);
}

static int32_t nearest(GlobalRouter *g, RouteQuery q) {
  Error err = {0};
  const double *cosine;
  expect_ok("nearest", global_cosines(g, &q, &cosine, &err), &err);
  return global_nearest(cosine, COUNT);
}

/* Writes vectors [rows, dim] with names into a file of the scratch directory. */
static void write_vectors(Scratch *s, const char *file, const char *embedder,
                          const char *const *name, const float *vector, int64_t rows, int64_t dim,
                          const char *text) {
  Error err = {0};
  Embeddings e;
  expect_ok(file, embeddings_new(&e, embedder, rows, dim, &err), &err);
  for (int64_t i = 0; i < rows; i++) e.name[i] = strdup(name[i]);
  memcpy(e.vector, vector, (size_t)(rows * dim) * sizeof *vector);
  if (text) {
    assert_non_null(e.text = calloc((size_t)rows, sizeof *e.text));
    expect_ok(text, embed_text_hash(text, e.text[0], &err), &err);
  }
  expect_ok(file, embeddings_write(&e, scratch_path(s, file), &err), &err);
  embeddings_free(&e);
}

static const char *const NAMES[] = {"rhyme", "sort", "count"}; /* not the pool's order */

/* ---- instructions ---- */

static void an_experts_own_instruction_is_the_nearest(void **state) {
  World w = world_open(*state, NULL);
  Mixing s = glider(100);
  GlobalRouter *g = open_router(&w, &s);
  for (int i = 0; i < COUNT; i++) {
    float bias[COUNT];
    const char *own = pool_entry(w.pool, i)->instruction;
    bias_of(g, &s, (RouteQuery){.instruction = own, .input = "x"}, bias);
    assert_true(fabs((double)bias[i] - 100) < 1e-4);
    for (int k = 0; k < COUNT; k++) assert_true(k == i || bias[k] < 99);
    assert_int_equal(nearest(g, (RouteQuery){.instruction = own, .input = "x"}), i);
    assert_int_equal(nearest(g, (RouteQuery){.input = own}), i); /* the input instead */
  }
  global_router_close(g);
  world_close(&w);
}

static void scale_zero_adds_nothing(void **state) {
  World w = world_open(*state, NULL);
  Mixing s = glider(0);
  GlobalRouter *g = open_router(&w, &s);
  float bias[COUNT];
  bias_of(g, &s, (RouteQuery){.input = "What does sort do?"}, bias);
  for (int i = 0; i < COUNT; i++) assert_true(bias[i] == 0);
  global_router_close(g);
  world_close(&w);
}

/* The corpus is the whole pool's, so a part of it has the same cosines. */
static void a_part_of_the_pool_has_the_same_cosines(void **state) {
  float all[COUNT], part[COUNT];
  Mixing s = glider(1);
  World w = world_open(*state, NULL);
  GlobalRouter *g = open_router(&w, &s);
  bias_of(g, &s, (RouteQuery){.input = "sort the words that rhyme"}, all);
  global_router_close(g);
  world_close(&w);
  w = world_open(*state, "rhyme,sort");
  g = open_router(&w, &s);
  bias_of(g, &s, (RouteQuery){.input = "sort the words that rhyme"}, part);
  assert_true(part[0] == all[0] && part[1] == all[2]);
  global_router_close(g);
  world_close(&w);
}

static void a_file_of_instructions_is_used(void **state) {
  float now[COUNT], kept[COUNT], other[COUNT];
  Error err = {0};
  Mixing s = glider(7);
  World w = world_open(*state, NULL);
  RouteQuery q = {.input = "What should count do?"};
  GlobalRouter *g = open_router(&w, &s);
  bias_of(g, &s, q, now);
  global_router_close(g);

  PoolManifest m;
  Embedder *e;
  Embeddings rows;
  const PoolEntry *entry[COUNT];
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL};
  const char **corpus;
  expect_ok("manifest", manifest_read(&m, scratch_path(w.s, "pool"), &err), &err);
  expect_ok("corpus", embed_corpus(&m, &corpus, &spec.corpus_count, &err), &err);
  spec.corpus = corpus;
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  for (int i = 0; i < COUNT; i++) entry[i] = &m.entry[i];
  expect_ok("rows", embed_instructions(&rows, e, m.dir, entry, COUNT, NULL, &err), &err);
  char *path = embeddings_path(m.dir, embedder_name(e), false);
  expect_ok(path, embeddings_write(&rows, path, &err), &err);
  g = open_router(&w, &s);
  bias_of(g, &s, q, kept);
  global_router_close(g);
  assert_memory_equal(now, kept, sizeof now);
  for (int64_t i = 0; i < rows.dim; i++) rows.vector[i] *= -1; /* of the first expert */
  expect_ok(path, embeddings_write(&rows, path, &err), &err);
  g = open_router(&w, &s);
  bias_of(g, &s, q, other);
  global_router_close(g);
  assert_true(other[0] == -kept[0] && other[1] == kept[1] && kept[0] != 0);
  free(path);
  free(corpus);
  embeddings_free(&rows);
  embedder_close(e);
  manifest_free(&m);
  world_close(&w);
}

/* ---- precomputed ---- */

static Mixing precomputed(Scratch *s, double scale) {
  static char path[PATH_MAX];
  Mixing settings = glider(scale);
  settings.global.embedder = EMBEDDER_PRECOMPUTED;
  snprintf(path, sizeof path, "%s/queries.safetensors", s->dir);
  settings.global.embeddings = path;
  return settings;
}

/* Cosines of the query with the experts, in the pool's order: sort 0.6, count 0, rhyme 1; without
 * the last coordinate: 1, 0, 1. */
static void write_pair(Scratch *s) {
  static const float EXPERT[] = {2, 0, 0, 3, 0, 4, 0, -5, 0};
  static const float QUERY[] = {1, 0, 0, 0, 0, 2};
  write_vectors(s, "pool/embeddings/nomic.safetensors", "nomic", NAMES, EXPERT, 3, 3, NULL);
  write_vectors(s, "queries.safetensors", "nomic", (const char *const[]){"boolq", "copa"}, QUERY, 2,
                3, NULL);
}

static void expect_biases(const World *w, const Mixing *s, const char *task, double a, double b,
                          double c) {
  float bias[COUNT];
  GlobalRouter *g = open_router(w, s);
  bias_of(g, s, (RouteQuery){.name = task, .instruction = "unread", .input = "unread"}, bias);
  const double want[] = {a, b, c};
  for (int i = 0; i < COUNT; i++) {
    if (fabs((double)bias[i] - want[i]) > 1e-5) {
      fail_msg("%s: bias %d is %g, want %g", task, i, (double)bias[i], want[i]);
    }
  }
  global_router_close(g);
}

static void both_rules_and_the_dropped_coordinate(void **state) {
  World w = world_open(*state, NULL);
  write_pair(*state);
  Mixing s = precomputed(*state, 3);
  expect_biases(&w, &s, "boolq", 1.8, 0, 3);
  expect_biases(&w, &s, "copa", 2.4, 0, 0);
  s.global.drop_last = true;
  expect_biases(&w, &s, "boolq", 3, 0, 3);
  expect_biases(&w, &s, "copa", 0, 0, 0);
  s.global.drop_last = false;
  s.rule.rule = GLOBAL_THRESHOLD;
  expect_biases(&w, &s, "boolq", 103 * 0.6, 0, 103);
  s.rule.threshold = 0.85; /* copa's largest cosine is 0.8 */
  expect_biases(&w, &s, "copa", 3 * 0.8, 0, 0);
  s.rule.threshold = 0.75;
  expect_biases(&w, &s, "copa", 103 * 0.8, 0, 0);
  world_close(&w);
}

static void of_equals_the_first_is_the_nearest(void **state) {
  World w = world_open(*state, NULL);
  static const float EXPERT[] = {1, 1, -1, 0, 2, 2}, QUERY[] = {1, 1};
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, EXPERT, 3, 2, NULL);
  write_vectors(*state, "queries.safetensors", "nomic", (const char *const[]){"boolq"}, QUERY, 1, 2,
                NULL);
  Mixing s = precomputed(*state, 3);
  GlobalRouter *g = open_router(&w, &s);
  assert_int_equal(nearest(g, (RouteQuery){.name = "boolq", .input = ""}), 1); /* rhyme is later */
  global_router_close(g);
  world_close(&w);
}

static void expect_refused(const World *w, const Mixing *s, Status status, const char *words) {
  Error err = {0};
  GlobalRouter *g;
  Status got = global_router_open(&g, &s->global, GLOBAL_BY_INSTRUCTION, w->pool,
                                  (Base[]){tiny_base(w->model, NULL)}, 1, &err);
  expect_error(words, got, &err, status, words);
  assert_null(g);
}

static void parts_that_do_not_belong_together_are_refused(void **state) {
  static const float V[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  static const char *const TASK[] = {"boolq"};
  World w = world_open(*state, NULL);
  Mixing s = precomputed(*state, 3);
  write_vectors(*state, "queries.safetensors", "nomic", TASK, V, 1, 3, NULL);
  expect_refused(&w, &s, STATUS_INPUT,
                 "embeddings/nomic.safetensors: is missing|'nomic'|skein embed");
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 4, NULL);
  expect_refused(&w, &s, STATUS_MISMATCH, "nomic.safetensors: |dimension 4|have 3");
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "minilm", NAMES, V, 3, 3, NULL);
  expect_refused(&w, &s, STATUS_MISMATCH, "nomic.safetensors: |'minilm'|'nomic'");
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 2, 3, NULL);
  expect_refused(&w, &s, STATUS_INPUT, "expert 'count' has no embedding of 'nomic'|skein embed");
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 3, "old text");
  expect_refused(&w, &s, STATUS_MISMATCH, "expert 'rhyme': its instruction changed|skein embed");
  write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 3,
                "What does rhyme do?");
  global_router_close(open_router(&w, &s));
  s.global.embeddings = NULL;
  expect_refused(&w, &s, STATUS_USAGE, "embeddings: is missing");
  world_close(&w);
}

static void a_query_without_a_vector_is_refused(void **state) {
  World w = world_open(*state, NULL);
  write_pair(*state);
  Mixing s = precomputed(*state, 3);
  GlobalRouter *g = open_router(&w, &s);
  float bias[COUNT];
  Error err = {0};
  const double *cosine;
  Status got = global_cosines(g, &(RouteQuery){.name = "bolq", .input = "x"}, &cosine, &err);
  expect_error("name", got, &err, STATUS_INPUT,
               "queries.safetensors: |'bolq'|did you mean 'boolq'");
  err = (Error){0};
  got = global_cosines(g, &(RouteQuery){.input = "x"}, &cosine, &err);
  expect_error("none", got, &err, STATUS_USAGE, "the name of its task");
  bias_of(g, &s, (RouteQuery){.name = "boolq", .input = "x"}, bias); /* the router is still good */
  global_router_close(g);
  world_close(&w);
}

static void an_expert_without_an_instruction_is_refused(void **state) {
  World w = world_open(*state, NULL);
  Error err = {0};
  PoolManifest m;
  expect_ok("read", manifest_read(&m, scratch_path(*state, "pool"), &err), &err);
  m.entry[1].instruction[0] = '\0';
  expect_ok("write", manifest_write(&m, &err), &err);
  manifest_free(&m);
  pool_close(w.pool);
  expect_ok("open",
            pool_open(&w.pool, scratch_path(*state, "pool"), &w.model->modules,
                      tiny_sample(w.model).hex, NULL, &err),
            &err);
  Mixing s = glider(3);
  expect_refused(&w, &s, STATUS_INPUT, "pool: expert 'count' has no instruction|skein pool");
  world_close(&w);
}

/* ---- the memory of queries ---- */

/* More texts than the table of known queries begins with, twice each. */
static void queries_are_remembered(void **state) {
  enum { TEXTS = 150 };
  World w = world_open(*state, NULL);
  Mixing s = glider(1);
  GlobalRouter *g = open_router(&w, &s);
  static float first[TEXTS][COUNT];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < TEXTS; i++) {
      char text[1024] = "count";
      float bias[COUNT];
      for (int k = 0; k <= i; k++) strcat(text, " sort");
      bias_of(g, &s, (RouteQuery){.input = text}, bias);
      if (round == 0) memcpy(first[i], bias, sizeof bias);
      assert_memory_equal(first[i], bias, sizeof bias);
      assert_true(i == 0 || memcmp(first[i], first[i - 1], sizeof bias) != 0);
    }
  }
  global_router_close(g);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_experts_own_instruction_is_the_nearest),
      cmocka_unit_test(scale_zero_adds_nothing),
      cmocka_unit_test(a_part_of_the_pool_has_the_same_cosines),
      cmocka_unit_test(a_file_of_instructions_is_used),
      cmocka_unit_test(both_rules_and_the_dropped_coordinate),
      cmocka_unit_test(of_equals_the_first_is_the_nearest),
      cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
      cmocka_unit_test(a_query_without_a_vector_is_refused),
      cmocka_unit_test(an_expert_without_an_instruction_is_refused),
      cmocka_unit_test(queries_are_remembered),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
