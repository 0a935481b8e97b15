/* The global part of routing by embeddings of our own: biases, the nearest expert, and what is
 * refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/glider_world.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

/* ---- instructions ---- */

static void an_experts_own_instruction_is_the_nearest(void **state) {
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = glider_mixing(100);
  GlobalRouter *g = glider_open(&w, &s);
  for (int i = 0; i < GLIDER_EXPERTS; i++) {
    float bias[GLIDER_EXPERTS];
    const char *own = pool_entry(w.pool, i)->instruction;
    glider_bias_of(&w, g, &s, (RouteQuery){.instruction = own, .input = "x"}, bias);
    assert_true(fabs((double)bias[i] - 100) < 1e-4);
    for (int k = 0; k < GLIDER_EXPERTS; k++) assert_true(k == i || bias[k] < 99);
    assert_int_equal(glider_nearest(g, (RouteQuery){.instruction = own, .input = "x"}), i);
    assert_int_equal(glider_nearest(g, (RouteQuery){.input = own}), i); /* the input instead */
  }
  global_router_close(g);
  glider_world_close(&w);
}

static void scale_zero_adds_nothing(void **state) {
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = glider_mixing(0);
  GlobalRouter *g = glider_open(&w, &s);
  float bias[GLIDER_EXPERTS];
  glider_bias_of(&w, g, &s, (RouteQuery){.input = "What does sort do?"}, bias);
  for (int i = 0; i < GLIDER_EXPERTS; i++) assert_true(bias[i] == 0);
  global_router_close(g);
  glider_world_close(&w);
}

/* The corpus is the whole pool's, so a part of it has the same cosines. */
static void a_part_of_the_pool_has_the_same_cosines(void **state) {
  float all[GLIDER_EXPERTS], part[GLIDER_EXPERTS];
  GliderMixing s = glider_mixing(1);
  GliderWorld w = glider_world(*state, NULL);
  GlobalRouter *g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s, (RouteQuery){.input = "sort the words that rhyme"}, all);
  global_router_close(g);
  glider_world_close(&w);
  w = glider_world(*state, "rhyme,sort");
  g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s, (RouteQuery){.input = "sort the words that rhyme"}, part);
  assert_true(part[0] == all[0] && part[1] == all[2]);
  global_router_close(g);
  glider_world_close(&w);
}

/* The lexical embeddings of the pool's instructions. Returns where a pool keeps them; the caller
 * frees both. */
static char *embed_pool_rows(Scratch *s, Embeddings *rows) {
  PoolManifest m;
  Embedder *e;
  const PoolEntry *entry[GLIDER_EXPERTS];
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL};
  const char **corpus;
  Error err = {0};
  expect_ok("manifest", manifest_read(&m, scratch_path(s, "pool"), &err), &err);
  expect_ok("corpus", embed_corpus(&m, &corpus, &spec.corpus_count, &err), &err);
  spec.corpus = corpus;
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  for (int i = 0; i < GLIDER_EXPERTS; i++) entry[i] = &m.entry[i];
  expect_ok("rows", embed_instructions(rows, e, m.dir, entry, GLIDER_EXPERTS, NULL, &err), &err);
  char *path = embeddings_path(m.dir, embedder_name(e), false);
  assert_non_null(path);
  free(corpus);
  embedder_close(e);
  manifest_free(&m);
  return path;
}

static void a_file_of_instructions_is_used(void **state) {
  float now[GLIDER_EXPERTS], kept[GLIDER_EXPERTS], other[GLIDER_EXPERTS];
  Error err = {0};
  GliderMixing s = glider_mixing(7);
  GliderWorld w = glider_world(*state, NULL);
  RouteQuery q = {.input = "What should count do?"};
  GlobalRouter *g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s, q, now);
  global_router_close(g);

  Embeddings rows;
  char *path = embed_pool_rows(w.s, &rows);
  expect_ok(path, embeddings_write(&rows, path, &err), &err);
  g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s, q, kept);
  global_router_close(g);
  assert_memory_equal(now, kept, sizeof now);
  for (int64_t i = 0; i < rows.dim; i++) rows.vector[i] *= -1; /* of the first expert */
  expect_ok(path, embeddings_write(&rows, path, &err), &err);
  g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s, q, other);
  global_router_close(g);
  assert_true(other[0] == -kept[0] && other[1] == kept[1] && kept[0] != 0);
  free(path);
  embeddings_free(&rows);
  glider_world_close(&w);
}

static void an_expert_without_an_instruction_is_refused(void **state) {
  GliderWorld w = glider_world(*state, NULL);
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
  GliderMixing s = glider_mixing(3);
  glider_refused(&w, &s, STATUS_INPUT, "pool: expert 'count' has no instruction|skein pool");
  glider_world_close(&w);
}

/* ---- the memory of queries ---- */

/* More texts than the table of known queries begins with, twice each. */
static void queries_are_remembered(void **state) {
  enum { TEXTS = 150 };
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = glider_mixing(1);
  GlobalRouter *g = glider_open(&w, &s);
  static float first[TEXTS][GLIDER_EXPERTS];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < TEXTS; i++) {
      char text[1024] = "count";
      float bias[GLIDER_EXPERTS];
      for (int k = 0; k <= i; k++) strcat(text, " sort");
      glider_bias_of(&w, g, &s, (RouteQuery){.input = text}, bias);
      if (round == 0) memcpy(first[i], bias, sizeof bias);
      assert_memory_equal(first[i], bias, sizeof bias);
      assert_true(i == 0 || memcmp(first[i], first[i - 1], sizeof bias) != 0);
    }
  }
  global_router_close(g);
  glider_world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_experts_own_instruction_is_the_nearest),
      cmocka_unit_test(scale_zero_adds_nothing),
      cmocka_unit_test(a_part_of_the_pool_has_the_same_cosines),
      cmocka_unit_test(a_file_of_instructions_is_used),
      cmocka_unit_test(an_expert_without_an_instruction_is_refused),
      cmocka_unit_test(queries_are_remembered),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
