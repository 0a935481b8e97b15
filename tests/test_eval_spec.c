/* What an evaluation's file may say, and what its axes make of the methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_axes.h"
#include "tests/eval_world.h"

#define TASKS "tasks:\n  - {name: a, file: x}\n"
#define OK    "pool: p\n" TASKS

static Status read_text(EvalSpec *spec, char path[128], Scratch *s, const char *text, bool axes,
                        Error *err) {
  snprintf(path, 128, "%s", eval_world_file(s, "spec.yaml", text));
  return eval_spec_read(spec, path, NULL, 0, axes, err);
}

static const struct {
  const char *text, *words;
} REFUSALS[] = {
    {"pool: [p\n", "spec.yaml:2:1: |not YAML"},
    {"- a\n", "spec.yaml:1:1: |mapping"},
    {"poll: p\n" TASKS "methods: [base]\n", "spec.yaml:1:1: |unknown key 'poll'|'pool'"},
    {OK "metods: [base]\n", "spec.yaml:4:1: |unknown key 'metods'|'methods'"},
    {OK "methods: [base]\naxes: {top_k: [1]}\n",
     "spec.yaml:5:1: |axes: are of an ablation: skein ablate -c"},
    {OK "methods: [base]\nbootstrap: {sample: 3}\n",
     "spec.yaml:5:13: |'bootstrap.sample'|'bootstrap.samples'"},
    {OK "methods: [base]\nlimit: many\n", "spec.yaml:5:8: |limit"},
    {OK "methods: [base]\ntask_default: {kind: choices}\n",
     "spec.yaml:5:1: |'task_default'|'task_defaults'"},
    {OK "methods: [base]\ntask_defaults: {knid: choices}\n", "spec.yaml:5:17: |'knid'|'kind'"},
    {TASKS "methods: [base]\n", "spec.yaml: |pool: is required"},
    {"pool: p\nmethods: [base]\n", "spec.yaml: |tasks: want a list"},
    {"pool: p\ntasks: []\nmethods: [base]\n", "spec.yaml:2:8: |tasks|empty"},
    {OK, "spec.yaml: |methods: want a list"},
    {OK "methods: []\n", "spec.yaml:4:10: |methods|empty"},
    {OK "methods: [phatgose]\n", "spec.yaml:4:11: |'phatgose'|'phatgoose'"},
    {OK "methods: [oracel]\n", "spec.yaml:4:11: |'oracel'|'oracle'"},
    {OK "methods: [3]\n", "spec.yaml:4:11: |unknown method '3'"},
    {OK "methods: [{router: glider, global: {skale: 3}}]\n",
     "spec.yaml:4:37: |'global.skale'|'global.scale'"},
    {OK "methods: [{router: glidr}]\n", "spec.yaml:4:20: |router|glidr"},
    {OK "methods: [base, base]\n", "spec.yaml:4:17: |'base' too"},
    {OK "methods: [{name: a/b, router: base}]\n", "spec.yaml:4:18: |a/b|file"},
    {OK "methods: [{name: .., router: base}]\n", "spec.yaml:4:18: |dot"},
    {OK "methods: [{router: glider, choose: global.scale}]\n",
     "spec.yaml:4:36: |choose: want global.threshold"},
    {OK "methods: [{router: glider, choose: global.threshold}]\n",
     "spec.yaml:4:36: |router: glider with global.rule: threshold"},
    {OK "methods: [expert]\n", "spec.yaml:4:11: |expert: is required"},
    {OK "methods: [{router: merged, expert: x}]\n", "spec.yaml:4:11: |expert: 'x'"},
    {"pool: p\ntasks: [{file: x}]\nmethods: [base]\n", "spec.yaml:2:9: |name: is required"},
    {"pool: p\ntasks: [{name: a}]\nmethods: [base]\n", "spec.yaml:2:9: |file: is required"},
    {"pool: p\ntasks: [{name: a, file: x, metric: [accuracy]}]\nmethods: [base]\n",
     "spec.yaml:2:28: |'metric'|'metrics'"},
    {"pool: p\ntasks: [{name: a, file: x, metrics: [acuracy]}]\nmethods: [base]\n",
     "spec.yaml:2:37: |metrics|'acuracy'|'accuracy'"},
    {"pool: p\ntasks: [{name: a, file: x, metrics: rougeL}]\nmethods: [base]\n",
     "spec.yaml:2:37: |metrics|rougeL is not of choices"},
    {"pool: p\ntasks: [{name: a, file: x, kind: generation, metrics: [accuracy]}]\n"
     "methods: [base]\n",
     "spec.yaml:2:55: |metrics|accuracy is not of generation"},
    {"pool: p\ntasks: [{name: a, file: x, metrics: [accuracy, accuracy]}]\nmethods: [base]\n",
     "spec.yaml:2:37: |accuracy is there twice"},
    {"pool: p\ntasks: [{name: a, file: x}, {name: a, file: y}]\nmethods: [base]\n",
     "spec.yaml:2:36: |tasks[0]|'a' too"},
    {"pool: p\ntasks: [{name: mean, file: x}]\nmethods: [base]\n", "spec.yaml:2:16: |'mean'"},
    {"pool: p\ntasks: [{name: a.routing, file: x}]\nmethods: [base]\n",
     "spec.yaml:2:16: |.routing"},
    {"pool: p\ntasks: [{name: a, file: x, format: csv}]\nmethods: [base]\n",
     "spec.yaml:2:36: |format|csv"},
};

static void test_refusals(void **state) {
  for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
    EvalSpec spec;
    char path[128];
    Error err = {0};
    Status status = read_text(&spec, path, *state, REFUSALS[i].text, false, &err);
    expect_error(REFUSALS[i].text, status, &err, STATUS_USAGE, REFUSALS[i].words);
    eval_spec_free(&spec);
  }
}

static const char PLACED[] =
    "pool: p\n"
    "bootstrap:\n"
    "  samples: %s\n"
    "task_defaults:\n"
    "  group: %s\n"
    "tasks:\n"
    "  - name: a\n"
    "    file: x\n"
    "    limit: %s\n"
    "methods:\n"
    "  - base\n"
    "  - router: glider\n"
    "    global:\n"
    "      scale: %s\n"
    "    only: [a, %s]\n";

/* A file whose settings stand far apart: each is refused where it stands. */
static void test_places(void **state) {
  static const char *const GOOD[] = {"10", "g", "3", "1.5", "b"};
  static const struct {
    int which;
    const char *value, *words;
  } CASES[] = {
      {0, "'ten'", "spec.yaml:3:12: bootstrap.samples: not an integer: 'ten'"},
      {1, "{}", "spec.yaml:5:10: group: want one value, got a mapping"},
      {1, "", "spec.yaml:5:9: group: is empty"},
      {2, "[1]", "spec.yaml:9:12: limit: want one value, got a list"},
      {3, "1.5.1", "spec.yaml:14:14: global.scale: not a number: '1.5.1'"},
      {4, "'b,c'", "spec.yaml:15:15: only: an item is empty or holds a comma: 'b,c'"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    const char *v[5];
    memcpy(v, GOOD, sizeof v);
    v[CASES[i].which] = CASES[i].value;
    char text[500], path[128];
    snprintf(text, sizeof text, PLACED, v[0], v[1], v[2], v[3], v[4]);
    EvalSpec spec;
    Error err = {0};
    Status status = read_text(&spec, path, *state, text, false, &err);
    expect_error(text, status, &err, STATUS_USAGE, CASES[i].words);
    eval_spec_free(&spec);
  }
}

static void expect_read_tasks(const EvalSpec *spec) {
  const EvalTask *a = &spec->task[0], *b = &spec->task[1];
  assert_int_equal(a->kind, TASK_GENERATION);
  assert_string_equal(a->group, "in");
  assert_int_equal(a->metric_count, 2);
  assert_int_equal(a->metric[0], METRIC_ROUGE_L);
  assert_int_equal(eval_task_limit(spec, a, 100), 4);
  assert_int_equal(b->kind, TASK_CHOICES);
  assert_string_equal(b->group, "out");
  assert_string_equal(b->instruction, "1.50"); /* the table decides the type */
  assert_int_equal(b->metric[0], METRIC_ACCURACY);
  assert_int_equal(eval_task_limit(spec, b, 100), 7);
  assert_int_equal(eval_task_limit(spec, b, 5), 5);
}

static void expect_read_methods(const EvalSpec *spec) {
  assert_int_equal(spec->method[0]->rule, EVAL_ORACLE);
  assert_string_equal(spec->method[1]->name, "g");
  assert_string_equal(router_method(&spec->method[1]->router)->name, "glider");
  char *scale = options_text(&spec->method[1]->set, "global.scale");
  assert_string_equal(scale, "100");
  free(scale);
  assert_int_equal(spec->method[1]->router.top_k, 3);
  assert_string_equal(spec->method[2]->name, "expert-rhyme");
  assert_string_equal(router_one_expert(&spec->method[2]->router), "rhyme");
  assert_int_equal(spec->method[3]->rule, EVAL_BEST_INDIVIDUAL);
}

static void test_what_is_read(void **state) {
  EvalSpec spec;
  char path[128];
  Error err = {0};
  const char *text =
      "pool: p\nlimit: 9\nbootstrap.seed: 5\n"
      "task_defaults: {group: in, kind: generation, limit: 4}\n"
      "tasks:\n"
      "  - {name: a, file: x, metrics: [rougeL, bleu]}\n"
      "  - {name: b, file: y, kind: choices, group: out, limit: 0, instruction: 1.50}\n"
      "methods:\n"
      "  - oracle\n"
      "  - {name: g, router: glider, global: {scale: 100}, top_k: 3}\n"
      "  - {expert: rhyme}\n"
      "  - best-individual\n";
  const char *const set[] = {"limit=7", "output=elsewhere"};
  snprintf(path, sizeof path, "%s", eval_world_file(*state, "spec.yaml", text));
  expect_ok("read", eval_spec_read(&spec, path, set, 2, false, &err), &err);
  assert_int_equal(spec.settings.limit, 7); /* the command line wins */
  assert_int_equal(spec.settings.bootstrap_seed, 5);
  assert_string_equal(spec.settings.output, "elsewhere");
  expect_read_tasks(&spec);
  expect_read_methods(&spec);
  const char *group[2];
  assert_int_equal(eval_spec_groups(&spec, group), 2);
  assert_string_equal(group[1], "out");
  eval_spec_free(&spec);
}

static void test_tasks_of_another_file(void **state) {
  EvalSpec spec;
  char path[128], tasks[128], text[256];
  Error err = {0};
  snprintf(tasks, sizeof tasks, "%s",
           eval_world_file(*state, "tasks.yaml",
                           "task_defaults: {group: in}\ntasks: [{name: a, file: x}]\nlimit: 3\n"));
  snprintf(text, sizeof text, "pool: p\ntasks: %s\nmethods: [base]\n", tasks);
  expect_ok("named", read_text(&spec, path, *state, text, false, &err), &err);
  assert_int_equal(spec.tasks, 1);
  assert_string_equal(spec.task[0].group, "in");
  assert_int_equal(spec.settings.limit, 0); /* only the tasks are taken */
  eval_spec_free(&spec);

  snprintf(text, sizeof text, "pool: p\ntasks: %s\ntask_defaults: {}\nmethods: [base]\n", tasks);
  Status status = read_text(&spec, path, *state, text, false, &err);
  expect_error("defaults", status, &err, STATUS_USAGE, "spec.yaml:3:1: task_defaults|tasks.yaml");
  eval_spec_free(&spec);

  err = (Error){0};
  eval_world_file(*state, "tasks.yaml", "tasks: [{name: a, fiel: x}]\n");
  snprintf(text, sizeof text, "pool: p\ntasks: %s\nmethods: [base]\n", tasks);
  status = read_text(&spec, path, *state, text, false, &err);
  expect_error("bad task", status, &err, STATUS_USAGE, "tasks.yaml:1:19: |'fiel'|'file'");
  eval_spec_free(&spec);
}

/* Settings that a router does not read are no part of what its cells depend on. */
static void test_settings_that_matter(void **state) {
  static const struct {
    const char *method, *has, *lacks;
  } CASES[] = {
      {"{router: base, top_k: 1, seed: 3}", "router=base\n", "top_k|seed|global|expert|arrow"},
      {"{router: merged, top_k: 1}", "router=merged\n", "top_k|top_p|seed|global|expert"},
      {"{router: expert, expert: x}", "expert=x\n", "top_k|only"},
      {"{router: phatgoose, top_k: 1}", "top_k=1\n", "seed|global|embedder|arrow|activation"},
      {"{router: glider}", "global.scale=", "global.gamma|global.threshold|arrow|seed"},
      {"{router: glider, global.rule: threshold}", "global.gamma=", "global.scale"},
      {"{router: glider, global.over: arrow}", "arrow.mode=", "norm|activation"},
      {"{router: glider, global.over: norm}", "norm.weights=", "arrow"},
      {"{router: random}", "seed=", "top_p|global"},
      {"{router: retrieval}", "retrieval.by=", "top_k|global.scale|global.rule"},
      {"{router: retrieval}", "global.drop_last=", "seed"},
      {"{router: arrow}", "arrow.mode=", "activation|seed"},
      {"{router: average-activation, only: [a, b]}", "activation.mode=", "only|arrow"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    EvalSpec spec;
    char path[128], text[400], lacks[128];
    Error err = {0};
    snprintf(text, sizeof text, OK "methods: [%s]\n", CASES[i].method);
    expect_ok(text, read_text(&spec, path, *state, text, false, &err), &err);
    char *lines = eval_method_settings(spec.method[0]), *rest = lacks;
    assert_non_null(lines);
    if (!strstr(lines, CASES[i].has)) fail_msg("%s: lacks %s", text, CASES[i].has);
    snprintf(lacks, sizeof lacks, "%s", CASES[i].lacks);
    for (char *word; (word = strsep(&rest, "|"));) {
      char key[64];
      snprintf(key, sizeof key, "\n%s", word);
      if (strstr(lines, key)) fail_msg("%s: has %s", text, word);
    }
    free(lines);
    eval_spec_free(&spec);
  }
}

/* ---- axes ---- */

static void expect_methods(Scratch *s, const char *text, const char *want) {
  EvalSpec spec;
  Axes axes;
  char path[128], got[2000] = "";
  Error err = {0};
  expect_ok(text, read_text(&spec, path, s, text, true, &err), &err);
  expect_ok(text, axes_expand(&axes, &spec, &err), &err);
  for (int i = 0; i < axes.methods; i++) {
    const EvalMethod *m = spec.method[axes.method[i]];
    assert_true(m->shown);
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", m->name);
  }
  assert_string_equal(got, want);
  int shown = 0;
  for (int m = 0; m < spec.methods; m++) shown += spec.method[m]->shown;
  assert_int_equal(shown, axes.methods);
  axes_free(&axes);
  eval_spec_free(&spec);
}

static void test_axes(void **state) {
  expect_methods(*state,
                 OK
                 "methods: [base, {name: g, router: glider}, oracle]\n"
                 "axes: {global.scale: [0, 3, 10], top_k: [1, 2]}\n",
                 "base g+global.scale=0+top_k=1 g+global.scale=0 g+top_k=1 g "
                 "g+global.scale=10+top_k=1 g+global.scale=10 oracle");
  expect_methods(*state,
                 OK
                 "methods: [{name: g, router: glider}]\ngrid: false\n"
                 "axes: {global: {scale: [0, 3]}, top_k: [1, 2, 3]}\n",
                 "g+global.scale=0 g g+top_k=1 g+top_k=3");
  expect_methods(*state,
                 OK
                 "methods: [{name: m, router: phatgoose}]\n"
                 "axes: {router: [phatgoose, glider, merged], global.scale: [3, 9]}\n",
                 "m m+router=glider m+router=glider+global.scale=9 m+router=merged");
  expect_methods(*state, OK "methods: [phatgoose]\naxes: {only: [[a, b], [c]]}\n",
                 "phatgoose+only=a,b phatgoose+only=c");
  expect_methods(*state, OK "methods: [{name: r, router: random}]\naxes: {seed: [1, 2]}\n",
                 "r+seed=1 r+seed=2");
}

static void test_axes_refusals(void **state) {
  static const struct {
    const char *text, *words;
  } CASES[] = {
      {OK "methods: [base]\n", "spec.yaml: |axes|mapping"},
      {OK "methods: [base]\naxes: {}\n", "spec.yaml:5:7: |axes|mapping"},
      {OK "methods: [glider]\naxes: {top_l: [1]}\n", "spec.yaml:5:8: |'top_l'|'top_k'"},
      {OK "methods: [glider]\naxes: {top_k: 1}\n", "spec.yaml:5:15: |top_k|list"},
      {OK "methods: [glider]\naxes: {top_k: [1, 1]}\n", "spec.yaml:5:19: |top_k|twice"},
      {OK "methods: [glider]\naxes: {top_k: [0]}\n", "spec.yaml:5:16: |top_k"},
      {OK "methods: [glider]\naxes: {top_k: [1]}\ngrid: sometimes\n", "spec.yaml:6:7: |grid"},
      {OK "methods: [base, merged]\naxes: {top_k: [1]}\n",
       "spec.yaml:5:8: |axes: top_k: no method"},
      {OK "methods: [oracle]\naxes: {top_k: [1]}\n", "spec.yaml:5:8: |axes: top_k: no method"},
      {OK "methods: [glider]\naxes: {router: [expert]}\n", "spec.yaml:5:1: |expert: is required"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    EvalSpec spec;
    Axes axes;
    char path[128];
    Error err = {0};
    expect_ok(CASES[i].text, read_text(&spec, path, *state, CASES[i].text, true, &err), &err);
    Status status = axes_expand(&axes, &spec, &err);
    expect_error(CASES[i].text, status, &err, STATUS_USAGE, CASES[i].words);
    axes_free(&axes);
    eval_spec_free(&spec);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_what_is_read),
      cmocka_unit_test(test_tasks_of_another_file),
      cmocka_unit_test(test_settings_that_matter),
      cmocka_unit_test(test_axes),
      cmocka_unit_test(test_axes_refusals),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
