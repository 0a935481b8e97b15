/* What routing adds, counted by the run, against sums over the shapes of experts and modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/tiny_router.h"

static RouteWork counted(const RoutedWorld *w, const char *settings, int threads) {
  Routing r = routing_open(w, settings, NULL);
  RoutedBatch b;
  Logits l;
  Error err = {0};
  RouteCost *cost;
  expect_ok("cost", route_cost_new(&cost, &w->model->modules, router_experts(r.router), &err),
            &err);
  routing_begin(&r, 0, TINY_SEQUENCES, NULL, &b);
  routed_forward_count(&b.forward, cost);
  routed_forward(w, &b.forward.adapters, 0, TINY_SEQUENCES, threads, l.z);
  routing_end(&b);
  routing_close(&r);
  const RouteWork work = route_cost_work(cost);
  route_cost_free(cost);
  return work;
}

/* Rows that a module sees: tokens of the inputs, or of the continuations. */
static int64_t rows_of(const RoutedWorld *w, const Module *m) {
  const int64_t *at = m->side == SIDE_PROMPT ? w->batch.in_at : w->batch.out_at;
  return at[TINY_SEQUENCES] - at[0];
}

/* By the names of its targets: "all-linear", or the last parts of names. */
static bool covers(const TinyExpert *e, const Module *m) {
  char last[16];
  if (strcmp(e->targets, "all-linear") == 0) return true;
  snprintf(last, sizeof last, "%s", module_last_part(m->name));
  for (const char *at = e->targets; (at = strstr(at, last)); at++) {
    const char end = at[strlen(last)];
    if ((at == e->targets || at[-1] == ',') && (!end || end == ',')) return true;
  }
  return false;
}

/* Multiply-adds of a row through the update of a LoRA, and its numbers. */
static int64_t numbers(const TinyExpert *e, const Module *m) {
  return covers(e, m) ? e->rank * (m->d_in + m->d_out) : 0;
}

/* Sums over modules, all experts of which run on every row. */
typedef struct Sums {
  int64_t updates, vectors, scores; /* multiply-adds */
  int64_t numbers, coordinates;     /* of updates, of vectors */
} Sums;

static Sums sums_of(const RoutedWorld *w, int first, int experts) {
  Sums s = {0};
  for (int i = 0; i < w->model->modules.count; i++) {
    const Module *m = &w->model->modules.module[i];
    for (int e = first; e < first + experts; e++) {
      const TinyExpert *x = &w->expert[e];
      s.updates += rows_of(w, m) * numbers(x, m);
      s.numbers += numbers(x, m);
      s.vectors += rows_of(w, m) * m->d_in; /* of an expert without one it is zeros */
      s.coordinates += m->d_in;
      if (!covers(x, m)) continue;
      s.scores += rows_of(w, m) * x->rank * (m->d_in + x->rank);
    }
  }
  return s;
}

static void expect_work(const char *what, RouteWork got, int64_t routing, int64_t experts,
                        int64_t numbers) {
  if (got.routing == routing && got.experts == experts && got.bytes == 4 * numbers) return;
  fail_msg("%s: %lld, %lld, %lld; want %lld, %lld, %lld", what, (long long)got.routing,
           (long long)got.experts, (long long)got.bytes, (long long)routing, (long long)experts,
           (long long)(4 * numbers));
}

static void all_experts_run(void **state) {
  const RoutedWorld *w = *state;
  const Sums all = sums_of(w, 0, ROUTED_EXPERTS);
  expect_work("uniform", counted(w, "router=uniform", 1), 0, all.updates, all.numbers);
  expect_work("merged", counted(w, "router=merged", 1), 0, all.updates, all.numbers);
  expect_work("phatgoose", counted(w, "router=phatgoose top_k=4", 1), all.vectors, all.updates,
              all.numbers + all.coordinates);
  expect_work("glider", counted(w, "router=glider top_k=4", 2), all.vectors, all.updates,
              all.numbers + all.coordinates);
  expect_work("arrow", counted(w, "router=arrow top_k=4", 1), all.vectors, all.updates,
              all.numbers + all.coordinates);
  expect_work("norm", counted(w, "router=norm top_k=4", 1), all.scores, all.updates, all.numbers);
}

static void one_expert_runs(void **state) {
  const RoutedWorld *w = *state;
  for (int e = 0; e < ROUTED_EXPERTS; e++) {
    char settings[64];
    const Sums its = sums_of(w, e, 1);
    snprintf(settings, sizeof settings, "router=expert expert=%s", w->expert[e].name);
    expect_work(settings, counted(w, settings, 1), 0, its.updates, its.numbers);
  }
}

/* retrieval: each input's expert and no other, here translate, count and sort (ROUTED_QUERY). */
static void an_input_has_its_expert_alone(void **state) {
  const RoutedWorld *w = *state;
  static const int EXPERT[TINY_SEQUENCES] = {3, 1, 0};
  int64_t want = 0, numbers_read = 0;
  for (int i = 0; i < w->model->modules.count; i++) {
    const Module *m = &w->model->modules.module[i];
    const int64_t *at = m->side == SIDE_PROMPT ? w->batch.in_at : w->batch.out_at;
    for (int s = 0; s < TINY_SEQUENCES; s++) {
      want += (at[s + 1] - at[s]) * numbers(&w->expert[EXPERT[s]], m);
      numbers_read += numbers(&w->expert[EXPERT[s]], m);
    }
  }
  expect_work("retrieval", counted(w, "router=retrieval", 1), 0, want, numbers_read);
}

static void the_number_of_threads_changes_nothing(void **state) {
  const RoutedWorld *w = *state;
  static const char *const METHOD[] = {"router=phatgoose", "router=norm norm.prefilter=2",
                                       "router=retrieval", "router=expert expert=count"};
  for (int i = 0; i < 4; i++) {
    const RouteWork one = counted(w, METHOD[i], 1), two = counted(w, METHOD[i], 2);
    assert_memory_equal(&one, &two, sizeof one);
  }
}

/* A vector's length a row; where count rescales what W multiplies and the others what comes of it, W
 * runs once more. */
static void rescaling_costs_its_vectors(void **state) {
  const RoutedWorld *w = *state;
  int64_t want = 0, numbers_read = 0;
  for (int i = 0; i < w->model->modules.count; i++) {
    const Module *m = &w->model->modules.module[i];
    const char *last = module_last_part(m->name);
    const bool inputs = strcmp(last, "q") == 0 || strcmp(last, "wo") == 0;
    int64_t row = numbers(&w->expert[0], m);
    row += inputs ? m->d_in : m->d_out;             /* count */
    row += covers(&w->expert[2], m) ? m->d_out : 0; /* rhyme */
    row += m->d_out;                                /* translate */
    numbers_read += row;
    want += rows_of(w, m) * (row + (inputs ? m->d_in * m->d_out : 0));
  }
  expect_work("uniform", counted(w, "router=uniform", 1), 0, want, numbers_read);
}

int main(void) {
  const struct CMUnitTest routed[] = {
      cmocka_unit_test(all_experts_run),
      cmocka_unit_test(one_expert_runs),
      cmocka_unit_test(an_input_has_its_expert_alone),
      cmocka_unit_test(the_number_of_threads_changes_nothing),
  };
  const struct CMUnitTest mixed[] = {
      cmocka_unit_test(rescaling_costs_its_vectors),
  };
  const int failed = cmocka_run_group_tests(routed, routed_setup, routed_teardown);
  return failed + cmocka_run_group_tests(mixed, mixed_setup, routed_teardown);
}
