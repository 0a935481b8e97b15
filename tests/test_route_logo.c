/* logo: its weights beside the norms of router norm, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny_router.h"

/* What no expert has touched yet is the same in every forward. */
#define FIRST "encoder.block.0.layer.0.SelfAttention.q"

/* The norms that router norm finds at FIRST. */
typedef struct Norms {
  float norm[TINY_TOKENS * ROUTED_EXPERTS];
  const RouteTerms *terms;
  bool seen;
} Norms;

static void explain(void *arg, const RouteTerms *terms) {
  Norms *n = arg;
  n->terms = terms;
}

static void see(void *arg, Context *c, const Module *module, const Rows *rows,
                const Tensor *softmax, const Plan *plan) {
  (void)c, (void)rows, (void)softmax, (void)plan;
  Norms *n = arg;
  if (strcmp(module->name, FIRST) != 0) return;
  const Tensor *z = n->terms->local;
  memcpy(n->norm, z->data, (size_t)tensor_count(z) * sizeof *z->data);
  n->seen = true;
}

/* At the last token of the first module both see the same input; logo takes the scale alpha / r of
 * an expert with its update, norm does not. */
static void its_weights_are_the_norms_in_proportion(void **state) {
  const RoutedWorld *w = *state;
  Norms norms = {0};
  RouteWatcher watcher = {.see = see, .explain = explain, .arg = &norms};
  Routing norm = routing_open(w, "router=norm top_k=4", NULL);
  routing_watched(w, &norm, &watcher, 1);
  assert_true(norms.seen);
  Routing logo = routing_open(w, "router=logo top_k=4 logo.module=" FIRST, NULL);
  int module = modules_find(&w->model->modules, FIRST)->id;
  RoutedBatch b;
  routing_begin(&logo, 0, TINY_SEQUENCES, NULL, &b);
  for (int s = 0; s < TINY_SEQUENCES; s++) {
    double want[ROUTED_EXPERTS], sum = 0;
    for (int i = 0; i < ROUTED_EXPERTS; i++) {
      LowRank f;
      Error err = {0};
      expect_ok("factor", pool_factor(logo.pool, i, module, &f, &err), &err);
      want[i] =
          (double)f.scale * (double)norms.norm[(w->batch.in_at[s + 1] - 1) * ROUTED_EXPERTS + i];
      sum += want[i];
    }
    for (int i = 0; i < ROUTED_EXPERTS; i++)
      assert_float_equal(b.batch.value[s * ROUTED_EXPERTS + i], (float)(want[i] / sum), 1e-5f);
  }
  routing_end(&b);
  routing_close(&logo);
  routing_close(&norm);
}

static void what_it_cannot_probe_is_refused(void **state) {
  const RoutedWorld *w = *state;
  static const struct {
    const char *settings;
    Status want;
    const char *words;
  } CASES[] = {
      {"logo.module=encoder.block.9", STATUS_USAGE, "logo.module: 'encoder.block.9'|no module"},
      {"logo.module=decoder.block.0.layer.0.SelfAttention.q", STATUS_USAGE,
       "logo.module|of the decoder"},
      {"logo.module=decoder.block.0.layer.1.EncDecAttention.k", STATUS_USAGE,
       "logo.module|of the decoder"},
      {"logo.module=encoder.block.0.layer.1.DenseReluDense.wi_0", STATUS_MISMATCH,
       "'rhyme' has no adapter|logo.module|only"},
      {"top_p=0.5", STATUS_USAGE, "top_p: router logo"},
      {"top_k=5", STATUS_USAGE, "top_k: is 5"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    char settings[160];
    Routing r;
    Error err = {0};
    snprintf(settings, sizeof settings, "router=logo %s", CASES[i].settings);
    expect_error(settings, routing_try(&r, w, settings, NULL, &err), &err, CASES[i].want,
                 CASES[i].words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(its_weights_are_the_norms_in_proportion),
      cmocka_unit_test(what_it_cannot_probe_is_refused),
  };
  return cmocka_run_group_tests_name("router: logo", tests, routed_setup, routed_teardown);
}
