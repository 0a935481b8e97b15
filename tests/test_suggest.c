/* Experts ranked for a task, on the model that transformers was asked (asked.h). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/router_options.h"
#include "infer/suggest/suggest.h"
#include "tests/asked.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"
#include "tools/suggest/suggest_tool.h"

enum { EXPERTS = 3 };
static const unsigned ALL = 1u << SUGGEST_LIKELIHOOD | 1u << SUGGEST_GATES;

typedef struct World {
  Asked *asked;
  Scratch *scratch;
  Base base;
  Pool *pool;
  OptionSet set;
  RouterSettings settings;
} World;

static int world_setup(void **state) {
  static const TinyExpert expert[EXPERTS] = {{"wide", "all-linear", 5, 1, DTYPE_F32, false, NULL},
                                             {"some", "q,v", 2, 2, DTYPE_F32, false, NULL},
                                             {"deep", "all-linear", 3, 3, DTYPE_F32, false, NULL}};
  World *w = calloc(1, sizeof *w);
  assert_non_null(w);
  Error err = {0};
  char dir[PATH_MAX];
  asked_open((void **)&w->asked);
  scratch_setup((void **)&w->scratch);
  strcpy(dir, scratch_path(w->scratch, "pool"));
  tiny_pool(dir, w->asked->model, expert, EXPERTS);
  w->base = tiny_base(w->asked->model, w->asked->tokenizer);
  expect_ok(dir,
            pool_open(&w->pool, dir, &w->asked->model->modules, tiny_sample(w->asked->model).hex,
                      NULL, &err),
            &err);
  expect_ok("settings", router_settings_init(&w->set, &w->settings, &err), &err);
  for (int64_t i = 0; i < w->asked->items; i++) w->asked->item[i].label = 0;
  *state = w;
  return 0;
}

static int world_teardown(void **state) {
  World *w = *state;
  options_free(&w->set);
  pool_close(w->pool);
  scratch_teardown((void **)&w->scratch);
  asked_close((void **)&w->asked);
  free(w);
  return 0;
}

static SuggestRequest request(World *w, unsigned ways) {
  return (SuggestRequest){.base = &w->base,
                          .pool = w->pool,
                          .router = &w->set,
                          .settings = &ASKED_DEFAULTS,
                          .item = w->asked->item,
                          .items = w->asked->items,
                          .targets = TARGETS_CHOICES,
                          .ways = ways,
                          .seed = 1};
}

static Suggestion suggest(const SuggestRequest *r) {
  Suggestion s;
  Error err = {0};
  expect_ok("suggest", suggest_run(&s, r, &err), &err);
  return s;
}

/* ---- likelihood ---- */

/* The first choice is called right. What transformers says of the base: how often it is likeliest,
 * and the mean of its scores. */
static void the_base_is_that_of_transformers(void **state) {
  World *w = *state;
  const json_t *rows = json_object_get(w->asked->expected, "scores");
  double right = 0, mean = 0;
  for (size_t i = 0; i < json_array_size(rows); i++) {
    const json_t *choices = json_object_get(json_array_get(rows, i), "choices");
    double first = 0, best = -INFINITY;
    for (size_t k = 0; k < json_array_size(choices); k++) {
      const json_t *choice = json_array_get(choices, k);
      double score = json_real_value(json_object_get(choice, "loglik")) /
                     ((double)json_integer_value(json_object_get(choice, "tokens")) + 1e-6);
      if (k == 0) first = score;
      if (score > best) best = score;
    }
    right += first == best;
    mean += first;
  }
  double n = (double)json_array_size(rows);
  SuggestRequest r = request(w, 1u << SUGGEST_LIKELIHOOD);
  Suggestion s = suggest(&r);
  Comparison c = compare_begin(1e-4, "the base");
  compare_value(&c, "accuracy", s.base, 100 * right / n);
  compare_value(&c, "log-likelihood", s.base_weight, mean / n);
  compare_end(&c);
  assert_int_equal(s.column[SUGGEST_LIKELIHOOD].passes, (EXPERTS + 1) * w->asked->items);
  suggestion_free(&s);
}

