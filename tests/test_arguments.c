/* Options of commands: what each type reads, what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tools/shell/arguments.h"
#include "tools/shell/command.h"

typedef struct Fields {
  bool json;
  const char *output;
  TextList set;
  int64_t steps;
  double penalty;
  char initial;
} Fields;

static Status parse_initial(void *field, const char *text, Error *err) {
  *(char *)field = text[0];
  return text[1] ? error_set(err, STATUS_USAGE, "'%s' is not one letter", text) : STATUS_OK;
}

enum { READ = 1, WRITE = 2 };
#define AT(field) offsetof(Fields, field)

static const Argument ROWS[] = {
    {"json", .type = ARGUMENT_SWITCH, .offset = AT(json), .forms = READ},
    {"output", 'o', ARGUMENT_TEXT, AT(output), .forms = WRITE},
    {"set", 's', ARGUMENT_TEXTS, .offset = AT(set)},
    {"steps", .type = ARGUMENT_COUNT, .offset = AT(steps), .most = 100},
    {"penalty", .type = ARGUMENT_NUMBER, .offset = AT(penalty)},
    {"initial", .type = ARGUMENT_OTHER, .offset = AT(initial), .parse = parse_initial},
};
static const ArgumentTable TABLE = {ROWS, sizeof ROWS / sizeof *ROWS};

/* Reads the words of `line`, which it cuts; the first is the command. */
static Status read_line(char *line, unsigned form, Fields *f, uint64_t *given, Error *err) {
  static char *argv[16];
  int argc = 0;
  for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
  argv[argc] = NULL;
  optind = 0; /* getopt begins anew */
  return arguments_read(&TABLE, form, f, given, argc, argv, err);
}

static void every_type_is_read(void **state) {
  (void)state;
  Error err = {0};
  Fields f = {.steps = 7};
  uint64_t given;
  char line[] = "demo -s a=1 file --json -o one --output=two --set b=2 --penalty -0.5 --initial x";
  expect_ok("read", read_line(line, 0, &f, &given, &err), &err);
  assert_true(f.json && f.initial == 'x' && f.steps == 7 && f.penalty == -0.5);
  assert_string_equal(f.output, "two");
  assert_int_equal(f.set.count, 2);
  assert_string_equal(f.set.text[0], "a=1");
  assert_string_equal(f.set.text[1], "b=2");
  assert_int_equal(given, 0x37); /* all but steps */
  free(f.set.text);
}

static void wrong_options_are_named(void **state) {
  (void)state;
  static const struct {
    const char *line, *words;
    unsigned form;
  } cases[] = {
      {"demo --bogus", "demo: unknown option --bogus; see skein demo --help", 0},
      {"demo --stpes 3",
       "demo: unknown option --stpes; see skein demo --help; did you mean '--steps'?", 0},
      {"demo -steps 3",
       "demo: unknown option -steps; see skein demo --help; did you mean '--steps'?", 0},
      {"demo -output 3",
       "demo: unknown option -output; see skein demo --help; did you mean '--output'?", 0},
      {"demo --s 3", "demo: option --s is the beginning of several: --set, --steps", 0},
      {"demo -x", "demo: unknown option -x; see skein demo --help", 0},
      {"demo --json=1", "demo: option --json=1 takes no value; see skein demo --help", 0},
      {"demo --output", "demo: option --output wants a value; see skein demo --help", 0},
      {"demo -o", "demo: option -o wants a value; see skein demo --help", 0},
      {"demo -o x", "demo: takes no --output; see skein demo --help", READ},
      {"demo --json", "demo: takes no --json; see skein demo --help", WRITE},
      {"demo --steps 0", "--steps: '0' is not a count from 1 to 100", 0},
      {"demo --steps 101", "--steps: '101' is not a count from 1 to 100", 0},
      {"demo --steps 2x", "--steps: '2x' is not a count from 1 to 100", 0},
      {"demo --penalty inf", "--penalty: 'inf' is not a number", 0},
      {"demo --initial xy", "'xy' is not one letter", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Fields f = {0};
    char line[64];
    strcpy(line, cases[i].line);
    assert_int_equal(read_line(line, cases[i].form, &f, NULL, &err), STATUS_USAGE);
    assert_string_equal(err.text, cases[i].words);
    free(f.set.text);
  }
}

static void options_of_another_form_are_found(void **state) {
  (void)state;
  Error err = {0};
  Fields f = {0};
  uint64_t given;
  char line[] = "demo --json --steps 3 -o x";
  expect_ok("read", read_line(line, 0, &f, &given, &err), &err);
  assert_ptr_equal(arguments_stranger(&TABLE, READ, given), &ROWS[1]);
  assert_ptr_equal(arguments_stranger(&TABLE, WRITE, given), &ROWS[0]);
  assert_null(arguments_stranger(&TABLE, READ | WRITE, given));
  assert_null(arguments_stranger(&TABLE, 0, given));
}

/* A shell makes that of a variable that is not set; as a path it would be the root directory. */
static void what_is_empty_is_refused(void **state) {
  (void)state;
  static const Argument TEXT = {"output", 'o', ARGUMENT_TEXT, AT(output), .forms = 0};
  static const Argument PROSE = {"output", 'o', ARGUMENT_PROSE, AT(output), .forms = 0};
  char *argv[] = {(char[]){"demo"}, (char[]){"-o"}, (char[]){""}, NULL};
  char *operands[] = {(char[]){"demo"}, (char[]){"in"}, (char[]){""}, NULL};
  Error err = {0};
  Fields f = {0};
  optind = 0;
  Status got = arguments_read(&(ArgumentTable){&TEXT, 1}, 0, &f, NULL, 3, argv, &err);
  expect_error("text", got, &err, STATUS_USAGE, "--output: is empty");
  err = (Error){0};
  optind = 0;
  got = arguments_read(&(ArgumentTable){&PROSE, 1}, 0, &f, NULL, 3, argv, &err);
  expect_ok("prose", got, &err);
  assert_string_equal(f.output, "");
  optind = 1;
  got = command_operands(3, operands, 2, 2, "IN or OUT", &err);
  expect_error("operand", got, &err, STATUS_USAGE, "demo: IN or OUT: is empty");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type_is_read),
      cmocka_unit_test(wrong_options_are_named),
      cmocka_unit_test(options_of_another_form_are_found),
      cmocka_unit_test(what_is_empty_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
