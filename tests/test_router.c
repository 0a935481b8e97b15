/* Identities between methods of routing, on a pool of LoRAs and on one of both kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/t5/t5_cache.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny_router.h"

static const char *const METHODS[] = {
    "router=phatgoose",
    "router=phatgoose top_p=0.6",
    "router=glider global.scale=2",
    "router=glider global.scale=2 global.over=average-activation",
    "router=glider global.scale=2 global.over=arrow",
    "router=glider global.scale=2 global.over=norm norm.weights=softmax",
    "router=glider global.scale=2 global.over=norm norm.weights=proportional norm.prefilter=3",
    "router=average-activation",
    "router=average-activation activation.mode=absolute",
    "router=arrow",
    "router=arrow arrow.mode=glider top_k=3",
    "router=arrow arrow.mode=glider-released",
    "router=uniform",
    "router=random",
    "router=retrieval",
    "router=retrieval retrieval.k=3 retrieval.weights=softmax",
    "router=retrieval retrieval.k=2 retrieval.mode=fusion",
    "router=norm",
    "router=norm norm.weights=softmax norm.spectrum=false",
    "router=norm norm.weights=proportional norm.prefilter=2",
    "router=logo",
    "router=logo logo.by=entropy logo.probe=base top_k=3",
    "router=merged",
    "router=expert expert=rhyme",
    "router=base",
};
enum { METHODS_COUNT = sizeof METHODS / sizeof *METHODS };

/* Methods that work on factors run on no other kind. */
static bool runs(const RoutedWorld *w, const char *method) {
  bool factors = strstr(method, "router=arrow") || strstr(method, "router=norm") ||
                 strstr(method, "over=arrow") || strstr(method, "over=norm") ||
                 strstr(method, "router=logo") || strstr(method, "mode=fusion");
  return !factors || w->expert == ROUTED_EXPERT;
}

/* The plain expert, without any router. */
static Logits run_plain(const RoutedWorld *w, const char *name) {
  Logits l = {0};
  Error err = {0};
  Expert expert;
  AdapterSet set;
  char dir[160];
  snprintf(dir, sizeof dir, "%s/experts/%s", w->pool, name);
  expect_ok(dir, expert_open(&expert, dir, &w->model->modules, &err), &err);
  expect_ok(dir, expert_adapters(&expert, &set, &err), &err);
  routed_forward(w, &set, 0, TINY_SEQUENCES, 1, l.z);
  free(set.slot);
  expert_close(&expert);
  return l;
}

/* A pool of one is its expert, whatever the method; by slots to the bit, and where an (IA)3 has the
 * weight 1, else up to the 1e-6 of the normalisation. */
static void one_expert_routed_is_that_expert(void **state) {
  const RoutedWorld *w = *state;
  for (int e = 1; e < 3; e++) { /* one that covers all linears, one that does not */
    const char *name = w->expert[e].name;
    Logits plain = run_plain(w, name);
    for (int i = 0; i < METHODS_COUNT; i++) {
      if (strstr(METHODS[i], "router=base") || strstr(METHODS[i], "router=expert")) continue;
      if (!runs(w, METHODS[i])) continue;
      char settings[160]; /* the last of a key counts */
      snprintf(settings, sizeof settings, "%s top_k=1 retrieval.k=1", METHODS[i]);
      Logits routed = routed_logits(w, settings, name);
      expect_near(w, METHODS[i], &routed, &plain);
      if (w->expert[e].feedforward && strstr(METHODS[i], "router=uniform"))
        expect_same(w, &routed, &plain);
    }
    char settings[64];
    snprintf(settings, sizeof settings, "router=expert expert=%s", name);
    Logits expert = routed_logits(w, settings, NULL);
    expect_same(w, &expert, &plain);
  }
}

static void base_is_the_plain_model(void **state) {
  const RoutedWorld *w = *state;
  Logits plain = {0}, base = routed_logits(w, "router=base", NULL);
  routed_forward(w, NULL, 0, TINY_SEQUENCES, 1, plain.z);
  expect_same(w, &base, &plain);
  Error err = {0};
  RouterSettings s = {.method = route_method_find("base")};
  Router *router;
  expect_ok("no pool", router_open(&router, &s, NULL, (Base[]){tiny_base(w->model, NULL)}, 1, &err),
            &err);
  router_close(router);
}

