/* Scores and texts of a routed model: together as one by one, whatever each item is routed by, and
 * the statistics of what counts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "infer/predict/predict.h"
#include "infer/route/router_options.h"
#include "infer/route/routing_stats.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

enum { ITEMS = 7, CHOICES = 3 };

/* Between forwards of other sizes; some ten times what was seen. */
static const double NEIGHBOUR = 1e-5;

static const Asking ASKING = {"task", "What does wide do?"};

static char *const CHOICE[CHOICES] = {(char *)"three silver keys", (char *)"carries", (char *)""};
static const char *const INPUT[ITEMS] = {
    "a small robot repairs the broken clock of course. who?",
    "",
    "the old weaver spins a map of the harbour. what?",
    "nobody in the village hides 64 small boxes again and again. when or how?",
    "the river",
    "an angry goose opens the blue door in the rain. who does what?",
    "her orchestra 1998"};
static const char *const INSTRUCTION[ITEMS] = {
    NULL, "What does deep do?", "Who?", NULL, "What does some do?", NULL, "What does wide do?"};

/* The model of tests/golden/predict and a pool of random experts on it. */
typedef struct World {
  Scratch *scratch;
  T5 *model;
  Tokenizer *tokenizer;
  Pool *pool;
  Item item[ITEMS];
} World;

static int world_open(void **state) {
  static const TinyExpert EXPERTS[] = {{"wide", "all-linear", 5, 1, DTYPE_F32, false, NULL},
                                       {"some", "q,v", 2, 2, DTYPE_F32, false, NULL},
                                       {"deep", "all-linear", 3, 3, DTYPE_BF16, false, NULL}};
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  void *scratch;
  assert_non_null(w);
  assert_int_equal(scratch_setup(&scratch), 0);
  w->scratch = scratch;
  char *base = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  expect_ok(base, t5_open(&w->model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&w->tokenizer, pieces, &err), &err);
  const char *dir = scratch_path(w->scratch, "pool");
  tiny_pool(dir, w->model, EXPERTS, 3);
  expect_ok(dir,
            pool_open(&w->pool, dir, &w->model->modules, tiny_sample(w->model).hex, NULL, &err),
            &err);
  for (int i = 0; i < ITEMS; i++) {
    w->item[i] = (Item){.id = (char *)"i",
                        .input = (char *)(uintptr_t)INPUT[i],
                        .instruction = (char *)(uintptr_t)INSTRUCTION[i],
                        .choice = (char **)(uintptr_t)CHOICE,
                        .choices = CHOICES - i % 2,
                        .label = -1};
  }
  free(base);
  free(pieces);
  *state = w;
  return 0;
}

static int world_close(void **state) {
  World *w = *state;
  void *scratch = w->scratch;
  pool_close(w->pool);
  tokenizer_close(w->tokenizer);
  t5_close(w->model);
  free(w);
  return scratch_teardown(&scratch);
}

/* A routed model with these settings. */
typedef struct RoutedModel {
  Router *router;
  RoutingStats *stats;
  RouteWatcher *watcher; /* of the statistics, owned; or NULL */
  Predictor *predictor;
} RoutedModel;

static RoutedModel routed_open(const World *w, const char *setting, int64_t max_tokens, int beams,
                               bool stats) {
  RoutedModel r = {0};
  OptionSet set;
  RouterSettings settings;
  Error err = {0};
  expect_ok("settings", router_settings_init(&set, &settings, &err), &err);
  expect_ok(setting, options_assign(&set, setting, &err), &err);
  expect_ok("expert", options_assign(&set, "expert=deep", &err), &err);
  expect_ok("scale", options_assign(&set, "global.scale=40", &err), &err);
  expect_ok(setting,
            router_open(&r.router, &settings, w->pool, (Base[]){tiny_base(w->model, w->tokenizer)},
                        1, &err),
            &err);
  if (stats) {
    expect_ok("stats", routing_stats_new(&r.stats, &w->model->modules, 3, &err), &err);
    assert_non_null(r.watcher = malloc(sizeof *r.watcher));
    *r.watcher = routing_stats_watcher(r.stats);
  }
  const PredictSettings how = {.threads = 1,
                               .max_input = 512,
                               .max_target = 512,
                               .max_output = 12,
                               .batch_tokens = max_tokens,
                               .beams = beams,
                               .length_penalty = 1};
  expect_ok("predictor",
            predictor_open(&r.predictor, (Base[]){tiny_base(w->model, w->tokenizer)}, r.router,
                           r.watcher, &how, &err),
            &err);
  options_free(&set);
  return r;
}

