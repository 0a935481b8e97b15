/* Tables of cells that are made by hand: what they say, how they are laid out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_cost.h"
#include "infer/eval/eval_grid.h"
#include "infer/eval/eval_mean.h"
#include "tests/eval_world.h"
#include "tests/testing.h"

/* An evaluation without files behind it: the spec is read, the cells are set. */
static void table_open(EvalRun *r, Scratch *s, const char *text) {
  Error err = {0};
  memset(r, 0, sizeof *r);
  snprintf(r->path, sizeof r->path, "%s", eval_world_file(s, "table.yaml", text));
  expect_ok("spec", eval_spec_read(&r->spec, r->path, NULL, 0, false, &err), &err);
  r->e.spec = &r->spec;
  r->e.cell = calloc((size_t)r->spec.methods * (size_t)r->spec.tasks, sizeof *r->e.cell);
  assert_non_null(r->e.cell);
}

static EvalCell *set_cell(EvalRun *r, int method, int task, double score, double low, double high) {
  EvalCell *cell = evaluation_cell(&r->e, method, task);
  *cell = (EvalCell){.state = CELL_DONE, .scores = 1, .items = 10};
  cell->score[0] = (CellScore){r->spec.task[task].metric[0], score, {low, high}};
  return cell;
}

/* Without the cells' files and the pool, which evaluation_close would close. */
static void table_close(EvalRun *r) {
  free(r->e.cell);
  eval_spec_free(&r->spec);
}

static char *printed_table(const Evaluation *e) {
  char *text;
  size_t size;
  Error err = {0};
  EvalTable table;
  expect_ok("make", eval_table_make(&table, e, &err), &err);
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  expect_ok("print", eval_table_text(&table, out, &err), &err);
  assert_int_equal(fclose(out), 0);
  eval_table_free(&table);
  return text;
}

static const char SMALL[] =
    "base: @/base\npool: @/pool\n"
    "tasks:\n"
    "  - {name: a, group: in, file: x}\n"
    "  - {name: b, group: in, file: x}\n"
    "  - {name: c, group: out, file: x, kind: generation, metrics: [rougeL]}\n"
    "methods: [base, phatgoose, oracle]\n";

static void fill_small(EvalRun *r) {
  set_cell(r, 0, 0, 50, 40, 60);
  set_cell(r, 0, 1, 30.04, 20, 40);
  set_cell(r, 0, 2, 12.5, 10, 15);
  set_cell(r, 1, 0, 70, 67, 73);
  set_cell(r, 1, 1, 30, 26, 38);
  *evaluation_cell(&r->e, 1, 2) = (EvalCell){.state = CELL_FAILED, .error = "no luck"};
  snprintf(set_cell(r, 2, 0, 90, 80, 100)->expert, 8, "deep");
  snprintf(set_cell(r, 2, 1, 80, 70, 90)->expert, 8, "wide");
  snprintf(set_cell(r, 2, 2, 60, 60, 60)->expert, 8, "wide");
}

static void test_text(void **state) {
  static const char WANT[] =
      "in: accuracy, percent\n"
      "method              a            b        mean\n"
      "base       50.0 ±10.0   30.0 ±10.0   40.0 ±7.1\n"
      "phatgoose  70.0  ±3.0   30.0  ±6.0   50.0 ±3.4\n"
      "oracle     90.0 ±10.0   80.0 ±10.0   85.0 ±7.1\n"
      "\n"
      "out: rougeL, percent\n"
      "method               c\n"
      "base         12.5 ±2.5\n"
      "phatgoose  failed\n"
      "oracle       60.0\n"
      "\n"
      "means: each task's first metric, percent\n"
      "method            in         out   all tasks\n"
      "base       40.0 ±7.1   12.5 ±2.5   30.8 ±4.8\n"
      "phatgoose  50.0 ±3.4      -           -\n"
      "oracle     85.0 ±7.1   60.0        76.7 ±4.7\n"
      "\n"
      "* better than each other method that sees no labels (p < 0.05, see skein compare)\n"
      "± half of the 95 % bootstrap interval; none where all items score the same\n"
      "oracle chose a: deep (by label), b: wide (by label), c: wide (by label)\n";
  EvalRun r;
  table_open(&r, *state, SMALL);
  fill_small(&r);
  char *got = printed_table(&r.e);
  assert_string_equal(got, WANT);
  free(got);
  table_close(&r);
}