/* The scores of one expert alone, asked without suggest. */
static void score_alone(World *w, const char *expert, Score *score) {
  Error err = {0};
  OptionSet set;
  RouterSettings settings;
  Router *router;
  Predictor *p;
  expect_ok("settings", router_settings_init(&set, &settings, &err), &err);
  expect_ok("router", options_put(&set, "router", "expert", "test", &err), &err);
  expect_ok("expert", options_put(&set, "expert", expert, "test", &err), &err);
  expect_ok("open", router_open(&router, &settings, w->pool, &w->base, 1, &err), &err);
  expect_ok("predictor", predictor_open(&p, &w->base, router, NULL, &ASKED_DEFAULTS, &err), &err);
  expect_ok("scores", predict_scores(p, &ASKED_PLAIN, w->asked->item, w->asked->items, score, &err),
            &err);
  predictor_close(p);
  router_close(router);
  options_free(&set);
}

static void experts_are_those_that_run_alone(void **state) {
  World *w = *state;
  SuggestRequest r = request(w, 1u << SUGGEST_LIKELIHOOD);
  Suggestion s = suggest(&r);
  const SuggestColumn *c = &s.column[SUGGEST_LIKELIHOOD];
  for (int e = 0; e < EXPERTS; e++) {
    Score score[ASKED_MOST];
    double right = 0, mean = 0;
    score_alone(w, pool_entry(w->pool, e)->name, score);
    for (int64_t i = 0; i < w->asked->items; i++) {
      right += score[i].prediction == 0;
      mean += score[i].score[0];
      score_free(&score[i]);
    }
    double n = (double)w->asked->items;
    assert_true(fabs(c->value[e] - 100 * right / n) < 1e-9);
    assert_true(fabs(c->weight[e] - mean / n) < 1e-9);
    assert_true(s.gain[e].low <= c->value[e] - s.base && c->value[e] - s.base <= s.gain[e].high);
  }
  for (int i = 1; i < EXPERTS; i++) assert_true(c->value[s.order[i - 1]] >= c->value[s.order[i]]);
  suggestion_free(&s);
}

/* The interval of a mean of differences is about 1.96 standard errors to both sides. */
static void intervals_are_paired(void **state) {
  World *w = *state;
  Item item[ASKED_MOST];
  for (int64_t i = 0; i < w->asked->items; i++) {
    item[i] = w->asked->item[i];
    item[i].target = item[i].choice;
    item[i].targets = 1; /* the first choice alone */
    item[i].choice = NULL;
    item[i].choices = 0;
  }
  SuggestRequest r = request(w, 1u << SUGGEST_LIKELIHOOD);
  r.item = item;
  r.targets = TARGETS_TEXTS;
  Suggestion s = suggest(&r);
  assert_ptr_equal(item[0].target, w->asked->item[0].choice); /* they are as they were */
  Score base[ASKED_MOST], expert[ASKED_MOST];
  Error err = {0};
  Predictor *p = asked_predictor(w->asked, &ASKED_DEFAULTS);
  expect_ok("base", predict_scores(p, &ASKED_PLAIN, w->asked->item, w->asked->items, base, &err),
            &err);
  predictor_close(p);
  score_alone(w, "wide", expert);
  double n = (double)w->asked->items, sum = 0, squares = 0;
  for (int64_t i = 0; i < w->asked->items; i++) {
    double d = expert[i].score[0] - base[i].score[0];
    sum += d;
    squares += d * d;
    score_free(&base[i]);
    score_free(&expert[i]);
  }
  double mean = sum / n, error = sqrt((squares / n - mean * mean) / n);
  assert_true(fabs(s.column[SUGGEST_LIKELIHOOD].value[0] - s.base - mean) < 1e-4);
  assert_true(fabs(s.gain[0].low - (mean - 1.96 * error)) < 0.35 * error);
  assert_true(fabs(s.gain[0].high - (mean + 1.96 * error)) < 0.35 * error);
  suggestion_free(&s);
}

/* Of few items nobody helps, whatever the interval is. */
static void few_items_tell_nothing(void **state) {
  World *w = *state;
  SuggestRequest r = request(w, 1u << SUGGEST_LIKELIHOOD);
  r.items = SUGGEST_ITEMS_LEAST - 1;
  Suggestion s = suggest(&r);
  for (int e = 0; e < EXPERTS; e++) {
    s.gain[e] = (Interval){1, 2};
    assert_false(suggest_helps(&s, e));
    s.column[SUGGEST_LIKELIHOOD].items = SUGGEST_ITEMS_LEAST;
    assert_true(suggest_helps(&s, e));
    s.column[SUGGEST_LIKELIHOOD].items = r.items;
  }
  suggestion_free(&s);
}

/* ---- ways ---- */

static double sum_of(const double *x) {
  double sum = 0;
  for (int e = 0; e < EXPERTS; e++) sum += x[e];
  return sum;
}

