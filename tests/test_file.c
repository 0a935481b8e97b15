/* file: hostile inputs are refused by name, outputs appear whole or not at all. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/scratch.h"

static void expect_content(const char *path, const char *want) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok(path, file_read(path, 1000, &text, &size, &err), &err);
  assert_int_equal(size, strlen(want));
  assert_string_equal(text, want);
  free(text);
}

static void paths(void **state) {
  (void)state;
  const char *const joined[][3] = {
      {"a", "b", "a/b"}, {"a/", "b", "a//b"}, {"a", "/b", "/b"}, {".", "b/c", "./b/c"}};
  const char *const parents[][2] = {{"a/b", "a"},    {"a", "."},    {"/a", "/"},
                                    {"/a/b/", "/a"}, {"a//b", "a"}, {"/", "/"}};
  for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
    char *path = path_join(joined[i][0], joined[i][1]);
    assert_string_equal(path, joined[i][2]);
    free(path);
  }
  for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
    char *path = path_parent(parents[i][0]);
    assert_string_equal(path, parents[i][1]);
    free(path);
  }
}

static void regular_files_are_mapped(void **state) {
  Scratch *s = *state;
  MappedFile f;
  Error err = {0};
  expect_ok("map", mapped_open(&f, scratch_write(s, "in", "a\0b", 3), &err), &err);
  assert_int_equal(f.size, 3);
  assert_memory_equal(f.data, "a\0b", 3);
  assert_string_equal(f.path, s->path);
  mapped_close(&f);
  mapped_close(&f);
  expect_ok("empty", mapped_open(&f, scratch_write(s, "empty", "", 0), &err), &err);
  assert_int_equal(f.size, 0);
  assert_null(f.data);
  mapped_close(&f);
}

/* Each of these must come back at once, from both readers. */
static void other_things_are_refused_by_name(void **state) {
  Scratch *s = *state;
  assert_int_equal(mkfifo(scratch_path(s, "fifo"), 0600), 0);
  assert_int_equal(symlink("nowhere", scratch_path(s, "dangling")), 0);
  assert_int_equal(symlink("loop", scratch_path(s, "loop")), 0);
  const struct {
    const char *name, *words;
  } cases[] = {
      {"missing", "/missing: cannot open: No such file"},
      {".", "/.: is a directory"},
      {"fifo", "/fifo: is not a regular file"},
      {"dangling", "/dangling: cannot open: No such file"},
      {"loop", "/loop: cannot open: Too many levels"},
      {"in/side", "/in/side: cannot open"},
      {"../../dev/zero", "dev/zero: is not a regular file"},
      {"new\nline\033[2J", "/new\\x0aline\\x1b[2J: cannot open"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *path = scratch_path(s, cases[i].name);
    MappedFile f;
    char *text;
    size_t size;
    Error map_err = {0}, read_err = {0};
    expect_error(path, mapped_open(&f, path, &map_err), &map_err, STATUS_INPUT, cases[i].words);
    assert_null(f.path);
    Status got = file_read(path, 100, &text, &size, &read_err);
    expect_error(path, got, &read_err, STATUS_INPUT, cases[i].words);
    assert_null(text);
  }
}

/* Writes into the file that is there, keeping its inode. */
static void write_in_place(const char *path, const char *text) {
  FILE *f = fopen(path, "r+b");
  assert_non_null(f);
  fputs(text, f);
  assert_int_equal(fclose(f), 0);
}

static void changes_to_a_mapped_file_are_noticed(void **state) {
  Scratch *s = *state;
  char path[PATH_MAX], other[PATH_MAX];
  snprintf(path, sizeof path, "%s", scratch_write(s, "changing", "12345678", 8));
  snprintf(other, sizeof other, "%s", scratch_write(s, "other", "abcdefgh", 8));
  const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
  assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
  MappedFile f;
  Error err = {0};
  expect_ok("map", mapped_open(&f, path, &err), &err);
  expect_ok("unchanged", mapped_unchanged(&f, &err), &err);

  write_in_place(path, "123456789");
  expect_error("grown", mapped_unchanged(&f, &err), &err, STATUS_INPUT,
               "changing: changed size|9 bytes, was 8");
  assert_int_equal(truncate(path, 8), 0);
  write_in_place(path, "1234X678");
  err = (Error){0};
  expect_error("edited", mapped_unchanged(&f, &err), &err, STATUS_INPUT,
               "changing: was written to");
  assert_int_equal(rename(other, path), 0);
  err = (Error){0};
  expect_error("replaced", mapped_unchanged(&f, &err), &err, STATUS_INPUT,
               "changing: was replaced");
  assert_int_equal(unlink(path), 0);
  err = (Error){0};
  expect_error("removed", mapped_unchanged(&f, &err), &err, STATUS_INPUT,
               "changing: went away|No such file");
  mapped_close(&f);
}

static void reading_has_a_limit(void **state) {
  Scratch *s = *state;
  char *text;
  size_t size;
  Error err = {0};
  const char *path = scratch_write(s, "five", "ab\0de", 5);
  expect_ok("at the limit", file_read(path, 5, &text, &size, &err), &err);
  assert_int_equal(size, 5);
  assert_memory_equal(text, "ab\0de", 6);
  free(text);
  Status got = file_read(path, 4, &text, &size, &err);
  expect_error("above the limit", got, &err, STATUS_INPUT, "/five: has 5 bytes, at most 4");
}

/* Whatever the file was to be. */
static void a_pointer_is_not_read(void **state) {
  Scratch *s = *state;
  static const char pointer[] =
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
  char *text;
  size_t size;
  Error err = {0};
  const char *path = scratch_write(s, "pointer", pointer, strlen(pointer));
  Status got = file_read(path, 1000, &text, &size, &err);
  expect_error("pointer", got, &err, STATUS_INPUT, "/pointer: |a Git LFS pointer|`git lfs pull`");
  assert_null(text);
  err = (Error){0};
  path = scratch_write(s, "text", pointer, strcspn(pointer, "\n"));
  expect_ok("a text about pointers", file_read(path, 1000, &text, &size, &err), &err);
  free(text);
}

static void an_output_appears_when_it_is_committed(void **state) {
  Scratch *s = *state;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", scratch_path(s, "out"));
  AtomicFile f;
  Error err = {0};
  int before = scratch_count(s);
  expect_ok("open", atomic_open(&f, path, &err), &err);
  fprintf(f.stream, "first");
  assert_int_equal(access(path, F_OK), -1);
  expect_ok("commit", atomic_commit(&f, &err), &err);
  expect_content(path, "first");
  assert_int_equal(scratch_count(s), before + 1);

  assert_int_equal(chmod(path, 0640), 0);
  expect_ok("open", atomic_open(&f, path, &err), &err);
  fprintf(f.stream, "second");
  fflush(f.stream);
  expect_content(path, "first");
  atomic_abort(&f);
  atomic_abort(&f);
  expect_content(path, "first");
  assert_int_equal(scratch_count(s), before + 1);

  expect_ok("replace", file_write(path, "third", 5, &err), &err);
  expect_content(path, "third");
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0640);
}

