/* Comparisons of evaluations that are written by hand: which items are paired, what is tested, what
 * is refused. The tests themselves are held to scipy in test_paired.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/text_stream.h"
#include "data/file/file.h"
#include "infer/eval/eval_compare.h"
#include "tests/eval_world.h"
#include "tests/testing.h"

static char A64[65], B64[65]; /* identities */

static const CompareSettings ALL = {.each_task = true, .samples = 2000, .seed = 1};

/* The lines of a cell: an id and a digit an item, "a1 b0". */
static void write_cell(Scratch *s, const char *run, const char *method, const char *task,
                       const char *items) {
  char name[200], text[4000] = "", cell[100];
  snprintf(name, sizeof name, "%s/cells/%s", run, method);
  expect_ok(name, dir_make(scratch_path(s, name), NULL), &(Error){0});
  for (const char *p = items; *p; p += 2 + (p[2] == ' ')) {
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "{\"id\":\"%c\",\"metrics\":{\"accuracy\":%d}}\n", p[0], p[1] == '1' ? 100 : 0);
  }
  snprintf(name, sizeof name, "%s/cells/%s/%s.jsonl", run, method, task);
  scratch_write(s, name, text, strlen(text));
  snprintf(name, sizeof name, "%s/cells/%s/%s.json", run, method, task);
  snprintf(cell, sizeof cell, "{\"identity\": \"%s\"}", A64);
  scratch_write(s, name, cell, strlen(cell));
}

/* A table of two methods, m and n, on one task a group: t of g, u of h. */
static void write_table(Scratch *s, const char *run, const char *items) {
  static const char *const METHOD[] = {"m", "n"}, *const TASK[] = {"t", "u"},
                           *const GROUP[] = {"g", "h"};
  char text[4000], name[100], cells[2000] = "";
  for (int m = 0; m < 2; m++) {
    for (int t = 0; t < 2; t++) {
      snprintf(cells + strlen(cells), sizeof cells - strlen(cells),
               "%s{\"task\": \"%s\", \"group\": \"%s\", \"method\": \"%s\", \"state\": \"done\", "
               "\"answers\": \"%s\", \"identity\": \"%s\"}",
               *cells ? ", " : "", TASK[t], GROUP[t], METHOD[m], METHOD[m], A64);
    }
  }
  snprintf(text, sizeof text,
           "{\"format\": \"skein-eval\", \"version\": 1, \"tasks\": [{\"name\": \"t\", \"sha256\": "
           "\"%s\", \"metrics\": [\"accuracy\"]}, {\"name\": \"u\", \"sha256\": \"%s\", "
           "\"metrics\": [\"accuracy\"]}], \"methods\": [{\"name\": \"m\", \"shown\": true}, "
           "{\"name\": \"n\", \"shown\": true}, {\"name\": \"hidden\", \"shown\": false}], "
           "\"cells\": [%s]}",
           items, items, cells);
  expect_ok(run, dir_make(scratch_path(s, run), NULL), &(Error){0});
  snprintf(name, sizeof name, "%s/table.json", run);
  scratch_write(s, name, text, strlen(text));
}

static int setup(void **state) {
  memset(A64, 'a', 64);
  memset(B64, 'b', 64);
  return scratch_setup(state);
}

/* m wins a, b, c and d of t and loses e; on u they are alike. */
static void write_run(Scratch *s, const char *run, const char *items) {
  write_table(s, run, items);
  write_cell(s, run, "m", "t", "a1 b1 c1 d1 e0 f1");
  write_cell(s, run, "n", "t", "a0 b0 c0 d0 e1 f1");
  write_cell(s, run, "m", "u", "a1 b0");
  write_cell(s, run, "n", "u", "a1 b0");
}

typedef struct Made {
  Compared of;
  EvalComparison c;
} Made;

static Status make(Made *made, Scratch *s, const char *first, const char *second,
                   const CompareSettings *settings, Error *err) {
  char a[200], b[200] = "";
  snprintf(a, sizeof a, "%s", scratch_path(s, first));
  if (second) snprintf(b, sizeof b, "%s", scratch_path(s, second));
  const char *const run[] = {a, b};
  memset(made, 0, sizeof *made);
  TRY(compared_read(&made->of, run, second ? 2 : 1, err));
  return eval_comparison_make(&made->c, &made->of, settings, err);
}

static void made_free(Made *made) {
  eval_comparison_free(&made->c);
  compared_free(&made->of);
}

static void expect_row(const CompareRow *row, const char *name, int64_t items, int64_t won,
                       int64_t lost, double difference, double p) {
  assert_string_equal(row->name, name);
  assert_int_equal(row->items, items);
  assert_int_equal(row->won, won);
  assert_int_equal(row->lost, lost);
  if (fabs(row->by_item.difference - difference) > 1e-9 || fabs(row->by_item.p - p) > 1e-12)
    fail_msg("%s: %g, p %g", name, row->by_item.difference, row->by_item.p);
}

