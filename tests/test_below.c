/* What is below a directory that somebody named: no link there leads out of it, whatever is done;
 * and what processes that died have left is removed from it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/temporary.h"
#include "tests/scratch.h"

static void expect_content(const char *path, const char *want) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(path, file_read(path, 1000, &text, &size, &err), &err);
  assert_string_equal(text, want);
  free(text);
}

static void make_dir(Scratch *s, const char *name) {
  assert_int_equal(mkdir(scratch_path(s, name), 0777), 0);
}

static void make_link(Scratch *s, const char *to, const char *name) {
  assert_int_equal(symlink(to, scratch_path(s, name)), 0);
}

/* "below": a directory as it may come from a stranger, with links out of it to "outside". */
static const char *below(Scratch *s, const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/below/./%s", s->dir, name);
  return path;
}

static void make_hostile(Scratch *s) {
  make_dir(s, "outside");
  make_dir(s, "below");
  make_dir(s, "below/plain");
  scratch_write(s, "outside/precious", "mine", 4);
  scratch_write(s, "below/plain/file", "here", 4);
  make_link(s, "../outside", "below/folder");
  make_link(s, "../outside/precious", "below/file");
  make_link(s, "../outside/new", "below/dangling");
  assert_int_equal(mkfifo(scratch_path(s, "below/fifo"), 0600), 0);
}

static void links_below_a_mark_are_refused_by_name(void **state) {
  Scratch *s = *state;
  make_hostile(s);
  static const char *const names[] = {"folder/precious", "file", "folder", "dangling"};
  static const char *const link[] = {"folder", "file", "folder", "dangling"};
  for (int i = 0; i < 4; i++) {
    char words[200], *text;
    size_t size;
    MappedFile f;
    FILE *stream;
    AtomicFile out;
    DirNames list;
    Error e[9] = {0};
    const char *path = below(s, names[i]);
    snprintf(words, sizeof words, "/below/%s: is a symbolic link; nothing below |/below may be one",
             link[i]);
    expect_error("read", file_read(path, 100, &text, &size, &e[0]), &e[0], STATUS_INPUT, words);
    expect_error("map", mapped_open(&f, path, &e[1]), &e[1], STATUS_INPUT, words);
    expect_error("write", file_write(path, "x", 1, &e[2]), &e[2], STATUS_RUN, words);
    expect_error("append", file_append(&stream, path, &e[3]), &e[3], STATUS_RUN, words);
    expect_error("open", atomic_open(&out, path, &e[4]), &e[4], STATUS_RUN, words);
    expect_error("make", dir_make(path, &e[5]), &e[5], STATUS_RUN, words);
    expect_error("remove", dir_remove(path, &e[6]), &e[6], STATUS_RUN, words);
    expect_error("list", dir_names(&list, path, &e[7]), &e[7], STATUS_INPUT, words);
    expect_error("unlink", file_remove(below(s, "folder/precious"), &e[8]), &e[8], STATUS_RUN,
                 "/below/folder: is a symbolic link");
  }
  expect_content(scratch_path(s, "outside/precious"), "mine");
  assert_int_equal(access(scratch_path(s, "outside/new"), F_OK), -1);
}

static void what_is_no_file_below_a_mark_is_refused(void **state) {
  Scratch *s = *state;
  char *text;
  size_t size;
  FILE *stream;
  Error e[5] = {0};
  Status got = file_read(below(s, "fifo"), 10, &text, &size, &e[0]);
  expect_error("fifo", got, &e[0], STATUS_INPUT, "/below/fifo: is not a regular file");
  got = file_append(&stream, below(s, "fifo"), &e[1]);
  expect_error("append", got, &e[1], STATUS_RUN, "/below/fifo: ");
  got = file_write(below(s, "fifo"), "x", 1, &e[2]);
  expect_error("write", got, &e[2], STATUS_RUN, "/below/fifo: is not a regular file");
  got = file_read(below(s, "../outside/precious"), 10, &text, &size, &e[3]);
  expect_error("up", got, &e[3], STATUS_INPUT, "Invalid argument");
  got = file_read(below(s, "plain/file/"), 10, &text, &size, &e[4]);
  expect_error("slash", got, &e[4], STATUS_INPUT, "");
}

/* The directory that is named may be a link, and everything works below it. */
static void what_is_below_a_mark_is_as_elsewhere(void **state) {
  Scratch *s = *state;
  char path[PATH_MAX];
  Error err = {0};
  FILE *stream;
  DirNames list;
  make_link(s, "below", "named");
  snprintf(path, sizeof path, "%s/named/./a/b/c", s->dir);
  expect_ok("make", dir_make(path, &err), &err);
  snprintf(path, sizeof path, "%s/named/./a/b/c/f", s->dir);
  expect_ok("write", file_write(path, "12", 2, &err), &err);
  expect_ok("append", file_append(&stream, path, &err), &err);
  fputs("34", stream);
  fclose(stream);
  expect_content(path, "1234");
  assert_true(file_exists(path));
  snprintf(path, sizeof path, "%s/named/./a/b/c", s->dir);
  expect_ok("list", dir_names(&list, path, &err), &err);
  assert_int_equal(list.count, 1);
  assert_string_equal(list.name[0], "f");
  dir_names_free(&list);
  snprintf(path, sizeof path, "%s/named/./a", s->dir);
  expect_ok("remove", dir_remove(path, &err), &err);
  assert_false(file_exists(path));
  expect_ok("again", dir_remove(path, &err), &err);
  expect_ok("missing", dir_names(&list, path, &err), &err);
  assert_int_equal(list.count, 0);
}

