/* Every allocation may fail, as in test_no_memory: what people are told, tables and figures read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/temporary.h"
#include "infer/eval/eval_axes.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tools/inspect/inspect.h"
#include "tools/plot/ablation.h"
#include "tools/plot/figure_name.h"
#include "tools/plot/results_file.h"

static const char ABLATION[] =
    "method,k,s,group,task,metric,score,low,high,n,examples_per_second,state\n"
    "g,1,a,all,mean,accuracy,50,40,60,3,,done\ng,2,a,all,mean,accuracy,55,40,60,3,,done\n"
    "g,1,b,all,mean,accuracy,51,40,60,3,,done\ng,2,b,all,mean,accuracy,56,40,60,3,,done\n"
    "base,,,all,mean,accuracy,10,5,20,3,,done\n";

static const char TABLE[] =
    "{\"format\": \"skein-eval\", \"tasks\": [{\"name\": \"a\", \"group\": \"g\", \"metrics\": "
    "[\"f1\"]}],"
    "\"methods\": [{\"name\": \"m\", \"rule\": \"routed\", \"shown\": true}], \"means\": [], "
    "\"cells\": []}";

static const char SPEC[] =
    "base: b\npool: p\noutput: o\nlimit: 3\n"
    "task_defaults: {kind: generation, metrics: [exact_match, rougeL]}\n"
    "tasks:\n  - {name: a, group: in, file: x}\n  - {name: b, file: y, metrics: bleu}\n"
    "methods: [base, {name: g, router: glider, only: [one, two]}, phatgoose]\n"
    "axes: {top_k: [1, 2], global.scale: [1, 100]}\n";

typedef struct World {
  void *scratch;
  char adapter[PATH_MAX], ablation[PATH_MAX], spec[PATH_MAX];
} World;

static int world_setup(void **state) {
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  assert_non_null(w);
  assert_int_equal(scratch_setup(&w->scratch), 0);
  T5 *model = tiny_model(true, false);
  Lora *lora = tiny_lora(model, "q,v", 2, 1);
  strcpy(w->adapter, scratch_path(w->scratch, "adapter"));
  expect_ok("adapter", lora_save(lora, &model->modules, w->adapter, "tiny", DTYPE_F32, &err), &err);
  lora_close(lora);
  t5_close(model);
  strcpy(w->ablation, scratch_path(w->scratch, "ablation"));
  expect_ok("folder", dir_make(w->ablation, &err), &err);
  scratch_write(w->scratch, "ablation/ablation.csv", ABLATION, strlen(ABLATION));
  scratch_write(w->scratch, "ablation/table.json", TABLE, strlen(TABLE));
  strcpy(w->spec, scratch_write(w->scratch, "spec.yaml", SPEC, strlen(SPEC)));
  *state = w;
  return 0;
}

static int world_teardown(void **state) {
  World *w = *state;
  int failed = scratch_teardown(&w->scratch);
  free(w);
  return failed;
}

static Status inspect_adapter(void *arg, Error *err) {
  const World *w = arg;
  Inspection in = {.facts = facts_new(), .values = true};
  Status status = inspect_expert(&in, w->adapter, err);
  facts_free(&in.facts);
  return status;
}

static Status read_curves(void *arg, Error *err) {
  const World *w = arg;
  Ablation a;
  Status status = ablation_read(&a, w->ablation, err);
  for (int i = 0; status == STATUS_OK && i < a.axes; i++) {
    Curves c;
    status = curves_make(&c, &a, i, err);
    curves_free(&c);
  }
  ablation_free(&a);
  return status;
}

static Status read_results(void *arg, Error *err) {
  const World *w = arg;
  Results r;
  Status status = results_read(&r, w->ablation, err);
  results_free(&r);
  return status;
}

static Status name_figure(void *arg, Error *err) {
  (void)arg;
  char name[FIGURE_NAME];
  return figure_name(name, "modules", "a method", "a task", false, err);
}

static Status make_temporary(void *arg, Error *err) {
  (void)arg;
  char *dir;
  TRY(temporary_dir(&dir, "a test", err));
  Status status = dir_remove(dir, err);
  free(dir);
  return status;
}

static Status read_spec(void *arg, Error *err) {
  const World *w = arg;
  EvalSpec spec;
  Axes axes = {0};
  Status status = eval_spec_read(&spec, w->spec, NULL, 0, true, err);
  if (status == STATUS_OK) status = axes_expand(&axes, &spec, err);
  axes_free(&axes);
  eval_spec_free(&spec);
  return status;
}

static void what_is_told_is_whole(void **state) {
  fail_each_allocation("inspection", inspect_adapter, *state, 40, 0);
  fail_each_allocation("curves", read_curves, *state, 40, 0);
  fail_each_allocation("results", read_results, *state, 5, 0);
  fail_each_allocation("name of a figure", name_figure, *state, 3, 0);
  fail_each_allocation("temporary directory", make_temporary, *state, 1, 0);
}

static void evaluations_are_read(void **state) {
  fail_each_allocation("spec", read_spec, *state, 200, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_told_is_whole),
      cmocka_unit_test(evaluations_are_read),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
