/* The terms of every expert for every token: those of PyTorch, and what the run itself was made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/routing_terms.h"
#include "tests/routed_run.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

static const char *const METHOD[] = {"phatgoose",    "glider_threshold", "activation_mean",
                                     "arrow_glider", "norm_prefilter",   "glider_norm"};
enum { METHODS = sizeof METHOD / sizeof *METHOD };

/* One method of the golden case. */
typedef struct Opened {
  Pool *pool;
  Router *router;
} Opened;

static Opened open_method(const RoutedCase *k, const char *method) {
  json_t *value = json_object_get(json_object_get(k->expected, "methods"), method);
  Opened o = {.pool = routed_open_pool(k, json_object_get(value, "only"))};
  o.router = routed_open_router(k, method, json_object_get(value, "settings"), o.pool);
  return o;
}

static void close_method(Opened *o) {
  router_close(o->router);
  pool_close(o->pool);
}

static RoutingTerms run_example(const RoutedCase *k, Router *router, int example) {
  RoutingTerms t;
  Error err = {0};
  expect_ok("terms", routing_terms_init(&t, k->model->modules.count, ROUTED_EXPERTS, -1, &err),
            &err);
  RouteWatcher watcher = routing_terms_watcher(&t);
  free(routed_watch(k, router, example, 1, &watcher));
  expect_ok("keep", watcher.keep(watcher.arg, (bool[]){true}, 1, &err), &err);
  return t;
}

/* The first row and the number of rows that an example has of all rows of a module. */
static int64_t rows_of(const RoutedCase *k, const Module *m, int example, int64_t *begin,
                       int64_t *all) {
  const int64_t *at = m->side == SIDE_PROMPT ? k->in_at : k->out_at;
  *begin = at[example];
  *all = at[ROUTED_SEQUENCES];
  return at[example + 1] - at[example];
}

/* The local scores of the rows of a module that can be compared, end to end. */
typedef struct Scores {
  float got[ROUTED_TOKENS * ROUTED_EXPERTS], want[ROUTED_TOKENS * ROUTED_EXPERTS];
  int64_t count;
} Scores;

static void take_token(Scores *s, const ExpertTerms *t, const float *local, const float *global,
                       const float *weight) {
  for (int e = 0; e < ROUTED_EXPERTS; e++) {
    assert_true(isinf(t[e].local) == isinf(local[e]));
    assert_true(fabsf(t[e].global - (global ? global[e] : 0)) < 1e-6f);
    assert_true(t[e].logit == t[e].local + t[e].global);
    assert_true((t[e].choice > 0) == (t[e].weight > 0));
    assert_true(fabsf(t[e].weight - weight[e]) < 1e-4f);
    if (isinf(local[e])) continue;
    s->got[s->count] = t[e].local;
    s->want[s->count++] = local[e];
  }
}

/* Compares an example with the golden rows, which stand module by module. */
static void compare_example(Comparison *c, const RoutedCase *k, const char *method, int example,
                            const RoutingTerms *t) {
  char name[64];
  int64_t n, at = 0;
  const float *local = routed_want(k, method, ".local", &n),
              *weight = routed_want(k, method, ".weights", &n), *global = NULL;
  snprintf(name, sizeof name, "%s.global", method);
  if (tensor_table_find(&k->tensors, name))
    global = routed_want(k, name, "", &(int64_t){0}) + example * ROUTED_EXPERTS;
  assert_true(t->scored && t->added == (global != NULL));
  for (int i = 0; i < t->modules; i++) {
    const Module *m = &k->model->modules.module[i];
    int64_t begin, all, count = rows_of(k, m, example, &begin, &all);
    if (t->kept[i].count == 0) continue; /* nobody covers it */
    assert_int_equal(t->kept[i].count, count);
    Scores scores = {.count = 0};
    for (int64_t row = 0; row < count; row++) {
      int64_t from = at + (begin + row) * ROUTED_EXPERTS;
      take_token(&scores, routing_terms_at(t, i, row), local + from, global, weight + from);
    }
    compare(c, m->name, scores.got, scores.want, scores.count);
    at += all * ROUTED_EXPERTS;
  }
  assert_int_equal(at, n);
}

