/* Rows of metrics: what is written is read back, and an object that memory runs out under is not
 * there at all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/scratch.h"
#include "train/metrics.h"

static const MetricsRow ROW = {.step = 7,
                               .trained = true,
                               .loss = 1.5,
                               .learning_rate = 5e-3,
                               .grad_norm = NAN,
                               .skipped = true,
                               .examples = 8,
                               .input_tokens = 90,
                               .target_tokens = 12,
                               .seconds = 0.25,
                               .tokens_per_second = 400,
                               .gated = true,
                               .openness = {0.5, NAN, 0.25, 0.75, 0.125},
                               .gate_norm = {1, NAN, 2, 3, 4},
                               .validated = true,
                               .valid_loss = 2.5};

static void assert_same(double got, double want) {
  assert_true(isnan(want) ? isnan(got) : got == want);
}

static void a_row_is_read_back(void **state) {
  (void)state;
  MetricsRow row;
  Error err = {0};
  JsonDoc doc = {.file = "row", .root = metrics_row_json(&ROW)};
  assert_int_equal(json_object_size(doc.root), METRICS_COLUMNS);
  expect_ok("read", metrics_row_read(&doc, &row, &err), &err);
  assert_int_equal(row.step, 7);
  assert_true(row.trained && row.skipped && row.gated && row.validated);
  assert_int_equal(row.examples, 8);
  assert_int_equal(row.input_tokens, 90);
  assert_int_equal(row.target_tokens, 12);
  assert_same(row.loss, ROW.loss);
  assert_same(row.grad_norm, NAN);
  assert_same(row.tokens_per_second, 400);
  assert_same(row.valid_loss, 2.5);
  for (int g = 0; g < T5_GROUPS; g++) {
    assert_same(row.openness[g], ROW.openness[g]);
    assert_same(row.gate_norm[g], ROW.gate_norm[g]);
  }
  json_decref(doc.root);
}

static void what_does_not_count_is_left_out(void **state) {
  (void)state;
  MetricsRow row, first = {.validated = true, .valid_loss = 3};
  Error err = {0};
  JsonDoc doc = {.file = "row", .root = metrics_row_json(&first)};
  char *text = json_dumps(doc.root, JSON_COMPACT);
  assert_string_equal(text, "{\"step\":0,\"valid_loss\":3.0}");
  expect_ok("read", metrics_row_read(&doc, &row, &err), &err);
  assert_false(row.trained || row.gated);
  assert_same(row.loss, NAN);
  assert_same(row.openness[0], NAN);
  free(text);
  json_decref(doc.root);
}

/* ---- out of memory ---- */

static int left; /* allocations that still succeed */

static void *failing_malloc(size_t size) {
  return left-- > 0 ? malloc(size) : NULL;
}

static void a_row_is_whole_or_not_there(void **state) {
  (void)state;
  json_set_alloc_funcs(failing_malloc, free);
  json_t *whole = NULL;
  for (int allowed = 0; !whole && allowed < 1000; allowed++) {
    left = allowed;
    whole = metrics_row_json(&ROW);
  }
  size_t columns = json_object_size(whole);
  size_t groups = json_object_size(json_object_get(whole, "openness"));
  json_decref(whole);
  json_set_alloc_funcs(malloc, free);
  assert_int_equal(columns, METRICS_COLUMNS);
  assert_int_equal(groups, T5_GROUPS - 1);
}

static void add_rows(const char *dir, int64_t keep, int64_t first, int64_t last) {
  Metrics *m;
  Error err = {0};
  expect_ok("open", metrics_open(&m, dir, keep, &err), &err);
  for (int64_t step = first; step <= last; step++) {
    MetricsRow row = ROW;
    row.step = step;
    row.loss = 1.0 / (double)step;
    expect_ok("add", metrics_add(m, &row, &err), &err);
  }
  expect_ok("flush", metrics_flush(m, &err), &err);
  metrics_close(m);
}

static char *read_text(Scratch *s, const char *name) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(name, file_read(scratch_path(s, name), 1 << 20, &text, &size, &err), &err);
  return text;
}

/* A run that was killed in the middle of a line and resumed from step 3 leaves the same bytes. */
static void a_resumed_run_leaves_the_same_files(void **state) {
  (void)state;
  void *scratch;
  assert_int_equal(scratch_setup(&scratch), 0);
  Scratch *s = scratch;
  add_rows(s->dir, -1, 1, 9);
  char *jsonl = read_text(s, METRICS_JSONL), *csv = read_text(s, METRICS_CSV);
  int lines = 0;
  for (const char *p = csv; *p; p++) lines += *p == '\n';
  assert_int_equal(lines, 10);
  scratch_write(s, METRICS_JSONL, jsonl, strlen(jsonl) - 20);
  add_rows(s->dir, 3, 4, 9);
  char *jsonl_again = read_text(s, METRICS_JSONL), *csv_again = read_text(s, METRICS_CSV);
  assert_string_equal(jsonl_again, jsonl);
  assert_string_equal(csv_again, csv);
  free(jsonl);
  free(csv);
  free(jsonl_again);
  free(csv_again);
  assert_int_equal(scratch_teardown(&scratch), 0);
}

/* What run_log_read takes is kept, though somebody else wrote it. */
static void a_number_beyond_doubles_is_kept(void **state) {
  static const char LINES[] = "{\"step\":1,\"hash\":1e999}\n{\"step\":2,\"loss\":2.0}\n";
  (void)state;
  void *scratch;
  Metrics *m;
  Error err = {0};
  assert_int_equal(scratch_setup(&scratch), 0);
  Scratch *s = scratch;
  scratch_write(s, METRICS_JSONL, LINES, strlen(LINES));
  expect_ok("open", metrics_open(&m, s->dir, 2, &err), &err);
  expect_ok("flush", metrics_flush(m, &err), &err);
  metrics_close(m);
  char *text = read_text(s, METRICS_JSONL);
  assert_string_equal(text, LINES);
  free(text);
  assert_int_equal(scratch_teardown(&scratch), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_row_is_read_back),
      cmocka_unit_test(what_does_not_count_is_left_out),
      cmocka_unit_test(a_row_is_whole_or_not_there),
      cmocka_unit_test(a_resumed_run_leaves_the_same_files),
      cmocka_unit_test(a_number_beyond_doubles_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