/* Rows by a label; rules, which have none, in a table of their own. */
static void test_split(void **state) {
  static const char WANT[] =
      "expert_selection None: in: accuracy, percent\n"
      "method           a            b        mean\n"
      "base    50.0 ±10.0   30.0 ±10.0   40.0 ±7.1\n"
      "\n"
      "expert_selection Sparse: in: accuracy, percent\n"
      "method             a           b        mean\n"
      "phatgoose  70.0 ±3.0   30.0 ±6.0   50.0 ±3.4\n"
      "\n"
      "rules that see labels: in: accuracy, percent\n"
      "method           a            b        mean\n"
      "oracle  90.0 ±10.0   80.0 ±10.0   85.0 ±7.1\n";
  EvalRun r;
  char text[1024];
  snprintf(text, sizeof text, "tables_by: selection\n%s", SMALL);
  table_open(&r, *state, text);
  fill_small(&r);
  char *got = printed_table(&r.e);
  got[sizeof WANT - 1] = '\0';
  assert_string_equal(got, WANT);
  free(got);
  table_close(&r);
}

/* 3 + 5 thousand of 100 thousand multiply-adds on 10 + 10 tokens, the same twice; the most bytes. */
static void test_costs(void **state) {
  EvalRun r;
  table_open(&r, *state, SMALL);
  fill_small(&r);
  for (int m = 0; m < 3; m++) {
    for (int t = 0; t < 3; t++)
      evaluation_cell(&r.e, m, t)->cost =
          (CellCost){10, 10, 100000, {m * 3000, m * 5000, (t + 1) * (1 << 20)}};
  }
  char *got = printed_table(&r.e);
  assert_non_null(
      strstr(got, "\nbase         0.0         0.00 %      0.0      0.0      3.00 MiB\n"));
  assert_non_null(
      strstr(got, "\nphatgoose      -              -        -        -             -\n"));
  assert_non_null(
      strstr(got, "\noracle       0.8        16.00 %      0.3      0.5      3.00 MiB\n"));
  const MethodCost in = eval_cost(&r.e, 1, "in");
  assert_true(in.known && in.a_token == 400 && in.routing == 150 && in.of_base == 8);
  assert_int_equal(in.bytes, 2 << 20);
  free(got);
  table_close(&r);
}

/* Half-widths of a mean add as squares: below sqrt(3^2 + 4^2) / 2, above sqrt(3^2 + 8^2) / 2. */
static void test_mean(void **state) {
  EvalRun r;
  table_open(&r, *state, SMALL);
  fill_small(&r);
  EvalMean mean = eval_mean(&r.e, 1, "in");
  assert_int_equal(mean.state, CELL_DONE);
  assert_int_equal(mean.tasks, 2);
  Comparison c = compare_begin(1e-12, "mean");
  compare_value(&c, "score", mean.score, 50);
  compare_value(&c, "low", mean.interval.low, 47.5);
  compare_value(&c, "high", mean.interval.high, 50 + sqrt(73) / 2);
  compare_end(&c);
  assert_int_equal(eval_mean(&r.e, 1, "out").state, CELL_UNWANTED);
  assert_int_equal(eval_mean(&r.e, 1, NULL).state, CELL_UNWANTED);
  assert_int_equal(eval_mean(&r.e, 0, NULL).tasks, 3);
  table_close(&r);
}

/* ---- grids ---- */

static void fill_grid(Grid *g, int rows, int cols, const char *const *names) {
  Error err = {0};
  expect_ok("grid", grid_new(g, rows, cols, &err), &err);
  snprintf(g->title, sizeof g->title, "t_1");
  for (int r = 0; r < rows; r++) g->row[r] = names[r];
  for (int c = 0; c < cols; c++) g->col[c] = names[rows + c];
  for (int r = 0; r < rows; r++) {
    for (int c = 0; c < cols; c++)
      *grid_at(g, r, c) = (GridValue){CELL_DONE, 10 * r + c, {10 * r, 10 * r}, false};
  }
}

