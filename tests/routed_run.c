#include "tests/routed_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/route/router_options.h"
#include "tests/tiny.h"

Router *routed_open_router(const RoutedCase *k, const char *method, const json_t *settings,
                           Pool *pool) {
  OptionSet set;
  RouterSettings s;
  Error err = {0};
  Router *router;
  char *file = NULL;
  size_t i;
  json_t *value;
  expect_ok(method, router_settings_init(&set, &s, &err), &err);
  json_array_foreach(settings, i, value) {
    expect_ok(method, options_assign(&set, json_string_value(value), &err), &err);
  }
  assert_true(asprintf(&file, "embeddings=%s", k->queries) > 0);
  expect_ok(method, options_assign(&set, "embedder=precomputed", &err), &err);
  expect_ok(method, options_assign(&set, file, &err), &err);
  expect_ok(method, router_open(&router, &s, pool, (Base[]){tiny_base(k->model, NULL)}, 2, &err),
            &err);
  options_free(&set);
  free(file);
  return router;
}

Pool *routed_open_pool(const RoutedCase *k, const json_t *only) {
  char names[256] = "";
  Error err = {0};
  Pool *pool;
  for (size_t i = 0; i < json_array_size(only); i++) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", i ? "," : "",
             json_string_value(json_array_get(only, i)));
  }
  expect_ok("pool",
            pool_open(&pool, k->pool, &k->model->modules, tiny_sample(k->model).hex, names, &err),
            &err);
  return pool;
}

static void see(void *arg, Context *c, const Module *linear, const Rows *rows,
                const Tensor *softmax, const Plan *plan) {
  (void)c;
  RoutedSeen *seen = arg;
  float *to = seen->weight[linear->id];
  assert_int_equal(seen->rows[linear->id], 0); /* a forward of all rows runs a linear once */
  assert_int_equal(rows->sequence.offset[rows->sequence.count], plan->rows);
  assert_int_equal(softmax->rows, plan->rows);
  assert_true(plan->rows <= ROUTED_TOKENS && softmax->cols == seen->experts);
  seen->rows[linear->id] = plan->rows;
  for (int64_t i = 0; i < plan->rows * plan->slots; i++) {
    if (plan->expert[i] < 0) continue;
    assert_true(plan->expert[i] < seen->experts && plan->weight[i] > 0);
    to[i / plan->slots * seen->experts + plan->expert[i]] = plan->weight[i];
  }
}

/* Offsets of the sequences [first, first + count), from 0. */
static void cut_offsets(const int64_t *from, int first, int count, int64_t *to) {
  for (int i = 0; i <= count; i++) to[i] = from[first + i] - from[first];
}

float *routed_watch(const RoutedCase *k, Router *router, int first, int count,
                    const RouteWatcher *watcher) {
  Error error = {0};
  Context c = context_make(arena_new(), NULL, 2, &error);
  assert_non_null(c.arena);
  static const char *const NAME[ROUTED_SEQUENCES] = {"0", "1", "2"};
  RouteQuery query[ROUTED_SEQUENCES];
  for (int i = 0; i < ROUTED_SEQUENCES; i++)
    query[i] = (RouteQuery){.task = NAME[i], .input = "unread"};
  RouteBatch batch;
  expect_ok("begin", router_begin(router, query + first, count, &batch, &error), &error);
  RoutedForward forward;
  T5Run t5 = {.model = k->model, .adapters = &forward.adapters};
  int64_t in_at[ROUTED_SEQUENCES + 1], out_at[ROUTED_SEQUENCES + 1];
  cut_offsets(k->in_at, first, count, in_at);
  cut_offsets(k->out_at, first, count, out_at);
  Ragged input = {count, in_at}, target = {count, out_at};
  if (router_probes(router)) {
    routed_probe_init(&forward, router, &batch);
    t5_encode(&c, &t5, k->input + k->in_at[first], input);
  }
  routed_forward_init(&forward, router, &batch, watcher);
  Tensor *encoded = t5_encode(&c, &t5, k->input + k->in_at[first], input);
  Tensor *decoded =
      t5_decode(&c, &t5, encoded, input, k->decoder + k->out_at[first], (Rows){target, NULL});
  Tensor *logits = t5_logits(&c, &t5, decoded);
  expect_ok("forward", error.status, &error);
  size_t size = (size_t)tensor_count(logits) * sizeof(float);
  float *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, logits->data, size);
  route_batch_free(&batch);
  arena_free(c.arena);
  return copy;
}

float *routed_run(const RoutedCase *k, Router *router, RoutedSeen *seen) {
  return routed_watch(k, router, 0, ROUTED_SEQUENCES, &(RouteWatcher){.see = see, .arg = seen});
}

void routed_compare(const RoutedCase *k, const char *name, const RoutedSeen *seen, Comparison *c) {
  int64_t n, at = 0;
  const float *w = routed_want(k, name, "", &n);
  for (int i = 0; i < k->model->modules.count; i++) {
    int64_t here = seen->rows[i] * seen->experts;
    assert_true(at + here <= n);
    for (int64_t j = 0; j < here; j++) {
      if ((seen->weight[i][j] > 0) == (w[at + j] > 0)) continue;
      fail_msg("%s: %s: row %d, expert %d: weight %g, want %g", name,
               k->model->modules.module[i].name, (int)(j / seen->experts), (int)(j % seen->experts),
               (double)seen->weight[i][j], (double)w[at + j]);
    }
    if (here > 0) compare(c, k->model->modules.module[i].name, seen->weight[i], w + at, here);
    at += here;
  }
  assert_int_equal(at, n); /* every linear that somebody covers, and no other, was routed */
}