static void terms_are_those_of_pytorch(void **state) {
  RoutedCase *k = routed_case(*state, "routed");
  Comparison c = compare_begin(PARITY_F32, "scores of rows");
  for (int m = 0; m < METHODS; m++) {
    Opened o = open_method(k, METHOD[m]);
    for (int i = 0; i < ROUTED_SEQUENCES; i++) {
      RoutingTerms t = run_example(k, o.router, i);
      compare_example(&c, k, METHOD[m], i, &t);
      routing_terms_free(&t);
    }
    close_method(&o);
  }
  compare_end(&c);
  routed_case_close(k);
}

/* What a watcher sees that asks for no terms. */
typedef struct Plain {
  int64_t rows[ROUTED_LINEARS];
  float softmax[ROUTED_LINEARS][ROUTED_TOKENS * ROUTED_EXPERTS];
  float weight[ROUTED_LINEARS][ROUTED_TOKENS * ROUTED_EXPERTS];
} Plain;

static void see_plain(void *arg, Context *c, const Module *module, const Rows *rows,
                      const Tensor *softmax, const Plan *plan) {
  (void)c;
  (void)rows;
  Plain *p = arg;
  p->rows[module->id] = plan->rows;
  memcpy(p->softmax[module->id], softmax->data, (size_t)tensor_count(softmax) * sizeof(float));
  for (int64_t i = 0; i < plan->rows * plan->slots; i++)
    if (plan->expert[i] >= 0)
      p->weight[module->id][i / plan->slots * ROUTED_EXPERTS + plan->expert[i]] = plan->weight[i];
}

static void same_as_plain(const RoutingTerms *t, const Plain *p) {
  for (int i = 0; i < t->modules; i++) {
    assert_int_equal(t->kept[i].count, p->rows[i]);
    for (int64_t j = 0; j < t->kept[i].count * ROUTED_EXPERTS; j++) {
      const ExpertTerms *terms = &t->kept[i].terms[j];
      assert_memory_equal(&terms->softmax, &p->softmax[i][j], sizeof(float));
      assert_memory_equal(&terms->weight, &p->weight[i][j], sizeof(float));
    }
  }
}

/* Asking for terms changes nothing: not a bit of logits, softmax and weights. */
static void terms_are_those_of_the_run(void **state) {
  RoutedCase *k = routed_case(*state, "routed");
  for (int m = 0; m < METHODS; m++) {
    Opened o = open_method(k, METHOD[m]);
    Plain *plain = calloc(1, sizeof *plain);
    assert_non_null(plain);
    RoutingTerms t;
    Error err = {0};
    expect_ok("terms", routing_terms_init(&t, k->model->modules.count, ROUTED_EXPERTS, -1, &err),
              &err);
    RouteWatcher asks = routing_terms_watcher(&t), sees = {.see = see_plain, .arg = plain};
    float *with = routed_watch(k, o.router, 0, 1, &asks),
          *without = routed_watch(k, o.router, 0, 1, &sees);
    expect_ok("keep", asks.keep(asks.arg, (bool[]){true}, 1, &err), &err);
    size_t size = (size_t)(k->out_at[1] * k->model->config.vocab_size) * sizeof *with;
    assert_memory_equal(with, without, size);
    same_as_plain(&t, plain);
    free(with);
    free(without);
    free(plain);
    routing_terms_free(&t);
    close_method(&o);
  }
  routed_case_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(terms_are_those_of_pytorch),
      cmocka_unit_test(terms_are_those_of_the_run),
  };
  return cmocka_run_group_tests_name("terms of routing", tests, scratch_setup, scratch_teardown);
}
