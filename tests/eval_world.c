#include "tests/eval_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/testing.h"
#include "tests/tiny_pool.h"

enum { ITEMS = 150, LARGEST = 1 << 24 };

static void copy_golden(const char *from, const char *to) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(from, file_read(from, LARGEST, &text, &size, &err), &err);
  expect_ok(to, file_write(to, text, size, &err), &err);
  free(text);
}

static void make_base(Scratch *s) {
  static const char *const FILES[][2] = {
      {"predict/base/config.json", "base/config.json"},
      {"predict/base/model.safetensors", "base/model.safetensors"},
      {"tokenizer/nfkc/spiece.model", "base/spiece.model"}};
  Error err = {0};
  expect_ok("base", dir_make(scratch_path(s, "base"), &err), &err);
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
    char *from = golden_path("%s", FILES[i][0]);
    copy_golden(from, scratch_path(s, FILES[i][1]));
    free(from);
  }
}

static void make_pool(Scratch *s) {
  static const TinyExpert EXPERTS[] = {{"wide", "all-linear", 5, 1, DTYPE_F32, true, NULL},
                                       {"some", "q,v", 2, 2, DTYPE_F32, false, NULL},
                                       {"deep", "all-linear", 3, 3, DTYPE_F32, false, NULL}};
  T5 *model;
  Error err = {0};
  expect_ok("base", t5_open(&model, scratch_path(s, "base"), &err), &err);
  tiny_pool(scratch_path(s, "pool"), model, EXPERTS, 3);
  t5_close(model);
}

/* More items than are answered between two looks at the signal to stop. */
static void make_tasks(Scratch *s) {
  static const char *const WHO[] = {"the river", "her orchestra", "a small robot"};
  FILE *who = fopen(scratch_path(s, "who.jsonl"), "w");
  FILE *say = fopen(scratch_path(s, "say.jsonl"), "w");
  assert_true(who && say);
  for (int i = 0; i < ITEMS; i++) {
    fprintf(who,
            "{\"input\": \"%s hides %d keys. who?\", \"choices\": [\"%s\", \"%s\"], \"label\": "
            "%d}\n",
            WHO[i % 3], i, WHO[i % 3], WHO[(i + 1) % 3], i % 2);
    fprintf(say, "{\"input\": \"%s %d\", \"target\": [\"%s\", \"%d\"]}\n", WHO[i % 3], i,
            WHO[i % 3], i);
  }
  fclose(who);
  fclose(say);
}

void eval_world(Scratch *s) {
  make_base(s);
  make_pool(s);
  make_tasks(s);
}

const char *eval_world_file(Scratch *s, const char *name, const char *text) {
  char out[8192];
  size_t n = 0, dir = strlen(s->dir);
  for (; *text; text++) {
    assert_true(n + dir + 1 < sizeof out);
    if (*text == '@') {
      memcpy(out + n, s->dir, dir);
      n += dir;
    } else {
      out[n++] = *text;
    }
  }
  return scratch_write(s, name, out, n);
}

Status eval_run_open(EvalRun *r, Scratch *s, const char *text, bool force, Error *err) {
  memset(r, 0, sizeof *r);
  snprintf(r->path, sizeof r->path, "%s", eval_world_file(s, "eval.yaml", text));
  TRY(eval_spec_read(&r->spec, r->path, NULL, 0, false, err));
  return evaluation_open(&r->e, &r->spec, force, err);
}

void eval_run_close(EvalRun *r) {
  evaluation_close(&r->e);
  eval_spec_free(&r->spec);
}

char *eval_world_read(Scratch *s, const char *name) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(name, file_read(scratch_path(s, name), LARGEST, &text, &size, &err), &err);
  return text;
}

json_t *eval_world_json(Scratch *s, const char *name) {
  json_t *json = json_load_file(scratch_path(s, name), JSON_REJECT_DUPLICATES, NULL);
  if (!json) fail_msg("%s is no JSON", name);
  return json;
}

json_t *eval_world_lines(Scratch *s, const char *name) {
  char *text = eval_world_read(s, name), *rest = text;
  json_t *list = json_array();
  for (char *line; (line = strsep(&rest, "\n")) && *line;) {
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    if (!value) fail_msg("%s: no JSON: %s", name, line);
    json_array_append_new(list, value);
  }
  free(text);
  return list;
}

/* ---- running ---- */

static void on_items(void *arg, const EvalTask *task, const EvalMethod *method, int64_t done,
                     int64_t total) {
  EvalWatched *w = arg;
  (void)task;
  (void)method;
  assert_true(done > 0 && done <= total);
  if (++w->calls == w->stop_after) w->stop = 1;
}

static void on_cell(void *arg, const EvalTask *task, const EvalMethod *method,
                    const EvalCell *cell) {
  EvalWatched *w = arg;
  (void)task;
  (void)method;
  w->cells++;
  if (cell->state != CELL_FAILED) return;
  w->failed++;
  memcpy(w->last_error, cell->error, sizeof w->last_error);
}

Status eval_run_cells(EvalRun *r, EvalWatched *w, Error *err) {
  const EvalWatch watch = {.arg = w, .items = on_items, .cell = on_cell, .stop = &w->stop};
  return evaluation_run(&r->e, &watch, err);
}

/* Runs to the end, writes the tables, and says what was computed. */
EvalWatched eval_run_whole(Scratch *s, const char *text, bool force) {
  EvalRun r;
  Error err = {0};
  EvalWatched w = {0};
  expect_ok("open", eval_run_open(&r, s, text, force, &err), &err);
  expect_ok("run", eval_run_cells(&r, &w, &err), &err);
  EvalTable table;
  expect_ok("tables", eval_table_make(&table, &r.e, &err), &err);
  expect_ok("tables", eval_table_write(&table, &err), &err);
  eval_table_free(&table);
  eval_run_close(&r);
  return w;
}

bool eval_world_has(Scratch *s, const char *name) {
  return access(scratch_path(s, name), F_OK) == 0;
}

int eval_world_setup(void **state) {
  if (scratch_setup(state) != 0) return -1;
  eval_world(*state);
  return 0;
}
