/* Damaged cells of an evaluation: not taken over and then untouched, or the scores of the task's
 * own metrics; never a crash. The sanitizers and valgrind watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/eval/eval_cell.h"
#include "tests/damage.h"

enum { ROUNDS = 4000 };

#define CELL "cells/local/who.json"

static const char *const PIECES[] = {
    "null",   "true", "-1",     "0",     "101",         "1e999", "99999999999999999999",
    "\"\"",   "[]",   "{}",     "\"",    ":",           ",",     "\\",
    "\xff",   "\n",   "rouge1", "bleu",  "exact_match", "squad", "\\u0000",
    "scores", "[",    "]",      "items", "low",         "2",     "9"};

/* Names of two metrics of one length, so that damage may turn one into the other. */
static const CellScore SCORES[] = {{METRIC_ROUGE_1, 61.5, {40.25, 77.125}},
                                   {METRIC_ROUGE_2, 12.5, {0, 100}}};

/* A cell of a task of three items, of which two are asked. */
typedef struct Fixture {
  EvalSpec spec;
  EvalTask task;
  EvalMethod method;
  ItemSet *items;
  EvalCell cell;
} Fixture;

static CellParts cell_parts(const Fixture *f) {
  return (CellParts){.spec = &f->spec, .task = &f->task, .method = &f->method, .items = f->items};
}

static void open_fixture(Fixture *f, Scratch *s) {
  static const char ITEMS[] =
      "{\"input\": \"a\", \"target\": \"b\"}\n"
      "{\"input\": \"c\", \"target\": \"d\"}\n"
      "{\"input\": \"e\", \"target\": \"f\"}\n";
  static char name[] = "who", method[] = "local";
  Error err = {0};
  const ItemKeys keys = {.use = ITEMS_ANSWERED};
  const char *path = scratch_write(s, "who.jsonl", ITEMS, strlen(ITEMS));
  *f = (Fixture){.spec = {.settings = {.output = s->dir}},
                 .task = {.name = name,
                          .group = name,
                          .limit = 2,
                          .metric = {METRIC_ROUGE_1, METRIC_ROUGE_2},
                          .metric_count = 2},
                 .method = {.name = method, .rule = EVAL_ORACLE},
                 .cell = {.state = CELL_OPEN, .scores = 2, .items = 2}};
  memset(f->cell.identity, 'c', HASH_HEX - 1);
  memcpy(f->cell.score, SCORES, sizeof SCORES);
  expect_ok("items", items_open(&f->items, path, ITEMS_LINES, &keys, &err), &err);
  expect_ok("folder", dir_make(scratch_path(s, "cells/local"), &err), &err);
  scratch_write(s, "cells/local/who.jsonl", "", 0);
  const CellParts parts = cell_parts(f);
  expect_ok("write", eval_cell_write(&f->cell, &parts, &err), &err);
}

static void check_cell(const EvalCell *cell) {
  assert_int_equal(cell->state, CELL_DONE);
  assert_int_equal(cell->scores, 2);
  assert_int_equal(cell->items, 2);
  assert_true(cell->cost.base >= 0);
  for (int i = 0; i < cell->scores; i++) {
    const CellScore *score = &cell->score[i];
    assert_int_equal(score->metric, SCORES[i].metric);
    assert_true(score->score >= 0 && score->score <= 100);
    assert_true(score->interval.low >= 0 && score->interval.high <= 100);
    assert_true(score->interval.low <= score->interval.high);
  }
}

/* What is not taken over is told as a refusal; the reader itself only leaves the cell open. */
static Status read_cell(const char *dir, void *arg, Error *err) {
  const Fixture *f = arg;
  const CellParts parts = cell_parts(f);
  EvalCell cell, open;
  memset(&open, 0, sizeof open);
  memcpy(open.identity, f->cell.identity, HASH_HEX);
  open.state = CELL_OPEN;
  memcpy(&cell, &open, sizeof cell);
  TRY(eval_cell_read(&cell, &parts, false, err));
  if (cell.state == CELL_OPEN) {
    assert_memory_equal(&cell, &open, sizeof cell);
    return error_set(err, STATUS_INPUT, "%s: not taken over", dir);
  }
  check_cell(&cell);
  return STATUS_OK;
}

static Damage damage_of(Fixture *f) {
  return (Damage){.file = CELL,
                  .piece = PIECES,
                  .pieces = sizeof PIECES / sizeof *PIECES,
                  .rounds = ROUNDS,
                  .read = read_cell,
                  .arg = f};
}

static void a_cell_is_survived(void **state) {
  Fixture f;
  open_fixture(&f, *state);
  const Damage d = damage_of(&f);
  damage_file(*state, &d);
  items_close(f.items);
}

/* Damage that leaves a whole cell of the right identity, and not that of this task. */
static void what_a_cell_cannot_say(void **state) {
  static const char *const CASES[][2] = {
      {"rouge2", "rouge1"},             /* a metric twice */
      {"rouge1", "rougeL"},             /* one that the task has not */
      {"\"items\": 2", "\"items\": 3"}, /* more than are asked */
      {"40.25", "90.25"},               /* an interval that ends before it begins */
      {"skein-cell", "skein-hell"},
      {"\"version\": 1", "\"version\": 2"},
  };
  Fixture f;
  open_fixture(&f, *state);
  const Damage d = damage_of(&f);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    const Change change = {CASES[i][0], CASES[i][1], 0};
    Status got = damage_by_hand(*state, &d, change, &err);
    expect_error(CASES[i][1], got, &err, STATUS_INPUT, "not taken over");
  }
  items_close(f.items);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_cell_is_survived),
                                     cmocka_unit_test(what_a_cell_cannot_say)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
