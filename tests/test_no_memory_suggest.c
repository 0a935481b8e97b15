/* Every allocation may fail, as in test_no_memory: experts are ranked, routing is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/router_options.h"
#include "infer/route/routing_terms.h"
#include "infer/suggest/suggest.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

enum { EXPERTS = 2 };

static const PredictSettings SETTINGS = {.threads = 1,
                                         .max_input = 64,
                                         .max_target = 64,
                                         .max_output = 1,
                                         .batch_tokens = 512,
                                         .beams = 1,
                                         .length_penalty = 1};

/* The model of tests/golden/predict, two experts, and one item. */
typedef struct World {
  void *scratch;
  Base base;
  Pool *pool;
  OptionSet set;
  RouterSettings settings;
  Router *router;
  Item item;
  SuggestWay way;
} World;

static int world_setup(void **state) {
  static const TinyExpert expert[EXPERTS] = {{"one", "q", 1, 1, DTYPE_F32, false, NULL},
                                             {"two", "q", 2, 2, DTYPE_F32, false, NULL}};
  static char *choice[] = {(char *)"the river", (char *)"spins"};
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  T5 *model;
  Tokenizer *tokenizer;
  char dir[PATH_MAX], *base = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  assert_non_null(w);
  assert_int_equal(scratch_setup(&w->scratch), 0);
  strcpy(dir, scratch_path(w->scratch, "pool"));
  expect_ok(base, t5_open(&model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&tokenizer, pieces, &err), &err);
  w->base = tiny_base(model, tokenizer);
  tiny_pool(dir, model, expert, EXPERTS);
  expect_ok(dir, pool_open(&w->pool, dir, &model->modules, tiny_sample(model).hex, NULL, &err),
            &err);
  expect_ok("settings", router_settings_init(&w->set, &w->settings, &err), &err);
  expect_ok("router", router_open(&w->router, &w->settings, w->pool, &w->base, 1, &err), &err);
  w->item = (Item){
      .id = (char *)"i", .input = (char *)"who spins?", .choice = choice, .choices = 2, .label = 0};
  free(base);
  free(pieces);
  *state = w;
  return 0;
}

static int world_teardown(void **state) {
  World *w = *state;
  router_close(w->router);
  options_free(&w->set);
  pool_close(w->pool);
  tokenizer_close(w->base.tokenizer);
  t5_close(w->base.model);
  int failed = scratch_teardown(&w->scratch);
  free(w);
  return failed;
}

static Status rank_experts(void *arg, Error *err) {
  World *w = arg;
  SuggestRequest r = {.base = &w->base,
                      .pool = w->pool,
                      .router = &w->set,
                      .settings = &SETTINGS,
                      .item = &w->item,
                      .items = 1,
                      .targets = TARGETS_CHOICES,
                      .ways = 1u << w->way,
                      .seed = 1};
  Suggestion s;
  Status status = suggest_run(&s, &r, err);
  suggestion_free(&s);
  return status;
}

static void experts_are_ranked(void **state) {
  World *w = *state;
  static const SuggestWay WAY[] = {SUGGEST_LIKELIHOOD, SUGGEST_GATES, SUGGEST_NORM};
  for (int i = 0; i < 3; i++) {
    w->way = WAY[i];
    fail_each_allocation(suggest_way_name(w->way), rank_experts, w, 20, 0);
  }
}

static Status answer_item(World *w, RoutingTerms *t, Error *err) {
  Predictor *p;
  Score score;
  RouteWatcher watcher = routing_terms_watcher(t);
  TRY(predictor_open(&p, &w->base, w->router, &watcher, &SETTINGS, err));
  Status status = predict_scores(p, &(Asking){NULL, NULL}, &w->item, 1, &score, err);
  if (status == STATUS_OK) score_free(&score);
  predictor_close(p);
  return status;
}

static Status tell_routing(void *arg, Error *err) {
  World *w = arg;
  RoutingTerms t;
  Status status =
      routing_terms_init(&t, pool_modules(w->pool)->count, pool_count(w->pool), -1, err);
  if (status == STATUS_OK) status = answer_item(w, &t, err);
  routing_terms_free(&t);
  return status;
}

static void routing_is_told(void **state) {
  fail_each_allocation("terms", tell_routing, *state, 20, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(experts_are_ranked),
      cmocka_unit_test(routing_is_told),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