/* Four wins and a loss: of 32 swaps 2 (1 + 5) are as large. Over the tasks, +50 and 0: all four. */
static void test_one_pair(void **state) {
  Made made;
  Error err = {0};
  write_run(*state, "run", A64);
  expect_ok("run", make(&made, *state, "run", NULL, &ALL, &err), &err);
  assert_int_equal(made.c.rows, 5);
  expect_row(&made.c.row[0], "t", 6, 4, 1, 50, 12.0 / 32);
  expect_row(&made.c.row[1], "u", 2, 0, 0, 0, 1);
  expect_row(&made.c.row[2], "g", 6, 4, 1, 50, 12.0 / 32);
  expect_row(&made.c.row[3], "h", 2, 0, 0, 0, 1);
  expect_row(&made.c.row[4], "all tasks", 8, 4, 1, 25, 12.0 / 32);
  assert_true(fabs(made.c.row[0].item_holm - 24.0 / 32) < 1e-12); /* of two single tasks */
  assert_true(fabs(made.c.row[4].item_holm - 12.0 / 32) < 1e-12);
  assert_int_equal(made.c.row[4].tasks, 2);
  assert_true(fabs(made.c.row[4].by_task.difference - 25) < 1e-9);
  assert_true(made.c.row[4].by_task.p == 1);
  assert_int_equal(made.c.notes, 0);
  made_free(&made);
}

/* Files in other orders and of other items: what both have is paired, by id. */
static void test_items_are_paired_by_id(void **state) {
  Scratch *s = *state;
  Made made;
  Error err = {0};
  CompareSettings settings = ALL;
  settings.task = "t";
  settings.items = true;
  write_run(s, "run", A64);
  write_run(s, "other", A64);
  write_cell(s, "other", "m", "t", "g1 f0 e1 d1 b1");
  expect_ok("runs", make(&made, s, "run:m", "other:m", &settings, &err), &err);
  assert_int_equal(made.c.rows, 1);
  expect_row(&made.c.row[0], "t", 4, 1, 1, 0, 1); /* f and e */
  assert_int_equal(made.c.items, 2);
  assert_string_equal(made.c.item[0].id, "e");
  assert_true(made.c.item[0].score_a == 0 && made.c.item[0].score_b == 100);
  assert_string_equal(made.c.item[1].id, "f");
  assert_int_equal(made.c.notes, 1);
  assert_string_equal(made.c.note[0],
                      "t: 4 items are compared; 2 and 1 were asked of one method "
                      "alone");
  made_free(&made);
  write_cell(s, "other", "m", "t", "a1 b1 a0");
  expect_error("twice", make(&made, s, "run:m", "other:m", &settings, &err), &err, STATUS_INPUT,
               "t.jsonl: the id a is there twice");
  made_free(&made);
}

static void test_other_items_are_not_the_same(void **state) {
  Scratch *s = *state;
  Made made;
  Error err = {0};
  CompareSettings settings = ALL;
  write_run(s, "run", A64);
  write_run(s, "other", B64);
  expect_error("files", make(&made, s, "run:m", "other:n", &settings, &err), &err, STATUS_MISMATCH,
               "t: not compared: the items are of different files");
  made_free(&made);
  settings.by_id = true;
  err = (Error){0};
  expect_ok("by id", make(&made, s, "run:m", "other:n", &settings, &err), &err);
  expect_row(&made.c.row[0], "t", 6, 4, 1, 50, 12.0 / 32);
  made_free(&made);
}

/* What another evaluation has put in the place of a cell is not what the table says. */
static void test_a_table_that_is_old(void **state) {
  Scratch *s = *state;
  Made made;
  Error err = {0};
  char cell[100];
  write_run(s, "run", A64);
  snprintf(cell, sizeof cell, "{\"identity\": \"%s\"}", B64);
  scratch_write(s, "run/cells/n/t.json", cell, strlen(cell));
  expect_error("old", make(&made, s, "run", NULL, &ALL, &err), &err, STATUS_INPUT,
               "n/t.json: is another cell than the one in table.json");
  made_free(&made);
}

static void test_refusals(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *run, *against;
    Status status;
    const char *want;
  } CASES[] = {{"nowhere", NULL, STATUS_INPUT, "nowhere/table.json: there is none"},
               {"run:x", NULL, STATUS_USAGE, "has no method 'x'"},
               {"run:m", NULL, STATUS_USAGE, "there is one method"},
               {"run:m,m", NULL, STATUS_USAGE, "m: is named twice"},
               {"run", "x", STATUS_USAGE, "--against: 'x' is none"}};
  write_run(s, "run", A64);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Made made;
    Error err = {0};
    CompareSettings settings = ALL;
    settings.against = CASES[i].against;
    expect_error(CASES[i].run, make(&made, s, CASES[i].run, NULL, &settings, &err), &err,
                 CASES[i].status, CASES[i].want);
    made_free(&made);
  }
}