static void routed_close(RoutedModel *r) {
  predictor_close(r->predictor);
  routing_stats_free(r->stats);
  free(r->watcher);
  router_close(r->router);
}

static void score_all(const World *w, const char *setting, int64_t max_tokens, Score *out) {
  RoutedModel r = routed_open(w, setting, max_tokens, 1, false);
  Error err = {0};
  expect_ok(setting, predict_scores(r.predictor, &ASKING, w->item, ITEMS, out, &err), &err);
  routed_close(&r);
}

static double largest_gap(const Score *a, const Score *b) {
  double gap = 0;
  for (int i = 0; i < ITEMS; i++) {
    for (int k = 0; k < a[i].choices; k++) {
      gap = fmax(gap, fabs(a[i].loglik[k] / b[i].loglik[k] - 1));
    }
  }
  return gap;
}

static void free_scores(Score *s) {
  for (int i = 0; i < ITEMS; i++) score_free(&s[i]);
}

static const char *const ROUTERS[] = {"router=phatgoose", "router=glider",  "router=retrieval",
                                      "router=expert",    "router=uniform", "router=logo"};
enum { ROUTERS_COUNT = sizeof ROUTERS / sizeof *ROUTERS };

static void scores_do_not_depend_on_the_batch(void **state) {
  const World *w = *state;
  Score plain[ITEMS], together[ITEMS], alone[ITEMS];
  score_all(w, "router=base", 4096, plain);
  for (int i = 0; i < ROUTERS_COUNT; i++) {
    score_all(w, ROUTERS[i], 4096, together);
    score_all(w, ROUTERS[i], 1, alone);
    double gap = largest_gap(together, alone), moved = largest_gap(together, plain);
    if (!(gap <= NEIGHBOUR)) fail_msg("%s: %g apart", ROUTERS[i], gap);
    if (!(moved > 1e-3)) fail_msg("%s: changes nothing", ROUTERS[i]);
    free_scores(together);
    free_scores(alone);
  }
  free_scores(plain);
}

/* Retrieval runs the one expert whose instruction is the item's. */
static void each_item_is_routed_by_its_own_instruction(void **state) {
  const World *w = *state;
  Score retrieved[ITEMS], deep[ITEMS];
  score_all(w, "router=retrieval", 4096, retrieved);
  score_all(w, "router=expert", 4096, deep);
  for (int i = 0; i < ITEMS; i++) {
    bool same = fabs(retrieved[i].loglik[0] / deep[i].loglik[0] - 1) <= NEIGHBOUR;
    if (i == 1) assert_true(same);                      /* asks for deep */
    if (i == 0 || i == 4 || i == 6) assert_false(same); /* ask for wide, some and wide */
  }
  free_scores(retrieved);
  free_scores(deep);
}

static void texts_do_not_depend_on_the_batch(void **state) {
  const World *w = *state;
  for (int i = 0; i < ROUTERS_COUNT; i++) {
    for (int beams = 1; beams <= 3; beams += 2) {
      char *together[ITEMS], *alone[ITEMS];
      Error err = {0};
      RoutedModel many = routed_open(w, ROUTERS[i], 4096, beams, false);
      RoutedModel one = routed_open(w, ROUTERS[i], 1, beams, false);
      expect_ok("texts", predict_texts(many.predictor, &ASKING, w->item, ITEMS, together, &err),
                &err);
      expect_ok("texts", predict_texts(one.predictor, &ASKING, w->item, ITEMS, alone, &err), &err);
      for (int k = 0; k < ITEMS; k++) {
        assert_string_equal(together[k], alone[k]);
        free(together[k]);
        free(alone[k]);
      }
      routed_close(&many);
      routed_close(&one);
    }
  }
}

/* ---- statistics ---- */

static int64_t tokens_of(const World *w, const char *text) {
  int32_t *ids;
  int64_t n;
  Error err = {0};
  expect_ok(text, tokenizer_encode(w->tokenizer, text, strlen(text), &ids, &n, &err), &err);
  free(ids);
  return n + 1; /* EOS */
}

static int64_t counted(const World *w, const RoutingStats *stats, const char *linear) {
  const Module *l = modules_find(&w->model->modules, linear);
  assert_non_null(l);
  return routing_stats_tokens(stats, l->id);
}

static void expect_counts(const World *w, const RoutingStats *stats, int64_t in, int64_t out) {
  assert_int_equal(counted(w, stats, "encoder.block.1.layer.0.SelfAttention.q"), in);
  assert_int_equal(counted(w, stats, "decoder.block.0.layer.1.EncDecAttention.k"), in);
  assert_int_equal(counted(w, stats, "decoder.block.0.layer.1.EncDecAttention.q"), out);
  assert_int_equal(counted(w, stats, "decoder.block.1.layer.2.DenseReluDense.wo"), out);
}