static void uniform_is_merged(void **state) {
  const RoutedWorld *w = *state;
  Logits uniform = routed_logits(w, "router=uniform", NULL),
         merged = routed_logits(w, "router=merged", NULL);
  expect_near(w, "uniform and merged", &uniform, &merged);
}

static void methods_differ(void **state) {
  const RoutedWorld *w = *state;
  Logits *all = calloc(METHODS_COUNT, sizeof *all);
  assert_non_null(all);
  for (int i = 0; i < METHODS_COUNT; i++) {
    if (!runs(w, METHODS[i])) continue;
    all[i] = routed_logits(w, METHODS[i], NULL);
    for (int j = 0; j < i; j++) {
      bool twins = strstr(METHODS[i], "router=merged") && strstr(METHODS[j], "router=uniform");
      if (!runs(w, METHODS[j])) continue;
      if (!twins && !(logits_apart(w, &all[i], &all[j]) > 10 * ROUTED_CLOSE)) {
        fail_msg("%s and %s do the same", METHODS[i], METHODS[j]);
      }
    }
  }
  free(all);
}

/* GLIDER between its ends: nothing global, and nothing but global. */
static void glider_at_scale_0_is_what_it_stands_over(void **state) {
  const RoutedWorld *w = *state;
  static const char *const LOCAL[] = {
      "phatgoose",
      "phatgoose top_p=0.6",
      "average-activation",
      "average-activation activation.mode=absolute",
      "arrow",
      "arrow arrow.mode=glider top_k=3",
      "norm",
      "norm norm.spectrum=false norm.weights=softmax",
      "norm norm.weights=proportional norm.prefilter=2",
  };
  for (size_t i = 0; i < sizeof LOCAL / sizeof *LOCAL; i++) {
    char alone[160], over[160];
    snprintf(alone, sizeof alone, "router=%s", LOCAL[i]);
    snprintf(over, sizeof over, "router=glider global.scale=0 global.over=%s", LOCAL[i]);
    if (!runs(w, alone)) continue;
    Logits local = routed_logits(w, alone, NULL), zero = routed_logits(w, over, NULL);
    expect_same(w, &local, &zero);
  }
  Logits local = routed_logits(w, "router=phatgoose", NULL),
         zero = routed_logits(w, "router=glider global.scale=0", NULL);
  expect_same(w, &local, &zero);
}

static void glider_stands_over_phatgoose(void **state) {
  const RoutedWorld *w = *state;
  Logits said = routed_logits(w, "router=glider global.over=phatgoose", NULL),
         unsaid = routed_logits(w, "router=glider", NULL);
  expect_same(w, &said, &unsaid);
}

static void glider_at_a_large_scale_is_the_nearest_expert(void **state) {
  const RoutedWorld *w = *state;
  Routing r = routing_open(w, "router=retrieval", NULL);
  RoutedBatch b;
  routing_begin(&r, 0, TINY_SEQUENCES, NULL, &b);
  const int32_t want[] = {3, 1, 0}; /* those that cover every linear */
  for (int i = 0; i < TINY_SEQUENCES * ROUTED_EXPERTS; i++)
    assert_true(b.batch.value[i] == (i % ROUTED_EXPERTS == want[i / ROUTED_EXPERTS]));
  routing_end(&b);
  Logits nearest = routing_run(w, &r, 1);
  routing_close(&r);
  const char *const scales[] = {"router=glider global.scale=1000000",
                                ("router=glider global.rule=threshold global.gamma=1000000 "
                                 "global.threshold=-1"),
                                "router=glider global.scale=1000000 top_p=0.9",
                                "router=glider global.scale=1000000 global.over=arrow",
                                ("router=glider global.scale=1000000 global.over=norm "
                                 "norm.weights=softmax")};
  for (int i = 0; i < 5; i++) {
    if (!runs(w, scales[i])) continue;
    Logits glider = routed_logits(w, scales[i], NULL);
    expect_near(w, scales[i], &glider, &nearest);
  }
}

