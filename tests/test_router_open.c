/* Opening routers: settings, refusals, and what a router without a softmax reports. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/router_options.h"
#include "infer/route/routing_stats.h"
#include "tests/scratch.h"
#include "tests/tiny_router.h"

static void the_seed_decides_the_lot(void **state) {
  const RoutedWorld *w = *state;
  Logits a = routed_logits(w, "router=random seed=1", NULL),
         again = routed_logits(w, "router=random seed=1", NULL),
         b = routed_logits(w, "router=random seed=2", NULL),
         all = routed_logits(w, "router=random top_k=4", NULL),
         uniform = routed_logits(w, "router=uniform", NULL);
  expect_same(w, &a, &again);
  assert_true(logits_apart(w, &a, &b) > 10 * ROUTED_CLOSE);
  expect_near(w, "all by lot", &all, &uniform);
}

/* How often each expert was drawn at a linear that all cover. */
static void count_lots(void *arg, Context *c, const Module *linear, const Rows *rows,
                       const Tensor *softmax, const Plan *plan) {
  (void)c;
  (void)rows;
  int64_t *count = arg;
  if (!strstr(linear->name, "SelfAttention.q")) return;
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    assert_true(plan->weight[i] == 0.5f);
    assert_true(softmax->data[i / plan->slots * ROUTED_EXPERTS + plan->expert[i]] == 0.5f);
    count[plan->expert[i]]++;
  }
}

static void lots_are_fair(void **state) {
  const RoutedWorld *w = *state;
  int64_t count[ROUTED_EXPERTS] = {0}, sum = 0;
  for (int seed = 0; seed < 40; seed++) {
    char settings[64];
    snprintf(settings, sizeof settings, "router=random seed=%d", seed);
    Routing r = routing_open(w, settings, NULL);
    routing_watched(w, &r, &(RouteWatcher){.see = count_lots, .arg = count}, 1);
    routing_close(&r);
  }
  for (int i = 0; i < ROUTED_EXPERTS; i++) sum += count[i];
  assert_int_equal(sum, 40 * 2 * (2 * w->batch.in_at[3] + 3 * w->batch.out_at[3]));
  for (int i = 0; i < ROUTED_EXPERTS; i++) {
    /* Ten deviations of a binomial; equal tokens at equal places draw alike. */
    double mean = (double)sum / ROUTED_EXPERTS;
    if (fabs((double)count[i] - mean) > 10 * sqrt(mean * 0.75)) {
      fail_msg("expert %d: %d of %d", i, (int)count[i], (int)sum);
    }
  }
}

/* Statistics of a method without a softmax are those of its plan. */
static void statistics_are_of_what_ran(void **state) {
  const RoutedWorld *w = *state;
  Error err = {0};
  RoutingStats *stats;
  const bool keep[TINY_SEQUENCES] = {true, true, true};
  expect_ok("stats", routing_stats_new(&stats, &w->model->modules, ROUTED_EXPERTS, &err), &err);
  Routing r = routing_open(w, "router=uniform", NULL);
  RouteWatcher watcher = routing_stats_watcher(stats);
  routing_watched(w, &r, &watcher, 1);
  expect_ok("keep", watcher.keep(stats, keep, TINY_SEQUENCES, &err), &err);
  int q = modules_find(&w->model->modules, "encoder.block.0.layer.0.SelfAttention.q")->id,
      k = modules_find(&w->model->modules, "encoder.block.0.layer.0.SelfAttention.k")->id;
  for (int i = 0; i < ROUTED_EXPERTS; i++) {
    double covered = i == 2 ? 0 : 1.0 / 3;
    assert_true(fabs(routing_stats_value(stats, STATISTIC_WEIGHT, q, i) - 0.25) < 1e-6);
    assert_true(fabs(routing_stats_value(stats, STATISTIC_SHARE, k, i) - covered) < 1e-6);
  }
  assert_int_equal(routing_stats_tokens(stats, q), w->batch.in_at[TINY_SEQUENCES]);
  routing_stats_free(stats);
  routing_close(&r);
}

static void what_cannot_be_is_refused(void **state) {
  const RoutedWorld *w = *state;
  static const struct {
    const char *settings, *only;
    Status want;
    const char *words;
  } cases[] = {
      {"router=phatgoose top_k=5", NULL, STATUS_USAGE, "top_k: is 5|has 4 experts"},
      {"router=random top_k=2", "sort", STATUS_USAGE, "top_k: is 2|has 1 expert "},
      {"router=glider top_p=0", NULL, STATUS_USAGE, "top_p: is 0"},
      {"router=random top_p=0.5", NULL, STATUS_USAGE, "top_p: |top_k"},
      {"router=norm norm.prefilter=1", NULL, STATUS_USAGE,
       "norm.prefilter: is 1|top_k, which is 2"},
      {"router=expert", NULL, STATUS_USAGE, "expert: is not set"},
      {"router=expert expert=translat", NULL, STATUS_USAGE, "no expert 'translat'|'translate'?"},
      {"router=expert expert=xyzzyxyzzy", NULL, STATUS_USAGE, "no expert 'xyzzyxyzzy'"},
      {"router=merged-factors", NULL, STATUS_MISMATCH, "sort: rank 3 at |rank 3|have 5"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Routing r;
    Status got = routing_try(&r, w, cases[i].settings, cases[i].only, &err);
    expect_error(cases[i].settings, got, &err, cases[i].want, cases[i].words);
  }
  Error err = {0};
  RouterSettings s = {.method = route_method_find("uniform"), .top_k = 1, .top_p = 1};
  Router *router;
  expect_error("no pool",
               router_open(&router, &s, NULL, (Base[]){tiny_base(w->model, NULL)}, 1, &err), &err,
               STATUS_USAGE, "uniform needs a pool");
}

/* The choices of `router` are the names of the table, in order. */
static void methods_have_their_names(void **state) {
  (void)state;
  OptionSet set;
  RouterSettings s;
  Error err = {0};
  expect_ok("init", router_settings_init(&set, &s, &err), &err);
  assert_string_equal(router_method(&s)->name, "phatgoose");
  assert_true(s.top_k == 2 && s.top_p == 1);
  for (int i = 0; i < route_method_count(); i++) {
    char text[64];
    snprintf(text, sizeof text, "router=%s", route_method(i)->name);
    expect_ok(text, options_assign(&set, text, &err), &err);
    assert_int_equal(s.method, i);
    assert_int_equal(route_method_find(route_method(i)->name), i);
  }
  assert_int_equal(route_method_find("phatgoos"), -1);
  options_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_seed_decides_the_lot),   cmocka_unit_test(lots_are_fair),
      cmocka_unit_test(statistics_are_of_what_ran), cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(methods_have_their_names),
  };
  return cmocka_run_group_tests_name("router: settings, lots and statistics", tests, routed_setup,
                                     routed_teardown);
}
