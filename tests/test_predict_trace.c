/* The trace of an item: its file against what is known of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "infer/route/router_options.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"
#include "tools/predict/predict_trace.h"

enum { EXPERTS = 3 };

/* The model of tests/golden/predict, a pool of random experts on it, and a router. */
typedef struct World {
  T5 *model;
  Tokenizer *tokenizer;
  Pool *pool;
  Router *router;
  char dir[PATH_MAX];
} World;

static World world_open(Scratch *s, const char *router) {
  static const TinyExpert expert[EXPERTS] = {{"wide", "all-linear", 5, 1, DTYPE_F32, false, NULL},
                                             {"some", "q,v", 2, 2, DTYPE_F32, false, NULL},
                                             {"deep", "all-linear", 3, 3, DTYPE_F32, false, NULL}};
  World w = {0};
  Error err = {0};
  OptionSet set;
  RouterSettings settings;
  char *base = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  strcpy(w.dir, scratch_path(s, "pool"));
  expect_ok(base, t5_open(&w.model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&w.tokenizer, pieces, &err), &err);
  tiny_pool(w.dir, w.model, expert, EXPERTS);
  expect_ok(w.dir,
            pool_open(&w.pool, w.dir, &w.model->modules, tiny_sample(w.model).hex, NULL, &err),
            &err);
  expect_ok("settings", router_settings_init(&set, &settings, &err), &err);
  expect_ok(router, options_assign(&set, router, &err), &err);
  expect_ok(
      router,
      router_open(&w.router, &settings, w.pool, (Base[]){tiny_base(w.model, w.tokenizer)}, 1, &err),
      &err);
  options_free(&set);
  free(base);
  free(pieces);
  return w;
}

static void world_close(World *w) {
  router_close(w->router);
  pool_close(w->pool);
  tokenizer_close(w->tokenizer);
  t5_close(w->model);
}

static const char INPUT[] = "a small robot hides a map in the rain. what?";
static const char *const CHOICE[] = {"a map", "the blue door"};

/* Traces the item into `path`. */
static Status trace(const World *w, const char *path, bool scored, Error *err) {
  const PredictSettings settings = {.threads = 1,
                                    .max_input = 64,
                                    .max_target = 64,
                                    .max_output = 5,
                                    .batch_tokens = 512,
                                    .beams = 1,
                                    .length_penalty = 1};
  Base base = tiny_base(w->model, w->tokenizer);
  TraceRequest request = {&base, w->pool, w->router, &settings, "riddles", "phatgoose", path};
  Item item = {.id = (char *)"0",
               .input = (char *)(uintptr_t)INPUT,
               .choice = (char **)(uintptr_t)CHOICE,
               .choices = scored ? 2 : 0,
               .label = -1};
  return predict_trace(&request, &(Asking){0}, &item, scored, err);
}

/* The texts of a side, without blanks; `last` is that of the last. Two experts at a token, which
 * share weight 1 up to the 1e-6 that is added to its divisor. */
static void check_side(json_t *side, char *text, const char **last) {
  size_t i;
  json_t *token;
  *text = 0;
  json_array_foreach(side, i, token) {
    *last = json_string_value(json_object_get(token, "token"));
    if (i + 1 < json_array_size(side) && strcmp(*last, "▁") != 0) strcat(text, *last);
    json_t *weight = json_object_get(token, "weight");
    double sum = 0;
    assert_int_equal(json_array_size(weight), EXPERTS);
    for (size_t e = 0; e < EXPERTS; e++) sum += json_real_value(json_array_get(weight, e));
    assert_true(fabs(sum - 1) < 1e-5);
  }
}

static void without_blanks(const char *from, char *to) {
  for (; *from; from++)
    if (*from != ' ') *to++ = *from;
  *to = 0;
}

static void the_file_of_a_choice(void **state) {
  Error err = {0};
  World w = world_open(*state, "router=phatgoose");
  char path[PATH_MAX], text[256], want[256];
  const char *last = NULL;
  strcpy(path, scratch_path(*state, "trace.json"));
  expect_ok("trace", trace(&w, path, true, &err), &err);
  JsonDoc doc = {0};
  expect_ok(path, json_parse_file(&doc, path, 1 << 20, &err), &err);
  assert_string_equal(json_string_value(json_object_get(doc.root, "task")), "riddles");
  assert_string_equal(json_string_value(json_object_get(doc.root, "method")), "phatgoose");
  assert_string_equal(json_string_value(json_object_get(doc.root, "pool")), w.dir);
  json_t *names = json_object_get(doc.root, "experts");
  assert_string_equal(json_string_value(json_array_get(names, 1)), "some");
  check_side(json_object_get(doc.root, "encoder"), text, &last);
  without_blanks(INPUT, want);
  assert_string_equal(text, want);
  assert_string_equal(last, "</s>");
  check_side(json_object_get(doc.root, "decoder"), text, &last);
  char other[256];
  without_blanks(CHOICE[0], want);
  without_blanks(CHOICE[1], other);
  assert_true(strcmp(text, want) == 0 || strcmp(text, other) == 0);
  assert_string_equal(last, "</s>");
  json_free(&doc);
  world_close(&w);
}

static void the_file_of_a_text(void **state) {
  Error err = {0};
  World w = world_open(*state, "router=phatgoose");
  char path[PATH_MAX], text[256];
  const char *last;
  strcpy(path, scratch_path(*state, "trace.json"));
  expect_ok("trace", trace(&w, path, false, &err), &err);
  JsonDoc doc = {0};
  expect_ok(path, json_parse_file(&doc, path, 1 << 20, &err), &err);
  json_t *decoder = json_object_get(doc.root, "decoder");
  assert_in_range(json_array_size(decoder), 1, 5);
  check_side(decoder, text, &last);
  json_free(&doc);
  world_close(&w);
}

static void a_router_that_plans_nothing_has_no_trace(void **state) {
  Error err = {0};
  World w = world_open(*state, "router=merged");
  char path[PATH_MAX];
  strcpy(path, scratch_path(*state, "none.json"));
  Status got = trace(&w, path, true, &err);
  expect_error("merged", got, &err, STATUS_USAGE, "--trace: |routes no token");
  assert_int_equal(scratch_count(*state), 1); /* the pool */
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_file_of_a_choice, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(the_file_of_a_text, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(a_router_that_plans_nothing_has_no_trace, scratch_setup,
                                      scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