/* The mixture of the nearest between its ends, and one expert fused. */
static void retrieval_of_several_ends_in_one_and_in_all_alike(void **state) {
  const RoutedWorld *w = *state;
  Logits one = routed_logits(w, "router=retrieval", NULL),
         alike = routed_logits(w, "router=retrieval retrieval.k=3", NULL),
         cold = routed_logits(
             w, "router=retrieval retrieval.k=3 retrieval.weights=softmax retrieval.tau=1e-6",
             NULL),
         hot = routed_logits(
             w, "router=retrieval retrieval.k=3 retrieval.weights=softmax retrieval.tau=1e6", NULL),
         fused = routed_logits(w, "router=retrieval retrieval.mode=fusion", NULL);
  expect_near(w, "tau 0", &cold, &one);
  expect_near(w, "tau infinite", &hot, &alike);
  expect_same(w, &fused, &one);
  assert_true(logits_apart(w, &one, &alike) > 10 * ROUTED_CLOSE);
}

/* The first singular vector of an update is Arrow's prototype. */
static void norm_of_rank_1_is_arrow(void **state) {
  const RoutedWorld *w = *state;
  Logits arrow = routed_logits(w, "router=arrow top_k=1", NULL),
         first = routed_logits(w, "router=norm norm.rank=1 norm.spectrum=false top_k=1", NULL),
         all = routed_logits(w, "router=norm norm.spectrum=false top_k=1", NULL),
         many = routed_logits(w, "router=norm norm.rank=99 norm.spectrum=false top_k=1", NULL);
  expect_near(w, "rank 1", &first, &arrow);
  expect_same(w, &many, &all);
  assert_true(logits_apart(w, &all, &arrow) > 10 * ROUTED_CLOSE);
}

static void retrieval_of_several_is_refused(void **state) {
  const RoutedWorld *w = *state;
  Error err = {0};
  Routing r;
  Status got = routing_try(&r, w, "router=retrieval retrieval.k=5", NULL, &err);
  expect_error("k", got, &err, STATUS_USAGE, "retrieval.k: is 5|4 experts");
  if (w->expert == ROUTED_EXPERT) return;
  err = (Error){0};
  got = routing_try(&r, w, "router=retrieval retrieval.k=2 retrieval.mode=fusion", NULL, &err);
  expect_error("fusion", got, &err, STATUS_MISMATCH, "retrieval.mode: fusion|'count'|only");
}

static void threads_change_no_bit(void **state) {
  const RoutedWorld *w = *state;
  for (int i = 0; i < METHODS_COUNT; i++) {
    if (!runs(w, METHODS[i])) continue;
    Routing r = routing_open(w, METHODS[i], NULL);
    Logits one = routing_run(w, &r, 1), two = routing_run(w, &r, 2);
    expect_same(w, &one, &two);
    routing_close(&r);
  }
}

static void a_batch_is_its_examples_one_by_one(void **state) {
  const RoutedWorld *w = *state;
  for (int i = 0; i < METHODS_COUNT; i++) {
    if (!runs(w, METHODS[i])) continue;
    Routing r = routing_open(w, METHODS[i], NULL);
    Logits all = routing_run(w, &r, 1), one = {0};
    for (int64_t s = 0; s < TINY_SEQUENCES; s++) {
      RoutedBatch b;
      routing_begin(&r, s, s + 1, NULL, &b);
      routed_forward(w, &b.forward.adapters, s, s + 1, 1,
                     one.z + w->batch.out_at[s] * ROUTED_VOCAB);
      routing_end(&b);
    }
    expect_same(w, &one, &all);
    routing_close(&r);
  }
}

/* Two sequences read example 2 and one reads 0, token by token from a cache, against all at once:
 * to the bit. */