static char *grid_printed(const Grid *g,
                          Status (*print)(const Grid *, const char *, FILE *, Error *)) {
  char *text;
  size_t size;
  Error err = {0};
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  expect_ok("print", print(g, "method", out, &err), &err);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void test_markdown_and_latex(void **state) {
  (void)state;
  static const char *const NAMES[] = {"a_b", "c", "x%", "y|z"};
  Grid g;
  fill_grid(&g, 2, 2, NAMES);
  grid_at(&g, 1, 0)->best = true;
  grid_at(&g, 1, 1)->interval = (Interval){8, 13};
  char *md = grid_printed(&g, grid_markdown), *tex = grid_printed(&g, grid_latex);
  assert_string_equal(md,
                      "**t\\_1**\n\n| method | x% | y\\|z |\n|---|--:|--:|\n"
                      "| a\\_b | 0.0 | 1.0 |\n| c | **10.0** | 11.0 ±2.5 |\n");
  assert_string_equal(
      tex,
      "\\begin{table}\n\\centering\n\\caption{t\\_1}\n\\begin{tabular}{lrr}\n"
      "\\toprule\nmethod & x\\% & y|z \\\\\n\\midrule\n"
      "a\\_b & 0.0 & 1.0 \\\\\nc & \\textbf{10.0} & 11.0 {\\scriptsize$\\pm$2.5} \\\\\n"
      "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
  free(md);
  free(tex);
  grid_free(&g);
}

/* Names that mean something to a terminal, to Markdown or to LaTeX are only names. */
static void test_names_of_others(void **state) {
  (void)state;
  static const char *const NAMES[] = {"[4pt]*\\input /x", "\033[31m&~^{}#$", "<b>`[x](y)|", "é\n%"};
  Grid g;
  fill_grid(&g, 2, 2, NAMES);
  snprintf(g.title, sizeof g.title, "\xe2\x80\xae\\end{table}");
  char *md = grid_printed(&g, grid_markdown), *tex = grid_printed(&g, grid_latex),
       *text = grid_printed(&g, grid_text);
  assert_string_equal(
      md,
      "**\xef\xbf\xbd\\\\end{table}**\n\n| method | \\<b\\>\\`\\[x\\](y)\\| | é % |\n"
      "|---|--:|--:|\n| \\[4pt\\]\\*\\\\input /x | 0.0 | 1.0 |\n"
      "|  \\[31m\\&\\~^{}#\\$ | 10.0 | 11.0 |\n");
  assert_string_equal(
      tex,
      "\\begin{table}\n\\centering\n\\caption{\xef\xbf\xbd\\textbackslash{}end\\{table\\}}\n"
      "\\begin{tabular}{lrr}\n\\toprule\nmethod & <b>`{[}x{]}(y)| & é \\% \\\\\n\\midrule\n"
      "{[}4pt{]}{*}\\textbackslash{}input /x & 0.0 & 1.0 \\\\\n"
      " {[}31m\\&\\textasciitilde{}\\textasciicircum{}\\{\\}\\#\\$ & 10.0 & 11.0 \\\\\n"
      "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
  assert_string_equal(text,
                      "\\xe2\\x80\\xae\\end{table}\n"
                      "method           <b>`[x](y)|   é\\x0a%\n"
                      "[4pt]*\\input /x          0.0      1.0\n"
                      "\\x1b[31m&~^{}#$         10.0     11.0\n");
  free(md);
  free(tex);
  free(text);
  grid_free(&g);
}

static int widest_line(const char *text) {
  int most = 0;
  for (const char *p = text; *p;) {
    int n = (int)strcspn(p, "\n");
    if (n > most) most = n;
    p += n + (p[n] == '\n');
  }
  return most;
}

/* Wide tables stay within the width, and no score is lost. */
static void test_wide_tables(void **state) {
  (void)state;
  static const int SHAPE[][2] = {{3, 3}, {3, 30}, {30, 3}, {30, 30}, {8, 22}};
  char storage[60][32];
  const char *names[60];
  for (int i = 0; i < 60; i++) {
    snprintf(storage[i], sizeof storage[i], "name-of-a-row-%02d", i);
    names[i] = storage[i];
  }
  for (size_t i = 0; i < sizeof SHAPE / sizeof *SHAPE; i++) {
    int rows = SHAPE[i][0], cols = SHAPE[i][1];
    Grid g;
    fill_grid(&g, rows, cols, names);
    char *text = grid_printed(&g, grid_text);
    assert_in_range(widest_line(text), 1, GRID_WIDTH);
    int scores = 0;
    for (const char *p = text; (p = strstr(p, ".0")); p++) scores++;
    assert_int_equal(scores, rows * cols);
    free(text);
    grid_free(&g);
  }
}

static void test_few_columns_elsewhere(void **state) {
  (void)state;
  char storage[16][16];
  const char *names[16];
  for (int i = 0; i < 16; i++) {
    snprintf(storage[i], sizeof storage[i], "n%d", i);
    names[i] = storage[i];
  }
  Grid g;
  fill_grid(&g, 2, 14, names);
  char *md = grid_printed(&g, grid_markdown);
  assert_non_null(strstr(md, "|  | n0 | n1 |\n|---|--:|--:|\n| n2 | 0.0 | 10.0 |\n"));
  free(md);
  grid_free(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_split),
      cmocka_unit_test(test_costs),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_mean),
      cmocka_unit_test(test_markdown_and_latex),
      cmocka_unit_test(test_names_of_others),
      cmocka_unit_test(test_wide_tables),
      cmocka_unit_test(test_few_columns_elsewhere),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
