/* Every allocation may fail, as in test_no_memory: a report of runs of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tools/report/report_page.h"

static const char TABLE[] =
    "{\"format\": \"skein-eval\", \"skein\": \"1\", \"tasks\": ["
    "{\"name\": \"a\", \"group\": \"g\", \"metrics\": [\"f1\"], \"expert\": \"x\"}, "
    "{\"name\": \"b\", \"group\": \"h\", \"metrics\": [\"f1\"]}],"
    "\"methods\": [{\"name\": \"m\", \"rule\": \"routed\", \"shown\": true}, "
    "{\"name\": \"o\", \"rule\": \"oracle\", \"shown\": true}], "
    "\"means\": [{\"method\": \"m\", \"group\": \"g\", \"score\": 5, \"low\": 4, \"high\": 6}], "
    "\"cells\": [{\"task\": \"a\", \"method\": \"m\", \"state\": \"done\", "
    "\"scores\": [{\"score\": 5, \"low\": 4, \"high\": 6}]}]}";

static const char ROUTING[] =
    "{\"task\": \"a\", \"method\": \"m\", \"pool\": \"p\", \"routing\": {\"experts\": [\"x\", "
    "\"y\"], \"modules\": [{\"name\": \"encoder.block.0.layer.0.SelfAttention.q\", \"tokens\": 7, "
    "\"entropy\": 0.5, \"weight\": [0.5, 0.5], \"share\": [1, 0], \"top1\": [1, 0]}]}}";

static const char ABLATION[] =
    "method,k,group,task,metric,score,low,high,n,examples_per_second,state\n"
    "g,1,all,mean,accuracy,50,40,60,3,,done\ng,2,all,mean,accuracy,55,40,60,3,,done\n"
    "base,,all,mean,accuracy,10,5,20,3,,done\n";

static const char METRICS[] = "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1,\"valid_loss\":1}\n";

static const char TRACE[] =
    "{\"task\": \"t\", \"method\": \"m\", \"pool\": \"p\", \"experts\": [\"a\", \"b\"], "
    "\"encoder\": [{\"token\": \"which\", \"weight\": [0.25, 0.75]}], \"decoder\": []}";

enum { RUNS = 5 };

typedef struct World {
  void *scratch;
  char run[RUNS][PATH_MAX], page[PATH_MAX];
} World;

static void write_text(World *w, const char *name, const char *text) {
  scratch_write(w->scratch, name, text, strlen(text));
}

static int world_setup(void **state) {
  static const char *const RUN[RUNS] = {"eval", "ablation", "train", "trace.json", "stats.json"};
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  assert_non_null(w);
  assert_int_equal(scratch_setup(&w->scratch), 0);
  for (int i = 0; i < RUNS; i++) strcpy(w->run[i], scratch_path(w->scratch, RUN[i]));
  strcpy(w->page, scratch_path(w->scratch, "page.html"));
  for (int i = 0; i < 3; i++) expect_ok("folder", dir_make(w->run[i], &err), &err);
  expect_ok("folder", dir_make(scratch_path(w->scratch, "eval/cells/m"), &err), &err);
  write_text(w, "eval/table.json", TABLE);
  write_text(w, "eval/cells/m/a.routing.json", ROUTING);
  write_text(w, "ablation/ablation.csv", ABLATION);
  write_text(w, "train/metrics.jsonl", METRICS);
  write_text(w, "train/report.txt", "trained\n");
  write_text(w, "train/run.yaml", "base: b\n");
  write_text(w, "train/data.json", "{}");
  expect_ok("folder", dir_make(scratch_path(w->scratch, "train/checkpoints/step-1"), &err), &err);
  write_text(w, "train/checkpoints/step-1/manifest.json", "{\"code\": \"1\"}");
  write_text(w, "trace.json", TRACE);
  write_text(w, "stats.json", ROUTING);
  *state = w;
  return 0;
}

static int world_teardown(void **state) {
  World *w = *state;
  int failed = scratch_teardown(&w->scratch);
  free(w);
  return failed;
}

static Status make_report(void *arg, Error *err) {
  World *w = arg;
  char *run[RUNS];
  for (int i = 0; i < RUNS; i++) run[i] = w->run[i];
  return report_write(&(ReportRequest){.run = run, .runs = RUNS, .output = w->page, .force = true},
                      err);
}

static void a_report_is_whole(void **state) {
  fail_each_allocation("report", make_report, *state, 100, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_report_is_whole)};
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