/* Only names of the program's own temporaries, of processes that are gone, go. */
/* A process that was. */
static int dead_process(void) {
  pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, NULL, 0);
  return (int)dead;
}

static void a_sweep_takes_what_the_dead_have_left(void **state) {
  Scratch *s = *state;
  int dead = dead_process();
  char gone[64], deep[64], living[64];
  snprintf(gone, sizeof gone, "sweep/a.json.tmp.%d.0123456789abcdef", dead);
  snprintf(deep, sizeof deep, "sweep/x/y/.gate.tmp.%d.0123456789abcdef", dead);
  snprintf(living, sizeof living, "sweep/a.json.tmp.%d.0123456789abcdef", (int)getpid());
  const char *const kept[] = {living,
                              "sweep/a.tmp.1234567.123",
                              "sweep/a.tmp.12x.0123456789abcdef",
                              "sweep/tmp.1.0123456789abcdef",
                              "sweep/a.tmp..0123456789abcdef",
                              "sweep/mine.json"};
  make_dir(s, "sweep");
  make_dir(s, "sweep/x");
  make_dir(s, "sweep/x/y");
  make_link(s, "../outside", "sweep/link");
  scratch_write(s, gone, "", 0);
  scratch_write(s, deep, "", 0);
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) scratch_write(s, kept[i], "", 0);
  dir_sweep(scratch_path(s, "sweep"));
  assert_int_equal(access(scratch_path(s, gone), F_OK), -1);
  assert_int_equal(access(scratch_path(s, deep), F_OK), -1);
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
    assert_int_equal(access(scratch_path(s, kept[i]), F_OK), 0);
}

static void an_output_takes_away_what_the_dead_have_left_of_it(void **state) {
  Scratch *s = *state;
  Error err = {0};
  int dead = dead_process();
  char gone[64], other[64], living[64];
  snprintf(gone, sizeof gone, "below/out/a.json.tmp.%d.0123456789abcdef", dead);
  snprintf(other, sizeof other, "below/out/b.json.tmp.%d.0123456789abcdef", dead);
  snprintf(living, sizeof living, "below/out/a.json.tmp.%d.0123456789abcdef", (int)getpid());
  make_dir(s, "below/out");
  const char *const names[] = {gone, other, living};
  for (int i = 0; i < 3; i++) scratch_write(s, names[i], "", 0);
  expect_ok("write", file_write(scratch_path(s, "below/out/a.json"), "a", 1, &err), &err);
  assert_int_equal(access(scratch_path(s, gone), F_OK), -1);
  assert_int_equal(access(scratch_path(s, other), F_OK), 0);
  assert_int_equal(access(scratch_path(s, living), F_OK), 0);
  scratch_write(s, gone, "", 0);
  expect_ok("write below", file_write(below(s, "out/b.json"), "b", 1, &err), &err);
  assert_int_equal(access(scratch_path(s, other), F_OK), -1);
  assert_int_equal(access(scratch_path(s, gone), F_OK), 0);
}

static void a_temporary_takes_away_those_of_the_dead(void **state) {
  Scratch *s = *state;
  Error err = {0};
  char gone[64], living[64], *made;
  snprintf(gone, sizeof gone, "temporary/skein-%d-abcdef", dead_process());
  snprintf(living, sizeof living, "temporary/skein-%d-abcdef", (int)getpid());
  const char *const kept[] = {living, "temporary/skein-abcdef", "temporary/skein-12-",
                              "temporary/x"};
  make_dir(s, "temporary");
  make_dir(s, gone);
  for (int i = 0; i < 4; i++) make_dir(s, kept[i]);
  setenv("TMPDIR", scratch_path(s, "temporary"), 1);
  expect_ok("make", temporary_dir(&made, "a test", &err), &err);
  unsetenv("TMPDIR");
  assert_int_equal(access(scratch_path(s, gone), F_OK), -1);
  for (int i = 0; i < 4; i++) assert_int_equal(access(scratch_path(s, kept[i]), F_OK), 0);
  assert_int_equal(rmdir(made), 0);
  free(made);
}

/* Whether a name is there cannot be told behind a link that is refused. */
static void what_cannot_be_told_may_be_there(void **state) {
  Scratch *s = *state;
  Error err = {0};
  bool there;
  make_link(s, "nowhere", "below/leads");
  assert_true(file_exists(below(s, "leads/a")));
  assert_true(dir_exists(below(s, "leads/a")));
  expect_error("look", file_look(below(s, "leads/a"), &there, &err), &err, STATUS_INPUT, "leads");
  err = (Error){0};
  assert_false(file_exists(below(s, "none/a")));
  expect_ok("look", file_look(below(s, "none/a"), &there, &err), &err);
  assert_false(there);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(links_below_a_mark_are_refused_by_name),
      cmocka_unit_test(what_is_no_file_below_a_mark_is_refused),
      cmocka_unit_test(what_is_below_a_mark_is_as_elsewhere),
      cmocka_unit_test(a_sweep_takes_what_the_dead_have_left),
      cmocka_unit_test(an_output_takes_away_what_the_dead_have_left_of_it),
      cmocka_unit_test(a_temporary_takes_away_those_of_the_dead),
      cmocka_unit_test(what_cannot_be_told_may_be_there),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