/* Tables of others lead to no file outside of the run, and say where they are wrong. */
static void test_tables_of_others(void **state) {
  Scratch *s = *state;
  static const char *const CASES[][3] = {
      {"\"task\": \"u\", \"group\"", "\"task\": \"..\", \"group\"", "a name that no file may have"},
      {"\"answers\": \"n\"", "\"answers\": \"/\"", "a name that no file may have"},
      {"\"task\": \"u\", \"group\"", "\"task\": \"t\", \"group\"", "t is there twice"},
      {"\"answers\"", "\"answer_\"", "does not say whose predictions"},
      {"skein-eval", "skein_eval", "is no table of skein eval"},
      {"\"accuracy\"", "\"accurate\"", "unknown metric"},
      {"\"shown\": true", "\"shown\": null", "shown"},
      {"\"cells\": [", "\"cell_\": [", "cells"}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Made made;
    Error err = {0};
    write_run(s, "run", A64);
    char *text = eval_world_read(s, "run/table.json"), *at = strstr(text, CASES[i][0]);
    assert_non_null(at);
    char *changed;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, CASES[i][1],
                         at + strlen(CASES[i][0])) > 0);
    scratch_write(s, "run/table.json", changed, strlen(changed));
    expect_error(CASES[i][1], make(&made, s, "run", NULL, &ALL, &err), &err, STATUS_INPUT,
                 CASES[i][2]);
    made_free(&made);
    free(changed);
    free(text);
  }
}

/* ---- forms ---- */

static char *printed(const EvalComparison *c,
                     Status (*print)(const EvalComparison *, FILE *, Error *)) {
  TextStream out;
  Error err = {0};
  assert_true(text_stream_open(&out));
  expect_ok("print", print(c, out.out, &err), &err);
  char *text = text_stream_close(&out);
  assert_non_null(text);
  return text;
}

static void test_forms(void **state) {
  static const char WANT[] =
      "m minus n: accuracy, percent\n"
      "   items     m     n             difference       p  p (Holm)  won:lost\n"
      "t      6  83.3  33.3  +50.0 [-16.7, +100.0]  0.3750    0.3750       4:1\n";
  Made made;
  Error err = {0};
  CompareSettings settings = ALL;
  settings.task = "t";
  settings.items = true;
  write_run(*state, "run", A64);
  expect_ok("run", make(&made, *state, "run", NULL, &settings, &err), &err);
  made.c.row[0].by_item.interval = (Interval){-16.7, 100};
  char *text = printed(&made.c, eval_comparison_text), *csv = printed(&made.c, eval_comparison_csv),
       *json = printed(&made.c, eval_comparison_json),
       *md = printed(&made.c, eval_comparison_markdown);
  text[sizeof WANT - 1] = '\0';
  assert_string_equal(text, WANT);
  assert_string_equal(csv,
                      "a,b,task,id,score_a,score_b,winner\nm,n,t,a,100,0,a\nm,n,t,b,100,0,a\n"
                      "m,n,t,c,100,0,a\nm,n,t,d,100,0,a\nm,n,t,e,0,100,b\n");
  assert_non_null(strstr(md, "| t | 6 | 83.3 | 33.3 | +50.0 \\[-16.7, +100.0\\] | 0.3750 |"));
  json_t *root = json_loads(json, 0, NULL);
  assert_int_equal(json_array_size(json_object_get(root, "items")), 5);
  assert_int_equal(json_array_size(json_object_get(root, "rows")), 1);
  json_decref(root);
  free(text);
  free(csv);
  free(json);
  free(md);
  made_free(&made);
}

/* Of more than two methods a matrix, antisymmetric, and every pair. */
static void test_matrix(void **state) {
  Scratch *s = *state;
  Made made;
  Error err = {0};
  CompareSettings settings = ALL;
  settings.each_task = false;
  write_run(s, "run", A64);
  write_run(s, "other", A64);
  char *path = strdup(scratch_path(s, "run"));
  expect_ok("runs", make(&made, s, "run", "other:m", &settings, &err), &err);
  assert_int_equal(made.c.rows, 9); /* three pairs on two groups and all */
  char *text = printed(&made.c, eval_comparison_text), row[300];
  assert_non_null(strstr(text, "all tasks: row minus column, points\n"));
  snprintf(row, sizeof row, "%s:m - %s:n ", path, path);
  assert_non_null(strstr(text, row));
  free(text);
  free(path);
  made_free(&made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_pair),
      cmocka_unit_test(test_items_are_paired_by_id),
      cmocka_unit_test(test_other_items_are_not_the_same),
      cmocka_unit_test(test_a_table_that_is_old),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_tables_of_others),
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_matrix),
  };
  return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
