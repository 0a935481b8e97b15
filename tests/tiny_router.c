#include "tests/tiny_router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "data/file/file.h"
#include "infer/route/router_options.h"
#include "tests/scratch.h"
#include "tests/testing.h"

const TinyExpert ROUTED_EXPERT[ROUTED_EXPERTS] = {
    {"sort", "all-linear", 3, 1, DTYPE_F32, true, NULL},
    {"count", "all-linear", 5, 2, DTYPE_F32, true, NULL},
    {"rhyme", "q,v,wo", 1, 3, DTYPE_F32, true, NULL},
    {"translate", "all-linear", 3, 4, DTYPE_F32, true, NULL},
};

const TinyExpert MIXED_EXPERT[ROUTED_EXPERTS] = {
    {"sort", "all-linear", 3, 1, DTYPE_F32, true, NULL},
    {"count", "all-linear", 0, 2, DTYPE_F32, true, "q,wo"},
    {"rhyme", "q,v,wo", 0, 3, DTYPE_BF16, true, ""},
    {"translate", "all-linear", 0, 4, DTYPE_F32, true, ""},
};

static int setup_world(void **state, const TinyExpert *expert) {
  RoutedWorld *w = calloc(1, sizeof *w);
  void *scratch;
  assert_non_null(w);
  assert_int_equal(scratch_setup(&scratch), 0);
  Scratch *s = scratch;
  blas_init();
  w->model = tiny_model(true, false);
  snprintf(w->pool, sizeof w->pool, "%s", scratch_path(s, "pool"));
  w->expert = expert;
  tiny_pool(w->pool, w->model, expert, ROUTED_EXPERTS);
  w->batch = tiny_batch(&w->model->config, 3);
  free(s);
  *state = w;
  return 0;
}

int routed_setup(void **state) {
  return setup_world(state, ROUTED_EXPERT);
}

int mixed_setup(void **state) {
  return setup_world(state, MIXED_EXPERT);
}

int routed_teardown(void **state) {
  RoutedWorld *w = *state;
  Error err = {0};
  *strrchr(w->pool, '/') = '\0';
  expect_ok(w->pool, dir_remove(w->pool, &err), &err);
  t5_close(w->model);
  free(w);
  return 0;
}

Status routing_try(Routing *r, const RoutedWorld *w, const char *settings, const char *only,
                   Error *err) {
  OptionSet set;
  RouterSettings s;
  char text[256], *rest = text;
  r->world = w;
  snprintf(text, sizeof text, "%s", settings);
  expect_ok("pool",
            pool_open(&r->pool, w->pool, &w->model->modules, tiny_sample(w->model).hex, only, err),
            err);
  expect_ok("settings", router_settings_init(&set, &s, err), err);
  for (char *one; (one = strsep(&rest, " "));) {
    expect_ok(one, options_assign(&set, one, err), err);
  }
  Status status = router_open(&r->router, &s, r->pool, (Base[]){tiny_base(w->model, NULL)}, 2, err);
  options_free(&set);
  if (status != STATUS_OK) pool_close(r->pool);
  return status;
}

Routing routing_open(const RoutedWorld *w, const char *settings, const char *only) {
  Routing r;
  Error err = {0};
  expect_ok(settings, routing_try(&r, w, settings, only, &err), &err);
  return r;
}

void routing_close(Routing *r) {
  router_close(r->router);
  pool_close(r->pool);
}

const RouteQuery ROUTED_QUERY[TINY_SEQUENCES] = {
    {.instruction = "Please translate the text.", .input = "unread"},
    {.input = "how many words do you count?"},
    {.instruction = "Put the words in order, sort them.", .input = "unread"},
};

void routed_forward(const RoutedWorld *w, const AdapterSet *adapters, int64_t from, int64_t to,
                    int threads, float *logits) {
  const TinyBatch *b = &w->batch;
  Bench bench;
  int64_t in[TINY_SEQUENCES + 1], out[TINY_SEQUENCES + 1];
  for (int64_t i = from; i <= to; i++) {
    in[i - from] = b->in_at[i] - b->in_at[from];
    out[i - from] = b->out_at[i] - b->out_at[from];
  }
  bench_open(&bench, false, threads);
  T5Run run = {w->model, adapters, false};
  Ragged input = {to - from, in}, target = {to - from, out};
  Tensor *encoded = t5_encode(&bench.c, &run, b->input + b->in_at[from], input);
  Tensor *decoded =
      t5_decode(&bench.c, &run, encoded, input, b->decoder + b->out_at[from], (Rows){target, NULL});
  Tensor *z = t5_logits(&bench.c, &run, decoded);
  expect_ok("forward", bench.error.status, &bench.error);
  memcpy(logits, z->data, (size_t)tensor_count(z) * sizeof *logits);
  bench_close(&bench);
}

/* The prompts of the queries, for a router that reads them before it plans. */
static void probe(const Routing *r, int64_t from, int64_t to, RoutedBatch *b) {
  const TinyBatch *all = &r->world->batch;
  Bench bench;
  int64_t at[TINY_SEQUENCES + 1];
  if (!router_probes(r->router)) return;
  for (int64_t i = from; i <= to; i++) at[i - from] = all->in_at[i] - all->in_at[from];
  bench_open(&bench, false, 2);
  routed_probe_init(&b->forward, r->router, &b->batch);
  T5Run run = {r->world->model, &b->forward.adapters, false};
  t5_encode(&bench.c, &run, all->input + all->in_at[from], (Ragged){to - from, at});
  expect_ok("probe", bench.error.status, &bench.error);
  bench_close(&bench);
}

void routing_begin(const Routing *r, int64_t from, int64_t to, const RouteWatcher *watcher,
                   RoutedBatch *b) {
  Error err = {0};
  expect_ok("begin", router_begin(r->router, ROUTED_QUERY + from, to - from, &b->batch, &err),
            &err);
  probe(r, from, to, b);
  routed_forward_init(&b->forward, r->router, &b->batch, watcher);
}

void routing_end(RoutedBatch *b) {
  route_batch_free(&b->batch);
}

Logits routing_run(const RoutedWorld *w, const Routing *r, int threads) {
  return routing_watched(w, r, NULL, threads);
}

Logits routing_watched(const RoutedWorld *w, const Routing *r, const RouteWatcher *watcher,
                       int threads) {
  Logits l = {0};
  RoutedBatch b;
  routing_begin(r, 0, TINY_SEQUENCES, watcher, &b);
  routed_forward(w, &b.forward.adapters, 0, TINY_SEQUENCES, threads, l.z);
  routing_end(&b);
  return l;
}

Logits routed_logits(const RoutedWorld *w, const char *settings, const char *only) {
  Routing r = routing_open(w, settings, only);
  Logits l = routing_run(w, &r, 1);
  routing_close(&r);
  return l;
}

double logits_apart(const RoutedWorld *w, const Logits *a, const Logits *b) {
  return agreement(a->z, b->z, w->batch.out_at[TINY_SEQUENCES] * ROUTED_VOCAB).worst;
}

void expect_same(const RoutedWorld *w, const Logits *a, const Logits *b) {
  assert_memory_equal(a->z, b->z,
                      (size_t)(w->batch.out_at[TINY_SEQUENCES] * ROUTED_VOCAB) * sizeof *a->z);
}

void expect_near(const RoutedWorld *w, const char *what, const Logits *a, const Logits *b) {
  double distance = logits_apart(w, a, b);
  if (!(distance <= ROUTED_CLOSE)) fail_msg("%s: apart by %g", what, distance);
}
