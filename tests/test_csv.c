/* Rows of commas: what is written reads back, is safe in a spreadsheet, and foreign ones read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/csv.h"
#include "tests/scratch.h"

/* The text of one row of `fields`, each followed by a comma but the last. */
static char *write_row(const char *const *field, int fields) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  for (int i = 0; i < fields; i++) {
    if (i) fputc(',', out);
    csv_put(out, field[i]);
  }
  fputc('\n', out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static const struct {
  const char *text, *written;
} FIELDS[] = {
    {"plain", "plain"},
    {"two words", "two words"},
    {"a,b", "\"a,b\""},
    {"a;=1", "\"a;=1\""},
    {"a\tb", "\"a\tb\""},
    {"say \"no\"", "\"say \"\"no\"\"\""},
    {"a\nb", "\"a\nb\""},
    {"a\r\nb", "\"a\r\nb\""},
    {"=1+1", "'=1+1"},
    {"=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""},
    {"@SUM(1)", "'@SUM(1)"},
    {"+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
    {"-1+1", "'-1+1"},
    {"-x", "'-x"},
    {"-", "'-"},
    {"\t=1", "\"'\t=1\""},
    {"\r=1", "\"'\r=1\""},
    {"'tis", "''tis"},
    {"-1", "-1"},
    {"-1.5e-3", "-1.5e-3"},
    {"+.5", "+.5"},
    {"-inf", "'-inf"},
    {"-0x1p3", "'-0x1p3"},
    {"\xef\xbb\xbf=x", "\"\xef\xbb\xbf=x\""},
    {"", ""},
};
enum { COUNT = sizeof FIELDS / sizeof *FIELDS };

static void fields_are_written_for_spreadsheets_and_read_back(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    char *const field[] = {(char *)(uintptr_t)FIELDS[i].text, (char *)(uintptr_t) "x"};
    char *text = write_row((const char *const *)field, 2), *got[2], want[80];
    snprintf(want, sizeof want, "%s,x\n", FIELDS[i].written);
    assert_string_equal(text, want);
    CsvReader r;
    Error err = {0};
    int n;
    expect_ok(FIELDS[i].text, csv_open(&r, "t", text, strlen(text), &err), &err);
    expect_ok(FIELDS[i].text, csv_read(&r, got, 2, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(got[0], FIELDS[i].text);
    assert_string_equal(got[1], "x");
    expect_ok("end", csv_read(&r, got, 2, &n, &err), &err);
    assert_int_equal(n, 0);
    free(text);
  }
}

/* As other programs write it: a mark, CRLF, quotes around everything, no last end of line. */
static void foreign_rows_are_read(void **state) {
  (void)state;
  char text[] =
      "\xef\xbb\xbf"
      "a,\"b\"\r\n\r\n\"c\nd\",\"\"\"\",\"\"\n,\ne,f,g,h";
  static const char *const want[][3] = {{"a", "b"}, {"c\nd", "\"", ""}, {"", ""}, {"e", "f", "g"}};
  static const int fields[] = {2, 3, 2, 4}, line[] = {1, 3, 5, 6};
  CsvReader r;
  Error err = {0};
  char *got[3];
  int n;
  expect_ok("open", csv_open(&r, "t", text, sizeof text - 1, &err), &err);
  for (int row = 0; row < 4; row++) {
    expect_ok("row", csv_read(&r, got, 3, &n, &err), &err);
    assert_int_equal(n, fields[row]);
    assert_int_equal(r.line, line[row]);
    for (int i = 0; i < n && i < 3; i++) assert_string_equal(got[i], want[row][i]);
  }
  expect_ok("end", csv_read(&r, got, 3, &n, &err), &err);
  assert_int_equal(n, 0);
}

static void what_is_no_csv_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t size;
    const char *words;
  } cases[] = {
      {"a,b\n\"c", 6, "t: line 2: the quotes"},
      {"a,\"b\"c\n", 7, "t: line 1: the quotes"},
      {"a\0b", 3, "t: byte 1: a NUL byte"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[16] = {0}, *got[2];
    CsvReader r;
    Error err = {0};
    int n = 1;
    memcpy(text, cases[i].text, cases[i].size);
    Status status = csv_open(&r, "t", text, cases[i].size, &err);
    while (status == STATUS_OK && n) status = csv_read(&r, got, 2, &n, &err);
    expect_error(cases[i].words, status, &err, STATUS_INPUT, cases[i].words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_are_written_for_spreadsheets_and_read_back),
      cmocka_unit_test(foreign_rows_are_read),
      cmocka_unit_test(what_is_no_csv_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
