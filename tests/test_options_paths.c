/* Paths that files name: beside the file, then in the working directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/hub.h"
#include "data/file/path_search.h"
#include "data/options/options_paths.h"
#include "tests/scratch.h"
#include "tests/settings.h"

/* work/conf/run.yaml; x is beside it, y in work, z in both; work/link leads to work/far/deep. */
static void setup_files(Scratch *s) {
  assert_int_equal(mkdir(scratch_path(s, "conf"), 0777), 0);
  scratch_write(s, "conf/x", "", 0);
  scratch_write(s, "y", "", 0);
  scratch_write(s, "conf/z", "", 0);
  scratch_write(s, "z", "", 0);
  assert_int_equal(mkdir(scratch_path(s, "far"), 0777), 0);
  assert_int_equal(mkdir(scratch_path(s, "far/deep"), 0777), 0);
  scratch_write(s, "far/w", "", 0);
  assert_int_equal(symlink("far/deep", scratch_path(s, "link")), 0);
  assert_int_equal(chdir(s->dir), 0);
}

static void beside_the_file_comes_first(void **state) {
  setup_files(*state);
  static const struct {
    const char *file, *name, *path;
    PathFound found;
  } CASE[] = {
      {"conf/run.yaml", "x", "conf/x", PATH_BESIDE},
      {"conf/run.yaml", "../conf/x", "conf/x", PATH_BESIDE},
      {"far/deep/run.yaml", "../../y", "y", PATH_BESIDE},
      {"link/run.yaml", "../w", "link/../w", PATH_BESIDE},
      {"conf/run.yaml", "y", "y", PATH_WORKING},
      {"conf/run.yaml", "z", "conf/z", PATH_DOUBLE},
      {"conf/run.yaml", "none", "none", PATH_NOWHERE},
      {"conf/run.yaml", "/none", "/none", PATH_GIVEN},
      {"run.yaml", "y", "y", PATH_BESIDE},
      {"./run.yaml", "y", "y", PATH_BESIDE},
      {"conf/./run.yaml", "x", "conf/x", PATH_BESIDE},
      {"conf/run.yaml", "~/a", "/home/a", PATH_GIVEN},
      {"conf/run.yaml", "~", "/home", PATH_GIVEN},
      {"conf/run.yaml", "~a/b", "~a/b", PATH_NOWHERE},
  };
  assert_int_equal(setenv("HOME", "/home", 1), 0);
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    PathFound found;
    char *path = path_search(CASE[i].file, CASE[i].name, &found);
    assert_string_equal(path, CASE[i].path);
    assert_int_equal(found, CASE[i].found);
    free(path);
  }
}

static char said[512];

static void hear(const char *line) {
  strncat(said, line, sizeof said - strlen(said) - 1);
  strncat(said, "\n", sizeof said - strlen(said) - 1);
}

static void read_paths(Fixture *f, const char *text) {
  Error err = {0};
  fixture_init(f);
  expect_ok(text, options_read_text(&f->o, text, strlen(text), "conf/run.yaml", &err), &err);
  said[0] = '\0';
  options_tell_paths(&f->o, "conf/run.yaml", hear);
}

static void what_was_found_where_is_said(void **state) {
  Fixture f;
  setup_files(*state);
  read_paths(&f, "data: {train: x}");
  assert_string_equal(f.s.train, "conf/x");
  assert_string_equal(said, "");
  options_free(&f.o);
  read_paths(&f, "data: {train: y}");
  assert_string_equal(f.s.train, "y");
  assert_string_equal(said,
                      "conf/run.yaml: data.train: y: taken from the working directory, not being "
                      "beside the file\n");
  options_free(&f.o);
  read_paths(&f, "data: {train: z}");
  assert_string_equal(f.s.train, "conf/z");
  assert_non_null(strstr(said, "data.train: conf/z: taken from beside the file; the working"));
  options_free(&f.o);
}

/* A path that leads nowhere may be replaced by the command line. */
static void what_is_nowhere_is_refused_at_the_end(void **state) {
  Fixture f, copy;
  Error err = {0};
  setup_files(*state);
  read_paths(&f, "data:\n  train: none");
  fixture_init(&copy);
  expect_ok("copy", options_copy(&copy.o, &f.o, &err), &err);
  expect_error("nowhere", options_check_paths(&f.o, &err), &err, STATUS_INPUT,
               "conf/run.yaml:2:10: data.train: 'none' is neither beside the file, in conf, nor in "
               "the working directory");
  err = (Error){0};
  expect_error("copied", options_check_paths(&copy.o, &err), &err, STATUS_INPUT,
               "'none' is neither");
  err = (Error){0};
  expect_ok("assign", options_assign(&f.o, "data.train=other", &err), &err);
  expect_ok("replaced", options_check_paths(&f.o, &err), &err);
  options_free(&copy.o);
  options_free(&f.o);
}

static void the_command_line_is_of_the_working_directory(void **state) {
  Fixture f;
  Error err = {0};
  setup_files(*state);
  read_paths(&f, "data: {train: x}");
  expect_ok("assign", options_assign(&f.o, "data.train=x", &err), &err);
  assert_string_equal(f.s.train, "x");
  assert_int_equal(setenv("HOME", "/home", 1), 0);
  expect_ok("home", options_assign(&f.o, "data.train=~/x", &err), &err);
  assert_string_equal(f.s.train, "/home/x");
  options_free(&f.o);
}

static void names_of_the_hub_are_known(void **state) {
  setup_files(*state);
  static const char *const NAME[] = {"google/flan-t5-base", "google/t5-v1.1", "a/b"};
  for (size_t i = 0; i < sizeof NAME / sizeof *NAME; i++) {
    char command[100];
    snprintf(command, sizeof command, "hf download %s --local-dir", NAME[i]);
    assert_non_null(strstr(hub_hint(NAME[i]).text, command));
  }
  /* One folder, three, one that is there, a file's name, no name. */
  static const char *const NONE[] = {"t5", "a/b/c", "conf/t5", "a/t5.jsonl",
                                     "/a", "a/",    "./a",     "a b/c"};
  for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++)
    assert_string_equal(hub_hint(NONE[i]).text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(beside_the_file_comes_first),
      TEST(what_was_found_where_is_said),
      TEST(what_is_nowhere_is_refused_at_the_end),
      TEST(the_command_line_is_of_the_working_directory),
      TEST(names_of_the_hub_are_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
