#include "tests/asked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/parity.h"
#include "tests/scratch.h"
#include "tests/tiny.h"

const Asking ASKED_PLAIN = {NULL, NULL};

const PredictSettings ASKED_DEFAULTS = {.threads = 1,
                                        .max_input = 512,
                                        .max_target = 512,
                                        .max_output = 24,
                                        .batch_tokens = 4096,
                                        .beams = 1,
                                        .length_penalty = 1};

static char *copy(const char *text) {
  char *made = strdup(text);
  assert_non_null(made);
  return made;
}

static void read_item(Item *item, const json_t *row, size_t i) {
  const json_t *choices = json_object_get(row, "choices");
  char id[24];
  snprintf(id, sizeof id, "%zu", i);
  *item = (Item){.id = copy(id),
                 .input = copy(json_string_value(json_object_get(row, "input"))),
                 .choice = calloc(json_array_size(choices), sizeof(char *)),
                 .choices = (int)json_array_size(choices),
                 .label = -1};
  assert_non_null(item->choice);
  for (int k = 0; k < item->choices; k++) {
    const json_t *choice = json_object_get(json_array_get(choices, (size_t)k), "choice");
    item->choice[k] = copy(json_string_value(choice));
  }
}

int asked_open(void **state) {
  Asked *g = calloc(1, sizeof *g);
  assert_non_null(g);
  Error err = {0};
  char *base = golden_path("predict/base"), *pieces = golden_path("tokenizer/nfkc");
  g->expected = golden_json("predict/expected.json");
  expect_ok(base, t5_open(&g->model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&g->tokenizer, pieces, &err), &err);
  const json_t *rows = json_object_get(g->expected, "scores");
  g->items = (int64_t)json_array_size(rows);
  assert_in_range(g->items, 1, ASKED_MOST);
  for (size_t i = 0; i < (size_t)g->items; i++) read_item(&g->item[i], json_array_get(rows, i), i);
  free(base);
  free(pieces);
  *state = g;
  return 0;
}

int asked_close(void **state) {
  Asked *g = *state;
  for (int64_t i = 0; i < g->items; i++) item_free(&g->item[i]);
  tokenizer_close(g->tokenizer);
  t5_close(g->model);
  json_decref(g->expected);
  free(g);
  return 0;
}

Predictor *asked_predictor(const Asked *g, const PredictSettings *settings) {
  Predictor *p;
  Error err = {0};
  expect_ok(
      "predictor",
      predictor_open(&p, (Base[]){tiny_base(g->model, g->tokenizer)}, NULL, NULL, settings, &err),
      &err);
  return p;
}
