/* The global part of routing by embeddings of others. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/glider_world.h"

static const char *const NAMES[] = {"rhyme", "sort", "count"}; /* not the pool's order */

static GliderMixing precomputed(Scratch *s, double scale) {
  static char path[PATH_MAX];
  GliderMixing settings = glider_mixing(scale);
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
  glider_write_vectors(s, "pool/embeddings/nomic.safetensors", "nomic", NAMES, EXPERT, 3, 3, NULL);
  glider_write_vectors(s, "queries.safetensors", "nomic", (const char *const[]){"boolq", "copa"},
                       QUERY, 2, 3, NULL);
}

static void expect_biases(const GliderWorld *w, const GliderMixing *s, const char *task, double a,
                          double b, double c) {
  float bias[GLIDER_EXPERTS];
  GlobalRouter *g = glider_open(w, s);
  glider_bias_of(w, g, s, (RouteQuery){.task = task, .instruction = "unread", .input = "unread"},
                 bias);
  const double want[] = {a, b, c};
  for (int i = 0; i < GLIDER_EXPERTS; i++) {
    if (fabs((double)bias[i] - want[i]) > 1e-5) {
      fail_msg("%s: bias %d is %g, want %g", task, i, (double)bias[i], want[i]);
    }
  }
  global_router_close(g);
}

static void both_rules_and_the_dropped_coordinate(void **state) {
  GliderWorld w = glider_world(*state, NULL);
  write_pair(*state);
  GliderMixing s = precomputed(*state, 3);
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
  glider_world_close(&w);
}

static void of_equals_the_first_is_the_nearest(void **state) {
  GliderWorld w = glider_world(*state, NULL);
  static const float EXPERT[] = {1, 1, -1, 0, 2, 2}, QUERY[] = {1, 1};
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, EXPERT, 3, 2,
                       NULL);
  glider_write_vectors(*state, "queries.safetensors", "nomic", (const char *const[]){"boolq"},
                       QUERY, 1, 2, NULL);
  GliderMixing s = precomputed(*state, 3);
  GlobalRouter *g = glider_open(&w, &s);
  assert_int_equal(glider_nearest(g, (RouteQuery){.task = "boolq", .input = ""}),
                   1); /* rhyme is later */
  global_router_close(g);
  glider_world_close(&w);
}

static void parts_that_do_not_belong_together_are_refused(void **state) {
  static const float V[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  static const char *const TASK[] = {"boolq"};
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = precomputed(*state, 3);
  glider_write_vectors(*state, "queries.safetensors", "nomic", TASK, V, 1, 3, NULL);
  glider_refused(&w, &s, STATUS_INPUT,
                 "embeddings/nomic.safetensors: is missing|'nomic'|skein embed");
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 4, NULL);
  glider_refused(&w, &s, STATUS_MISMATCH, "nomic.safetensors: |dimension 4|have 3");
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "minilm", NAMES, V, 3, 3, NULL);
  glider_refused(&w, &s, STATUS_MISMATCH, "nomic.safetensors: |'minilm'|'nomic'");
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 2, 3, NULL);
  glider_refused(&w, &s, STATUS_INPUT, "expert 'count' has no embedding of 'nomic'|skein embed");
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 3,
                       "old text");
  glider_refused(&w, &s, STATUS_MISMATCH, "expert 'rhyme': its instruction changed|skein embed");
  glider_write_vectors(*state, "pool/embeddings/nomic.safetensors", "nomic", NAMES, V, 3, 3,
                       "What does rhyme do?");
  global_router_close(glider_open(&w, &s));
  s.global.embeddings = NULL;
  glider_refused(&w, &s, STATUS_USAGE, "embeddings: is missing");
  glider_world_close(&w);
}

static void a_query_without_a_vector_is_refused(void **state) {
  GliderWorld w = glider_world(*state, NULL);
  write_pair(*state);
  GliderMixing s = precomputed(*state, 3);
  GlobalRouter *g = glider_open(&w, &s);
  float bias[GLIDER_EXPERTS];
  Error err = {0};
  const double *cosine;
  Status got = global_cosines(g, &(RouteQuery){.task = "bolq", .input = "x"}, &cosine, &err);
  expect_error("name", got, &err, STATUS_INPUT,
               "queries.safetensors: |'bolq'|did you mean 'boolq'");
  err = (Error){0};
  got = global_cosines(g, &(RouteQuery){.input = "x"}, &cosine, &err);
  expect_error("none", got, &err, STATUS_USAGE, "the name of its task");
  glider_bias_of(&w, g, &s, (RouteQuery){.task = "boolq", .input = "x"},
                 bias); /* the router is still good */
  global_router_close(g);
  glider_world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_rules_and_the_dropped_coordinate),
      cmocka_unit_test(of_equals_the_first_is_the_nearest),
      cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
      cmocka_unit_test(a_query_without_a_vector_is_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