static void only_regular_files_are_replaced(void **state) {
  Scratch *s = *state;
  char target[PATH_MAX];
  Error err = {0};
  assert_int_equal(mkfifo(scratch_path(s, "pipe"), 0600), 0);
  expect_error("fifo", file_write(s->path, "x", 1, &err), &err, STATUS_RUN,
               "/pipe: is not a regular file and will not be replaced");
  err = (Error){0};
  expect_error("directory", file_write(s->dir, "x", 1, &err), &err, STATUS_RUN,
               "is not a regular file");
  err = (Error){0};
  expect_error("no directory", file_write(scratch_path(s, "no/where"), "x", 1, &err), &err,
               STATUS_RUN, "no/where: cannot create a file in its directory: No such file");
  err = (Error){0};
  snprintf(target, sizeof target, "%s", scratch_write(s, "target", "kept", 4));
  assert_int_equal(symlink(target, scratch_path(s, "link")), 0);
  expect_ok("link", file_write(s->path, "new", 3, &err), &err);
  expect_content(s->path, "new");
  expect_content(target, "kept");
}

static void a_failed_write_leaves_the_old_file(void **state) {
  Scratch *s = *state;
  enum { LIMIT = 100000, SIZE = 300000 };
  char *big = calloc(1, SIZE);
  Error err = {0};
  expect_ok("old", file_write(scratch_path(s, "limited"), "old", 3, &err), &err);
  int before = scratch_count(s);
  struct rlimit saved, small = {.rlim_cur = LIMIT};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
  small.rlim_max = saved.rlim_max;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  Status got = file_write(s->path, big, SIZE, &err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
  signal(SIGXFSZ, handler);
  free(big);
  expect_error("full", got, &err, STATUS_RUN, "/limited: cannot write: File too large");
  expect_content(s->path, "old");
  assert_int_equal(scratch_count(s), before);
}

static void a_lost_directory_is_an_error(void **state) {
  Scratch *s = *state;
  char dir[PATH_MAX];
  AtomicFile f;
  Error err = {0};
  snprintf(dir, sizeof dir, "%s", scratch_path(s, "lost"));
  expect_ok("make", dir_make(dir, &err), &err);
  expect_ok("open", atomic_open(&f, scratch_path(s, "lost/file"), &err), &err);
  expect_ok("remove", dir_remove(dir, &err), &err);
  expect_error("commit", atomic_commit(&f, &err), &err, STATUS_RUN, "lost/file|No such file");
  assert_null(f.stream);
}

static void directories_are_made_with_their_parents(void **state) {
  Scratch *s = *state;
  Error err = {0};
  expect_ok("deep", dir_make(scratch_path(s, "d/e//f/"), &err), &err);
  expect_ok("again", dir_make(scratch_path(s, "d/e/f"), &err), &err);
  struct stat info;
  assert_int_equal(stat(s->path, &info), 0);
  assert_true(S_ISDIR(info.st_mode));
  scratch_write(s, "d/file", "x", 1);
  expect_error("file in the way", dir_make(scratch_path(s, "d/file/g"), &err), &err, STATUS_RUN,
               "d/file: cannot make the directory: Not a directory");
  err = (Error){0};
  expect_error("home", dir_make("~/runs", &err), &err, STATUS_USAGE,
               "~/runs: ~ is read by shells, and not in quotes or behind =; write the path out, or "
               "./~ for a directory ~");
  assert_int_equal(access("~", F_OK), -1);
  err = (Error){0};
  expect_error("empty path", dir_make("", &err), &err, STATUS_RUN, "cannot make the directory");
}

/* A wrong path is told apart: nothing there, a file, a directory of something else. */
static void a_directory_is_known_by_its_file(void **state) {
  Scratch *s = *state;
  Error err = {0};
  char file[PATH_MAX];
  snprintf(file, sizeof file, "%s", scratch_write(s, "known.json", "{}", 2));
  expect_ok("there", dir_require(s->dir, "known.json", "a T5", &err), &err);
  expect_error("file", dir_require(file, "known.json", "a T5", &err), &err, STATUS_INPUT,
               "/known.json: is no directory; want that of a T5, with its known.json");
  err = (Error){0};
  expect_error("other", dir_require(s->dir, "other.json", "a T5", &err), &err, STATUS_INPUT,
               ": has no other.json, so it is not the directory of a T5");
  err = (Error){0};
  expect_error(
      "home", dir_require("~/t5", "other.json", "a T5", &err), &err, STATUS_INPUT,
      "~/t5: want the directory of a T5 (~ is read by shells|write the path out): No such file");
}

static void a_home_that_is_not_one_is_named(void **state) {
  (void)state;
  MappedFile f;
  Error err = {0};
  expect_error("read", mapped_open(&f, "~/none.jsonl", &err), &err, STATUS_INPUT,
               "~/none.jsonl: cannot open (~ is read by shells, and not in quotes or behind =; "
               "write the path out): No such");
  err = (Error){0};
  expect_error("write", file_write("~/none.jsonl", "x", 1, &err), &err, STATUS_RUN,
               "~/none.jsonl: cannot create a file in its directory (~ is read by shells");
}

static void a_probe_leaves_nothing_behind(void **state) {
  Scratch *s = *state;
  Error err = {0};
  int before = scratch_count(s);
  expect_ok("writable", dir_check_writable(s->dir, &err), &err);
  assert_int_equal(scratch_count(s), before);
  expect_error("missing", dir_check_writable(scratch_path(s, "nothing"), &err), &err, STATUS_RUN,
               "/nothing: cannot create a file in the directory: No such file");
  err = (Error){0};
  expect_error("sync", dir_sync(s->path, &err), &err, STATUS_RUN, "/nothing: cannot open the dir");
}

static void removal_follows_no_links(void **state) {
  Scratch *s = *state;
  char kept[PATH_MAX];
  Error err = {0};
  expect_ok("make", dir_make(scratch_path(s, "kept"), &err), &err);
  snprintf(kept, sizeof kept, "%s", scratch_write(s, "kept/file", "kept", 4));
  expect_ok("make", dir_make(scratch_path(s, "gone/deep/er"), &err), &err);
  scratch_write(s, "gone/deep/file", "x", 1);
  assert_int_equal(symlink("../kept", scratch_path(s, "gone/link")), 0);
  expect_ok("remove", dir_remove(scratch_path(s, "gone"), &err), &err);
  assert_int_equal(access(s->path, F_OK), -1);
  expect_content(kept, "kept");
  expect_ok("missing", dir_remove(scratch_path(s, "gone"), &err), &err);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths),
      cmocka_unit_test(regular_files_are_mapped),
      cmocka_unit_test(other_things_are_refused_by_name),
      cmocka_unit_test(changes_to_a_mapped_file_are_noticed),
      cmocka_unit_test(reading_has_a_limit),
      cmocka_unit_test(a_pointer_is_not_read),
      cmocka_unit_test(an_output_appears_when_it_is_committed),
      cmocka_unit_test(only_regular_files_are_replaced),
      cmocka_unit_test(a_failed_write_leaves_the_old_file),
      cmocka_unit_test(a_lost_directory_is_an_error),
      cmocka_unit_test(directories_are_made_with_their_parents),
      cmocka_unit_test(a_directory_is_known_by_its_file),
      cmocka_unit_test(a_home_that_is_not_one_is_named),
      cmocka_unit_test(a_probe_leaves_nothing_behind),
      cmocka_unit_test(removal_follows_no_links),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