static void cached_is_uncached(void **state) {
  const RoutedWorld *w = *state;
  enum { STEPS = 5, SEQUENCES = 3 };
  static const int64_t source[SEQUENCES] = {2, 0, 2};
  const int64_t whole[] = {0, STEPS, 2 * STEPS, 3 * STEPS}, step[] = {0, 1, 2, 3};
  const TinyBatch *b = &w->batch;
  for (int i = 0; i < METHODS_COUNT; i++) {
    if (!runs(w, METHODS[i])) continue;
    Routing r = routing_open(w, METHODS[i], NULL);
    RoutedBatch routed;
    routing_begin(&r, 0, TINY_SEQUENCES, NULL, &routed);
    Bench bench;
    bench_open(&bench, false, 2);
    T5Run run = {w->model, &routed.forward.adapters, false};
    Ragged input = tiny_input(b);
    Tensor *encoded = t5_encode(&bench.c, &run, b->input, input);
    Tensor *want =
        t5_decode(&bench.c, &run, encoded, input, b->decoder, (Rows){{SEQUENCES, whole}, source});
    T5Cache *cache;
    expect_ok("cache",
              t5_cache_new(&cache, &bench.c, &run, encoded, input, source, SEQUENCES, STEPS),
              &bench.error);
    for (int t = 0; t < STEPS; t++) {
      int32_t ids[SEQUENCES];
      for (int s = 0; s < SEQUENCES; s++) ids[s] = b->decoder[s * STEPS + t];
      Tensor *got = t5_decode_next(&bench.c, &run, cache, ids, (Ragged){SEQUENCES, step});
      expect_ok(METHODS[i], bench.error.status, &bench.error);
      for (int s = 0; s < SEQUENCES; s++) {
        assert_memory_equal(got->data + s * got->cols, want->data + (s * STEPS + t) * want->cols,
                            (size_t)got->cols * sizeof(float));
      }
    }
    t5_cache_free(cache);
    bench_close(&bench);
    routing_end(&routed);
    routing_close(&r);
  }
}

static void methods_on_factors_refuse_other_kinds(void **state) {
  const RoutedWorld *w = *state;
  static const char *const METHOD[] = {
      "router=arrow top_k=1", "router=norm top_k=1", "router=merged-factors",
      "router=glider global.over=arrow top_k=1", "router=glider global.over=norm top_k=1"};
  for (int i = 0; i < 5; i++) {
    Routing r;
    Error err = {0};
    Status status = routing_try(&r, w, METHOD[i], NULL, &err);
    expect_error(METHOD[i], status, &err, STATUS_MISMATCH, "'count'|(IA)3|only");
    Logits alone = routed_logits(w, METHOD[i], "sort");
    assert_true(logits_apart(w, &alone, &(Logits){0}) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_expert_routed_is_that_expert),
      cmocka_unit_test(base_is_the_plain_model),
      cmocka_unit_test(uniform_is_merged),
      cmocka_unit_test(methods_differ),
      cmocka_unit_test(glider_at_scale_0_is_what_it_stands_over),
      cmocka_unit_test(glider_stands_over_phatgoose),
      cmocka_unit_test(glider_at_a_large_scale_is_the_nearest_expert),
      cmocka_unit_test(retrieval_of_several_ends_in_one_and_in_all_alike),
      cmocka_unit_test(norm_of_rank_1_is_arrow),
      cmocka_unit_test(retrieval_of_several_is_refused),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_batch_is_its_examples_one_by_one),
      cmocka_unit_test(cached_is_uncached),
  };
  const struct CMUnitTest mixed[] = {
      cmocka_unit_test(one_expert_routed_is_that_expert),
      cmocka_unit_test(base_is_the_plain_model),
      cmocka_unit_test(uniform_is_merged),
      cmocka_unit_test(methods_differ),
      cmocka_unit_test(glider_at_scale_0_is_what_it_stands_over),
      cmocka_unit_test(glider_stands_over_phatgoose),
      cmocka_unit_test(glider_at_a_large_scale_is_the_nearest_expert),
      cmocka_unit_test(retrieval_of_several_is_refused),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_batch_is_its_examples_one_by_one),
      cmocka_unit_test(cached_is_uncached),
      cmocka_unit_test(methods_on_factors_refuse_other_kinds),
  };
  return cmocka_run_group_tests_name("router: identities", tests, routed_setup, routed_teardown) +
         cmocka_run_group_tests_name("router: identities on both kinds", mixed, mixed_setup,
                                     routed_teardown);
}
