/* Every allocation may fail, as in test_no_memory: the data of a run are surveyed and reported, and its
 * directory is opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/corpus.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "train/data_report.h"
#include "train/run_dir.h"

typedef struct World {
  ExampleSet *set;
  char out[PATH_MAX];
} World;

static void take_line(void *arg, const char *line) {
  assert_non_null(line);
  ++*(int *)arg;
}

static Status report(void *arg, Error *err) {
  const World *w = arg;
  const DataSettings data = {.max_input = 9, .max_target = 9};
  DataReport r;
  int lines = 0;
  TRY(data_report_make(&r, w->set, w->set, &data, 1, err));
  data_report_tell(&r, (NoteTaker){take_line, &lines});
  assert_true(lines > 6);
  Status status = data_report_save(&r, w->out, err);
  data_report_free(&r);
  return status;
}

static Status open_dry(void *arg, Error *err) {
  const World *w = arg;
  RunDir dir;
  Status status = run_dir_open(&dir, w->out, RUN_DRY, "x.safetensors", err);
  run_dir_close(&dir);
  return status;
}

static Status hold(void *arg, Error *err) {
  const World *w = arg;
  RunDir dir;
  Status status = run_dir_hold(&dir, w->out, err);
  run_dir_close(&dir);
  return status;
}

static void data_are_reported(void **state) {
  Scratch *s = *state;
  static const char TEXT[] =
      "{\"input\": \"a\", \"choices\": [\"no\", \"yes\"], \"label\": 1}\n"
      "{\"input\": \"a gate\", \"choices\": [\"yes\", \"no\"], \"target\": \"yes\"}\n";
  const ExampleKeys keys = {.input = "input",
                            .target = "target",
                            .use = CHOICES_ALL,
                            .choices = "choices",
                            .label = "label"};
  Error err = {0};
  World w;
  Tokenizer *t = corpus_tokenizer(s);
  const char *path = scratch_write(s, "data.jsonl", TEXT, strlen(TEXT));
  expect_ok("set", examples_open(&w.set, path, &keys, t, 9, 9, &err), &err);
  strcpy(w.out, s->dir);
  fail_each_allocation("report", report, &w, 20, 0);
  strcpy(w.out, scratch_path(s, "out"));
  fail_each_allocation("dry run", open_dry, &w, 10, 0);
  /* Two names that are looked for as it is closed. */
  fail_each_allocation("hold", hold, &w, 5, 2);
  examples_close(w.set);
  tokenizer_close(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(data_are_reported)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
