/* What a finished cell of an evaluation depends on: each row changes one thing, and says whether
 * the cell is to be computed again. Every setting there is has a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/eval/eval_identity.h"
#include "infer/route/router_options.h"
#include "tests/endpoint_server.h"
#include "tests/eval_changes.h"
#include "tests/eval_world.h"

/* What is asked: lines of settings, a task, a method. */
typedef struct Asked {
  const char *settings, *task, *method;
} Asked;

typedef enum Again { SAME, AGAIN } Again;

typedef struct Row {
  const char *key; /* of the setting that changes; else what does */
  Again again;
  Asked before, after;        /* NULL: the usual; in `after`: as before */
  void (*change)(Scratch *s); /* NULL: the files stay as they are */
} Row;

#define OUT   "output: @/out\n"
#define WHERE "pool: @/pool\nbase: @/base\n" OUT
#define BASE  "threads: 1\nbase: @/base\n" OUT
#define POOL  "threads: 1\n" WHERE
#define NOPOOL \
  { BASE, NULL, "base" }
#define FILE_                  "file: @/items.jsonl"
#define WHO                    "name: t, " FILE_ ", limit: 2"
#define SAY                    WHO ", kind: generation, max_output: 3"
#define BEAMS                  SAY ", beams: 2"
#define GLIDER                 "name: m, router: glider, global.scale: 20"
#define PART                   GLIDER ", only: [wide, some]"
#define NEAREST                "name: m, router: retrieval, retrieval.k: 2"
#define LOGO                   "name: m, router: logo, only: wide, top_k: 1"
#define STEP                   "name: m, router: glider, global.rule: threshold"
#define KEYED                  "name: m, router: retrieval, embedder: precomputed, embeddings: @/vectors.json"
#define ENCODER                "tests/golden/sentence/bert"
#define RETRIEVAL(more)        "name: m, router: retrieval, embedder: {kind: sentence, " more "}"
#define SENTENCE               RETRIEVAL("model: " ENCODER)
#define MERGED(method, more)   "name: m, router: merged, merge: {method: " method ", " more "}"
#define METHOD(before, after)  {NULL, NULL, before}, {NULL, NULL, after}, NULL
#define TASK(before, after)    {NULL, before, NULL}, {NULL, after, NULL}, NULL
#define SETTINGS(after)        {NULL, NULL, NULL}, {after POOL, NULL, NULL}, NULL
#define CHANGE(method, change) {NULL, NULL, method}, {NULL, NULL, NULL}, change

#define LLM_OF(more)  GLIDER ", query: {kind: llm, cache: @/kept.jsonl, model: m, " more "}"
#define LLM           LLM_OF("url: 'http://127.0.0.1:PORT/'")
#define LLM_AND(more) LLM_OF("url: 'http://127.0.0.1:PORT/', " more)