/* At every module every token has one first place and weights of sum 1. */
static void shares_are_whole(void **state) {
  World *w = *state;
  SuggestRequest r = request(w, 1u << SUGGEST_GATES | 1u << SUGGEST_ARROW | 1u << SUGGEST_NORM);
  for (int t = TARGETS_NONE; t <= TARGETS_CHOICES; t++) {
    r.targets = (SuggestTargets)t;
    Suggestion s = suggest(&r);
    static const SuggestWay WAY[] = {SUGGEST_GATES, SUGGEST_ARROW, SUGGEST_NORM};
    for (int k = 0; k < 3; k++) {
      const SuggestColumn *c = &s.column[WAY[k]];
      assert_true(fabs(sum_of(c->value) - 1) < 1e-9);
      assert_true(fabs(sum_of(c->weight) - 1) < 1e-5);
      assert_int_equal(c->passes, w->asked->items);
    }
    assert_int_equal(s.by, SUGGEST_GATES);
    assert_int_equal(s.agreements, 3);
    assert_null(s.gain);
    suggestion_free(&s);
  }
}

/* A pool without gates: the two routers that need none stand in, and it is said. */
static void routers_stand_in_for_gates(void **state) {
  World *w = *state;
  PoolEntry *entry = (PoolEntry *)(uintptr_t)pool_entry(w->pool, 1);
  char kept = entry->hash[POOL_GATE][0];
  SuggestRequest r = request(w, ALL);
  Error err = {0};
  entry->hash[POOL_GATE][0] = '\0';
  Suggestion s = suggest(&r);
  assert_string_equal(s.column[SUGGEST_GATES].missing,
                      "1 of 3 experts have no gates, the first is 'some'");
  assert_null(s.column[SUGGEST_GATES].value);
  assert_non_null(s.column[SUGGEST_ARROW].value);
  assert_non_null(s.column[SUGGEST_NORM].value);
  suggestion_free(&s);
  r.all_asked = true;
  Status got = suggest_run(&s, &r, &err);
  expect_error("asked for", got, &err, STATUS_INPUT, "gates: cannot rank|have no gates");
  suggestion_free(&s);
  entry->hash[POOL_GATE][0] = kept;
}

static void nothing_ranks(void **state) {
  World *w = *state;
  SuggestRequest r = request(w, 1u << SUGGEST_LIKELIHOOD | 1u << SUGGEST_INSTRUCTIONS);
  Suggestion s;
  Error err = {0};
  r.targets = TARGETS_NONE;
  Status got = suggest_run(&s, &r, &err);
  expect_error("nothing", got, &err, STATUS_INPUT,
               "nothing ranks the experts|likelihood: the items have no targets|instructions: ");
  suggestion_free(&s);
}

static void a_signal_stops(void **state) {
  World *w = *state;
  volatile sig_atomic_t stop = 1;
  SuggestRequest r = request(w, ALL);
  r.watch.stop = &stop;
  Suggestion s;
  Error err = {0};
  Status got = suggest_run(&s, &r, &err);
  expect_error("stop", got, &err, STATUS_INTERRUPTED, "interrupted");
  suggestion_free(&s);
}

/* ---- the sample ---- */

static void a_sample_is_drawn(void **state) {
  (void)state;
  enum { OF = 50, COUNT = 20, DRAWS = 2000 };
  int64_t drawn[OF], again[OF], times[OF] = {0};
  sample_draw(OF, OF, 7, drawn);
  for (int64_t i = 0; i < OF; i++) assert_int_equal(drawn[i], i);
  for (uint64_t seed = 0; seed < DRAWS; seed++) {
    sample_draw(COUNT, OF, seed, drawn);
    sample_draw(COUNT, OF, seed, again);
    assert_memory_equal(drawn, again, COUNT * sizeof *drawn);
    for (int64_t i = 0; i < COUNT; i++) {
      assert_in_range(drawn[i], i ? drawn[i - 1] + 1 : 0, OF - 1);
      times[drawn[i]]++;
    }
  }
  /* each of 2000 * 0.4 times, with a standard deviation of 22 */
  for (int64_t i = 0; i < OF; i++) assert_in_range(times[i], 690, 910);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_base_is_that_of_transformers),
      cmocka_unit_test(experts_are_those_that_run_alone),
      cmocka_unit_test(intervals_are_paired),
      cmocka_unit_test(few_items_tell_nothing),
      cmocka_unit_test(shares_are_whole),
      cmocka_unit_test(routers_stand_in_for_gates),
      cmocka_unit_test(nothing_ranks),
      cmocka_unit_test(a_signal_stops),
      cmocka_unit_test(a_sample_is_drawn),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
