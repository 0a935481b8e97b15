/* What a finished cell of an evaluation depends on (identity_rows.h). Every setting there is has a
 * row. */
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
#include "tests/identity_rows.h"

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
                   first_given(a->settings, IDENTITY_SETTINGS), first_given(a->task, IDENTITY_TASK),
                   open, method, close);
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

static void try_row(Scratch *s, const IdentityRow *row) {
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
  for (int i = 0; i < IDENTITY_ROWS; i++) try_row(*state, &IDENTITY_ROW[i]);
}

/* Who adds a setting says in a row whether cells depend on it. */
static void expect_rows(OptionSet *set) {
  for (size_t i = 0; i < set->count; i++) {
    int row = 0;
    while (row < IDENTITY_ROWS && strcmp(IDENTITY_ROW[row].key, set->table[i].key) != 0) row++;
    if (row == IDENTITY_ROWS) fail_msg("the setting %s has no row", set->table[i].key);
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