static const Row ROWS[] = {
    /* The evaluation's settings. */
    {"limit",
     AGAIN,
     {"limit: 2\n" POOL, "name: t, " FILE_, NULL},
     {"limit: 3\n" POOL, NULL, NULL},
     NULL},
    {"sample.rule", AGAIN, SETTINGS("sample.rule: first\n")},
    {"sample.rule",
     SAME,
     {NULL, "name: t, " FILE_, NULL},
     {"sample.rule: first\n" POOL, NULL, NULL},
     NULL},
    {"sample.seed", AGAIN, SETTINGS("sample.seed: 9\n")},
    {"sample.seed",
     SAME,
     {NULL, "name: t, " FILE_, NULL},
     {"sample.seed: 9\n" POOL, NULL, NULL},
     NULL},
    {"precision", AGAIN, SETTINGS("precision: bf16\n")},
    {"max_input", AGAIN, SETTINGS("max_input: 9\n")},
    {"max_target", AGAIN, SETTINGS("max_target: 9\n")},
    {"instructions", AGAIN, SETTINGS("instructions: @/instructions.jsonl\n")},
    {"bootstrap.samples", AGAIN, SETTINGS("bootstrap.samples: 9\n")},
    {"bootstrap.seed", AGAIN, SETTINGS("bootstrap.seed: 9\n")},
    {"output",
     AGAIN,
     {NULL, NULL, NULL},
     {"pool: @/pool\nbase: @/base\noutput: @/out2\n", NULL, NULL},
     NULL},
    {"threads", SAME, {NULL, NULL, NULL}, {"threads: 2\n" WHERE, NULL, NULL}, NULL},
    {"batch_tokens", SAME, SETTINGS("batch_tokens: 20\n")},
    {"tables_by", SAME, SETTINGS("tables_by: input\n")},
    {"strict", SAME, SETTINGS("strict: true\n")},
    {"statistics", SAME, SETTINGS("statistics: false\n")},
    {"require_provenance", SAME, SETTINGS("require_provenance: true\n")},
    {"verify", AGAIN, SETTINGS("verify: false\n")},
    {"pool", SAME, {NULL, NULL, NULL}, {"pool: @/pool2\n" BASE, NULL, NULL}, link_pool},
    {"base", SAME, NOPOOL, {"base: @/base2\n" OUT, NULL, NULL}, link_base},
    {"max_target", SAME, {NULL, SAY, NULL}, {"max_target: 9\n" POOL, NULL, NULL}, NULL},
    /* The task. */
    {"valid", SAME, TASK(WHO, WHO ", valid: @/say.jsonl")},
    {"name", AGAIN, TASK(WHO, "name: u, " FILE_ ", limit: 2")},
    {"group", SAME, TASK(WHO, WHO ", group: other")},
    {"expert", SAME, TASK(WHO, WHO ", expert: deep")},
    {"file",
     SAME,
     {NULL, NULL, NULL},
     {NULL, "name: t, file: @/copy.jsonl, limit: 2", NULL},
     copy_items},
    {"the text of the items", AGAIN, CHANGE(NULL, change_items)},
    {"format", AGAIN,
     TASK("name: t, file: @/both.json, kind: generation",
          "name: t, file: @/both.json, kind: generation, format: bbh")},
    {"kind", AGAIN,
     TASK(WHO ", metrics: exact_match", WHO ", metrics: exact_match, kind: generation")},
    {"metrics", AGAIN, TASK(WHO, WHO ", metrics: exact_match")},
    {"instruction", AGAIN, TASK(WHO, WHO ", instruction: Say who.")},
    {"limit", AGAIN, TASK("name: t, " FILE_ ", limit: 3", WHO)},
    {"limit", SAME, TASK("name: t, " FILE_ ", limit: 3", "name: t, " FILE_)}, /* of three */
    {"max_output", AGAIN, TASK(SAY, WHO ", kind: generation, max_output: 4")},
    {"max_output", SAME, TASK(WHO, WHO ", max_output: 4")},
    {"beams", AGAIN, {NULL, SAY, "base"}, {NULL, BEAMS, NULL}, NULL},
    {"beams", SAME, TASK(WHO, WHO ", beams: 2")},
    {"length_penalty",
     AGAIN,
     {NULL, BEAMS, "base"},
     {NULL, BEAMS ", length_penalty: 0.5", NULL},
     NULL},
    {"length_penalty", SAME, TASK(SAY, SAY ", length_penalty: 0.5")},
    {"input_key", AGAIN, TASK(WHO, WHO ", input_key: question")},
    {"target_key", AGAIN, TASK(SAY, SAY ", target_key: answer")},
    {"choices_key", AGAIN, TASK(WHO, WHO ", choices_key: options")},
    {"label_key", AGAIN,
     TASK(WHO ", target_key: none", WHO ", target_key: none, label_key: right")},
    {"instruction_key", AGAIN, TASK(WHO, WHO ", instruction_key: order")},
    {"choices_from_targets", AGAIN, TASK(WHO, WHO ", choices_from_targets: true")},
    /* The method. */
    {"router", AGAIN, METHOD("name: m, router: phatgoose", "name: m, router: uniform")},
    {"expert", AGAIN, METHOD("name: m, expert: wide", "name: m, expert: deep")},
    {"only", AGAIN, METHOD(PART, GLIDER ", only: [wide, deep]")},
    {"top_k", AGAIN, METHOD(GLIDER, GLIDER ", top_k: 1")},
    {"top_p", AGAIN, METHOD(GLIDER, GLIDER ", top_p: 0.5")},
    {"seed", AGAIN, METHOD("name: m, router: random", "name: m, router: random, seed: 1")},
    {"seed", SAME, METHOD(GLIDER, GLIDER ", seed: 1")},
    {"global.over", AGAIN, METHOD(GLIDER, GLIDER ", global.over: arrow")},
    {"arrow.mode", AGAIN,
     METHOD(GLIDER ", global.over: arrow", GLIDER ", global.over: arrow, arrow.mode: glider")},
    {"arrow.mode", SAME, METHOD(GLIDER, GLIDER ", arrow.mode: glider")},
    {"global.rule", AGAIN, METHOD(GLIDER, STEP)},
    {"global.scale", AGAIN, METHOD(GLIDER, "name: m, router: glider, global.scale: 21")},
    {"global.scale", SAME, METHOD(STEP, STEP ", global.scale: 21")},
    {"global.gamma", AGAIN, METHOD(STEP, STEP ", global.gamma: 1")},
    {"global.beta", AGAIN, METHOD(STEP, STEP ", global.beta: 1")},
    {"global.threshold", AGAIN, METHOD(STEP, STEP ", global.threshold: 0.1")},
    {"global.threshold", SAME, METHOD(GLIDER, GLIDER ", global.threshold: 0.1")},
    {"global.drop_last", AGAIN, METHOD(GLIDER, GLIDER ", global.drop_last: true")},
    {"embedder", AGAIN, METHOD(GLIDER, GLIDER ", embedder: encoder")},
    {"embedder", SAME,
     METHOD("phatgoose", "name: phatgoose, router: phatgoose, embedder: encoder")},
    {"embedder.model", SAME, METHOD(SENTENCE, RETRIEVAL("model: ./" ENCODER))},
    {"embedder.model", AGAIN, METHOD(SENTENCE, RETRIEVAL("model: tests/golden/sentence/f16"))},
    {"embedder.prompt", SAME, METHOD(GLIDER, GLIDER ", embedder.prompt: query")},
    {"embedder.prefix", AGAIN, METHOD(SENTENCE, RETRIEVAL("prefix: the, model: " ENCODER))},
    {"embedder.dimensions", AGAIN, METHOD(SENTENCE, RETRIEVAL("dimensions: 8, model: " ENCODER))},
    {"endpoint.url", SAME, METHOD(GLIDER, GLIDER ", endpoint.url: 'http://127.0.0.1/'")},
    {"endpoint.model", SAME, METHOD(GLIDER, GLIDER ", endpoint.model: m")},
    {"endpoint.key_env", SAME, METHOD(GLIDER, GLIDER ", endpoint.key_env: KEY")},
    {"endpoint.share_inputs", SAME, METHOD(GLIDER, GLIDER ", endpoint.share_inputs: true")},
    {"query", AGAIN, METHOD(GLIDER, GLIDER ", query: input")},
    {"query", SAME, METHOD(KEYED, KEYED ", query: input")},
    {"query.url", AGAIN, METHOD(LLM, LLM_OF("url: 'http://127.0.0.2/'"))},
    {"query.url", SAME, METHOD(GLIDER, GLIDER ", query.url: 'http://127.0.0.1/'")},
    {"query.model", AGAIN,
     METHOD(LLM, GLIDER ", query: {kind: llm, cache: @/kept.jsonl, model: n, url: "
                        "'http://127.0.0.1:PORT/'}")},
    {"query.cache", SAME,
     METHOD(LLM, GLIDER ", query: {kind: llm, cache: @/other.jsonl, model: m, url: "
                        "'http://127.0.0.1:PORT/'}")},
    {"query.key_env", SAME, METHOD(LLM, LLM_AND("key_env: KEY"))},
    {"query.share_inputs", SAME, METHOD(LLM, LLM_AND("share_inputs: true"))},
    {"query.temperature", AGAIN, METHOD(LLM, LLM_AND("temperature: 0"))},
    {"query.max_tokens", AGAIN, METHOD(LLM, LLM_AND("max_tokens: 9"))},
    {"query.seed", AGAIN, METHOD(LLM, LLM_AND("seed: 9"))},
    {"query.template", AGAIN, METHOD(LLM, LLM_AND("template: @/items.jsonl"))},
    {"embeddings",
     SAME,
     {NULL, NULL, KEYED},
     {NULL, NULL, "name: m, router: retrieval, embedder: precomputed, embeddings: @/vectors2.json"},
     copy_vectors},
    {"the queries' vectors", AGAIN, CHANGE(KEYED, change_vectors)},
    {"arrow.mode", AGAIN,
     METHOD("name: m, router: arrow", "name: m, router: arrow, arrow.mode: glider")},
    {"activation.mode", AGAIN,
     METHOD(
         "name: m, router: average-activation, only: wide, top_k: 1",
         "name: m, router: average-activation, only: wide, top_k: 1, activation.mode: absolute")},
    {"retrieval.by", AGAIN,
     METHOD("name: m, router: retrieval", "name: m, router: retrieval, retrieval.by: example")},
    {"retrieval.k", AGAIN,
     METHOD("name: m, router: retrieval", "name: m, router: retrieval, retrieval.k: 2")},
    {"retrieval.mode", AGAIN, METHOD(NEAREST, NEAREST ", retrieval.mode: fusion")},
    {"retrieval.weights", AGAIN, METHOD(NEAREST, NEAREST ", retrieval.weights: softmax")},
    {"retrieval.tau", SAME, METHOD(NEAREST, NEAREST ", retrieval.tau: 2")},
    {"retrieval.tau", AGAIN,
     METHOD(NEAREST ", retrieval.weights: softmax",
            NEAREST ", retrieval.weights: softmax, retrieval.tau: 2")},
    {"logo.by", AGAIN, METHOD(LOGO, LOGO ", logo.by: entropy")},
    {"logo.probe", AGAIN, METHOD(LOGO, LOGO ", logo.probe: base")},
    {"logo.module", AGAIN,
     METHOD(LOGO, LOGO ", logo.module: encoder.block.0.layer.0.SelfAttention.q")},
    {"calibration", AGAIN,
     METHOD("name: m, router: arrow", "name: m, router: arrow, calibration: @/vectors.json")},
    {"calibration", SAME,
     METHOD("name: m, router: uniform", "name: m, router: uniform, calibration: @/vectors.json")},
    {"norm.weights", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.weights: softmax")},
    {"norm.prefilter", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.prefilter: 2")},
    {"norm.rank", AGAIN, METHOD("name: m, router: norm", "name: m, router: norm, norm.rank: 1")},
    {"norm.spectrum", AGAIN,
     METHOD("name: m, router: norm", "name: m, router: norm, norm.spectrum: false")},
    {"merge.method", AGAIN, METHOD("merged", MERGED("linear", ""))},
    {"merge.weights", AGAIN, METHOD("merged", MERGED("cat", "weights: 0.5"))},
    {"merge.density", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "density: 0.5"))},
    {"merge.rank", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "rank: 1"))},
    {"merge.seed", SAME, METHOD(MERGED("ties", ""), MERGED("ties", "seed: 1"))},
    {"merge.scope", AGAIN, METHOD(MERGED("ties", ""), MERGED("ties", "scope: expert"))},
    {"merge.compat", AGAIN, METHOD("merged", MERGED("cat", "compat: peft"))},
    /* The pool. */
    {"an adapter", AGAIN, CHANGE("name: m, expert: deep", change_adapter)},
    {"an adapter's configuration", AGAIN, CHANGE("name: m, expert: deep", change_adapter_config)},
    {"a gate", AGAIN, CHANGE("phatgoose", change_gate)},
    {"activations", AGAIN,
     CHANGE("name: m, router: average-activation, only: wide, top_k: 1", change_activation)},
    {"an adapter that is not asked", SAME, CHANGE("name: m, expert: some", change_adapter)},
    {"an adapter outside of `only`", SAME, CHANGE(PART, change_adapter)},
    {"the order of the experts", AGAIN, CHANGE("phatgoose", swap_experts)},
    {"an instruction", AGAIN, CHANGE(GLIDER, change_instruction)},
    {"an instruction outside of `only`", AGAIN, CHANGE(PART, change_instruction)},
    {"an instruction outside of `only`, encoded", SAME,
     CHANGE(PART ", embedder: encoder", change_instruction)},
    {"an instruction that is not read", SAME, CHANGE("phatgoose", change_instruction)},
    {"a licence", SAME, CHANGE(GLIDER, change_licence)},
    {"embeddings of the pool", AGAIN, CHANGE(KEYED, change_embeddings)},
    {"the name of embeddings of the pool", AGAIN, CHANGE(GLIDER, rename_embeddings)},
    {"embeddings of examples", AGAIN, CHANGE("name: m, router: retrieval", add_examples)},
    {"embeddings that are not read", SAME, CHANGE("phatgoose", change_embeddings)},
    /* The base. */
    {"weights", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_weights},
    {"config.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_config},
    {"spiece.model", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_pieces},
    {"tokenizer_config.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_sentinels},
    {"added_tokens.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_added_tokens},
    {"special_tokens_map.json", AGAIN, NOPOOL, {NULL, NULL, NULL}, change_special_tokens},
};
enum { ROWS_COUNT = sizeof ROWS / sizeof *ROWS };

static EndpointServer *server; /* of a language model */

static int world_setup(void **state) {
  static const ServerStep says = {SERVE_CHAT, 0, "Say who.", NULL};
  if (scratch_setup(state) != 0) return -1;
  server = server_start(&says, 1);
  eval_world(*state);
  eval_changes_world(*state);
  return 0;
}

static int world_teardown(void **state) {
  server_stop(server);
  return scratch_teardown(state);
}

/* "PORT" becomes the server's. */
static void put_port(char text[1000]) {
  char *at = strstr(text, "PORT"), rest[1000];
  if (!at) return;
  strcpy(rest, at + strlen("PORT"));
  snprintf(at, (size_t)(text + 1000 - at), "%d%s", server_port(server), rest);
}

static const char *first_given(const char *a, const char *b) {
  return a ? a : b;
}

static void put_text(const Asked *a, char text[1000]) {
  const char *method = first_given(a->method, "phatgoose");
  const char *open = strchr(method, ':') ? "{" : "", *close = *open ? "}" : "";
  int n = snprintf(text, 1000, "%stasks:\n  - {%s}\nmethods:\n  - %s%s%s\n",
                   first_given(a->settings, POOL), first_given(a->task, WHO), open, method, close);
  assert_in_range(n, 1, 990);
  put_port(text);
}

/* Computes what there is to compute. */
static void compute_cell(Scratch *s, const char *what, const char *text) {
  const EvalWatch watch = {0};
  EvalRun r;
  Error err = {0};
  expect_ok(what, eval_run_open(&r, s, text, false, &err), &err);
  expect_ok(what, evaluation_run(&r.e, &watch, &err), &err);
  if (evaluation_count(&r.e, CELL_DONE) != 1)
    fail_msg("%s: the cell failed: %s", what, evaluation_cell(&r.e, 0, 0)->error);
  eval_run_close(&r);
}

static void expect_open(Scratch *s, const char *what, const char *text, Again again) {
  EvalRun r;
  Error err = {0};
  expect_ok(what, eval_run_open(&r, s, text, false, &err), &err);
  int open = evaluation_count(&r.e, CELL_OPEN);
  eval_run_close(&r);
  if (open != (again == AGAIN))
    fail_msg("%s: %s", what, open ? "is computed again" : "a stale cell is taken over");
}

static void try_row(Scratch *s, const Row *row) {
  char before[1000], after[1000];
  const Asked then = {first_given(row->after.settings, row->before.settings),
                      first_given(row->after.task, row->before.task),
                      first_given(row->after.method, row->before.method)};
  put_text(&row->before, before);
  put_text(&then, after);
  expect_ok("clean", dir_remove(scratch_path(s, "out"), NULL), &(Error){0});
  compute_cell(s, row->key, before);
  expect_open(s, row->key, before, SAME);
  if (row->change) row->change(s);
  expect_open(s, row->key, after, row->again);
  if (!row->change) return;
  eval_world(s);
  eval_changes_world(s);
}

static void test_each_dependency(void **state) {
  for (int i = 0; i < ROWS_COUNT; i++) try_row(*state, &ROWS[i]);
}

/* Who adds a setting says in a row whether cells depend on it. */
static void expect_rows(OptionSet *set) {
  for (size_t i = 0; i < set->count; i++) {
    int row = 0;
    while (row < ROWS_COUNT && strcmp(ROWS[row].key, set->table[i].key) != 0) row++;
    if (row == ROWS_COUNT) fail_msg("the setting %s has no row", set->table[i].key);
  }
  options_free(set);
}

static void test_every_setting_has_a_row(void **state) {
  (void)state;
  EvalSettings settings;
  EvalTask task;
  RouterSettings router;
  OptionSet set;
  Error err = {0};
  expect_ok("settings", eval_settings_init(&set, &settings, &err), &err);
  expect_rows(&set);
  expect_ok("router", router_settings_init(&set, &router, &err), &err);
  expect_rows(&set);
  expect_ok("task", eval_task_init(&task, &err), &err);
  expect_rows(&task.set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_setting_has_a_row),
      cmocka_unit_test(test_each_dependency),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