static void statistics_are_of_the_predicted_choices(void **state) {
  const World *w = *state;
  static const int64_t sizes[] = {4096, 1};
  for (int s = 0; s < 2; s++) {
    RoutedModel r = routed_open(w, "router=phatgoose", sizes[s], 1, true);
    Score score[ITEMS];
    Error err = {0};
    expect_ok("scores", predict_scores(r.predictor, &ASKING, w->item, ITEMS, score, &err), &err);
    int64_t in = 0, out = 0;
    for (int i = 0; i < ITEMS; i++) {
      in += tokens_of(w, INPUT[i]);
      out += tokens_of(w, CHOICE[score[i].prediction]);
      score_free(&score[i]);
    }
    expect_counts(w, r.stats, in, out);
    routed_close(&r);
  }
}

/* As many decoder tokens as are generated: within max_output where the token that ends a text is
 * its EOS, all of it elsewhere. A batch counts what its items count alone. */
static void statistics_are_of_what_is_generated(void **state) {
  const World *w = *state;
  static const char decoder[] = "decoder.block.0.layer.0.SelfAttention.q";
  RoutedModel all = routed_open(w, "router=phatgoose", 4096, 1, true);
  char *text[ITEMS];
  Error err = {0};
  expect_ok("texts", predict_texts(all.predictor, &ASKING, w->item, ITEMS, text, &err), &err);
  int64_t in = 0, out = 0;
  for (int i = 0; i < ITEMS; i++) {
    RoutedModel one = routed_open(w, "router=phatgoose", 4096, 1, true);
    char *alone;
    expect_ok("text", predict_texts(one.predictor, &ASKING, &w->item[i], 1, &alone, &err), &err);
    int64_t generated = counted(w, one.stats, decoder), read = tokens_of(w, alone);
    if (generated != 12) assert_int_equal(generated, read);
    in += tokens_of(w, INPUT[i]);
    out += generated;
    free(alone);
    free(text[i]);
    routed_close(&one);
  }
  expect_counts(w, all.stats, in, out);
  routed_close(&all);
}

/* A forward that fails counts nothing, then or later. */
static void what_fails_is_not_counted(void **state) {
  World *w = *state, sick = *w;
  static const TinyExpert EXPERT[] = {{"wide", "all-linear", 2, 1, DTYPE_F32, false, NULL},
                                      {"deep", "all-linear", 2, 2, DTYPE_F32, false, NULL},
                                      {"some", "q,v", 2, 3, DTYPE_F32, false, NULL}};
  Error err = {0};
  expect_ok("model", t5_random(&sick.model, &w->model->config, 1, false, &err), &err);
  const char *dir = scratch_path(w->scratch, "sick");
  tiny_pool(dir, sick.model, EXPERT, 3);
  expect_ok(
      dir,
      pool_open(&sick.pool, dir, &sick.model->modules, tiny_sample(sick.model).hex, NULL, &err),
      &err);
  RoutedModel r = routed_open(&sick, "router=phatgoose", 4096, 1, true);
  float *norm = sick.model->decoder.final_norm.data, kept = norm[0];
  Score score;
  char *text;
  Error scores = {0}, texts = {0};
  norm[0] = NAN;
  expect_error("scores", predict_scores(r.predictor, &ASKING, w->item, 1, &score, &scores), &scores,
               STATUS_RUN, "not finite");
  expect_error("texts", predict_texts(r.predictor, &ASKING, w->item, 1, &text, &texts), &texts,
               STATUS_RUN, "not finite");
  norm[0] = kept;
  expect_ok("healed", predict_scores(r.predictor, &ASKING, w->item, 1, &score, &err), &err);
  expect_counts(&sick, r.stats, tokens_of(w, INPUT[0]), tokens_of(w, CHOICE[score.prediction]));
  score_free(&score);
  routed_close(&r);
  pool_close(sick.pool);
  t5_close(sick.model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scores_do_not_depend_on_the_batch),
      cmocka_unit_test(each_item_is_routed_by_its_own_instruction),
      cmocka_unit_test(texts_do_not_depend_on_the_batch),
      cmocka_unit_test(statistics_are_of_the_predicted_choices),
      cmocka_unit_test(statistics_are_of_what_is_generated),
      cmocka_unit_test(what_fails_is_not_counted),
  };
  blas_init();
  return cmocka_run_group_tests(tests, world_open, world_close);
}
