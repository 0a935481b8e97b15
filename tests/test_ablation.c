/* The curves of an ablation from a file that is made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tools/plot/ablation.h"

/* As earlier versions wrote it; later ones leave out the column before the last. */
#define COLUMNS ",group,task,metric,score,low,high,n,examples_per_second,state\n"
#define MEAN    ",mean,accuracy,"

static Status read_text(Ablation *a, Scratch *s, const char *text, Error *err) {
  scratch_write(s, "ablation.csv", text, strlen(text));
  return ablation_read(a, s->dir, err);
}

/* Two axes over glider, of which scale 100 has one k; base reads neither, retrieval failed. */
static const char TEXT[] = "method,scale,only" COLUMNS "base,,,in" MEAN
                           "20,15,25,2,,done\n"
                           "base,,,in,a,accuracy,1,1,1,2,3.5,done\n"
                           "glider,10,\"a,b\",in" MEAN
                           "50,45,55,2,,done\n"
                           "glider,10,c,in" MEAN
                           "40,35,45,2,,done\n"
                           "glider,3,\"a,b\",in" MEAN
                           "30,25,35,2,,done\n"
                           "glider,3,c,in" MEAN
                           "60,55,65,2,,done\n"
                           "glider,3,c,\"held \"\"out\"\"\"" MEAN
                           "61,55,65,2,,done\n"
                           "glider,10,c,\"held \"\"out\"\"\"" MEAN
                           ",,,,,failed\n"
                           "glider,100,c,in" MEAN "70,65,75,2,,done\n";

static void test_reading(void **state) {
  Ablation a;
  Error err = {0};
  expect_ok("read", read_text(&a, *state, TEXT, &err), &err);
  assert_int_equal(a.axes, 2);
  assert_string_equal(a.axis[1], "only");
  assert_int_equal(a.rows, 8); /* the cell of a task is none */
  assert_string_equal(a.row[1].value[1], "a,b");
  assert_true(a.row[1].score == 50 && a.row[1].low == 45 && a.row[1].high == 55);
  assert_int_equal(a.groups, 2);
  assert_string_equal(a.group[1], "held \"out\"");
  assert_false(a.row[6].scored);
  assert_string_equal(a.pool, "");
  ablation_free(&a);
}

static char *table(const Ablation *a, int axis) {
  Curves c;
  char *text;
  size_t size;
  Error err = {0};
  expect_ok("curves", curves_make(&c, a, axis, &err), &err);
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  expect_ok("print", curves_print(&c, a, out, &err), &err);
  assert_int_equal(fclose(out), 0);
  curves_free(&c);
  return text;
}

static void test_curves(void **state) {
  Ablation a;
  Error err = {0};
  expect_ok("read", read_text(&a, *state, TEXT, &err), &err);
  char *scale = table(&a, 0), *only = table(&a, 1);
  assert_string_equal(
      scale,
      "scale, in: accuracy, percent (± half of the 95 % interval), mean over tasks\n"
      "scale                     3          10         100\n"
      "base              20.0 ±5.0   20.0 ±5.0   20.0 ±5.0\n"
      "glider, only a,b  30.0 ±5.0   50.0 ±5.0      -\n"
      "glider, only c    60.0 ±5.0   40.0 ±5.0   70.0 ±5.0\n"
      "\n"
      "scale, held \"out\": accuracy, percent (± half of the 95 % interval), mean over tasks\n"
      "scale                   3       10   100\n"
      "glider, only c  61.0 ±5.0   failed     -\n"
      "\n");
  assert_string_equal(only,
                      "only, in: accuracy, percent (± half of the 95 % interval), mean over tasks\n"
                      "only                    a,b           c\n"
                      "base              20.0 ±5.0   20.0 ±5.0\n"
                      "glider, scale 10  50.0 ±5.0   40.0 ±5.0\n"
                      "glider, scale 3   30.0 ±5.0   60.0 ±5.0\n"
                      "\n");
  free(scale);
  free(only);
  ablation_free(&a);
}

/* phatgoose reads no scale: along the router it is on every curve, along the scale a reference. */
static void test_an_axis_that_some_do_not_read(void **state) {
  static const char ROUTERS[] = "method,router,scale" COLUMNS "m,phatgoose,,in" MEAN
                                "10,5,15,2,,done\n"
                                "m,glider,3,in" MEAN
                                "30,25,35,2,,done\n"
                                "m,glider,9,in" MEAN "40,35,45,2,,done\n";
  Ablation a;
  Error err = {0};
  expect_ok("read", read_text(&a, *state, ROUTERS, &err), &err);
  char *router = table(&a, 0), *scale = table(&a, 1);
  assert_string_equal(
      router,
      "router, in: accuracy, percent (± half of the 95 % interval), mean over tasks\n"
      "router      phatgoose      glider\n"
      "m, scale 3  10.0 ±5.0   30.0 ±5.0\n"
      "m, scale 9  10.0 ±5.0   40.0 ±5.0\n"
      "\n");
  assert_string_equal(
      scale,
      "scale, in: accuracy, percent (± half of the 95 % interval), mean over tasks\n"
      "scale                        3           9\n"
      "m, router phatgoose  10.0 ±5.0   10.0 ±5.0\n"
      "m, router glider     30.0 ±5.0   40.0 ±5.0\n"
      "\n");
  free(router);
  free(scale);
  ablation_free(&a);
}

static void test_refusals(void **state) {
  static const struct {
    const char *text, *words;
  } CASES[] = {
      {"", "line 1|columns"},
      {"a,b\n", "line 1|columns"},
      {"method,group,task\n", "line 1|columns"},
      {"method" COLUMNS, "line 1|columns"},
      {"method,k" COLUMNS, "no means"},
      {"method,k" COLUMNS "m,1,in" MEAN "1,1,1,2\n", "line 2|number of columns"},
      {"method,k" COLUMNS "m,1,in" MEAN "many,1,1,2,,done\n", "line 2|numbers"},
      {"method,k" COLUMNS "m,1,in" MEAN ",,,2,,done\n", "line 2|numbers"},
      {"method,k" COLUMNS "m,1,in" MEAN "nan,1,1,2,,done\n", "line 2|numbers"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Ablation a;
    Error err = {0};
    Status status = read_text(&a, *state, CASES[i].text, &err);
    expect_error(CASES[i].text, status, &err, STATUS_INPUT, "ablation.csv");
    expect_error(CASES[i].text, status, &err, STATUS_INPUT, CASES[i].words);
    ablation_free(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reading),
      cmocka_unit_test(test_curves),
      cmocka_unit_test(test_an_axis_that_some_do_not_read),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
