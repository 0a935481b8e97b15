/* Digests that are remembered: right whatever is done to a file or to the memory. */
#include <fcntl.h>
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
#include "data/file/known_hash.h"
#include "tests/scratch.h"

/* The digest of "dir/file" as a run learns it; the memory has `files` places. */
static const char *hash_in_a_run(Scratch *s) {
  static char hex[HASH_HEX];
  Error err = {0};
  KnownHashes *k;
  expect_ok("open", known_hashes_open(&k, scratch_path(s, "dir"), 2, &err), &err);
  expect_ok("hash", known_hash(k, 1, scratch_path(s, "dir/file"), hex, &err), &err);
  known_hashes_close(k);
  return hex;
}

static const char *true_hash(Scratch *s) {
  static char hex[HASH_HEX];
  Error err = {0};
  expect_ok("hash", hash_file(scratch_path(s, "dir/file"), hex, &err), &err);
  return hex;
}

/* The memory's file, or NULL while there is none. */
static const char *memory(Scratch *s) {
  static char path[PATH_MAX];
  struct stat info;
  assert_int_equal(stat(scratch_path(s, "dir"), &info), 0);
  snprintf(path, sizeof path, "%s/cache/skein/hashes-%jx-%jx", s->dir, (uintmax_t)info.st_dev,
           (uintmax_t)info.st_ino);
  return access(path, F_OK) == 0 ? path : NULL;
}

/* A file that is old enough to be remembered, and the memory of it. */
static void remember(Scratch *s) {
  for (int tries = 0; tries < 60 && !memory(s); tries++) {
    assert_string_equal(hash_in_a_run(s), true_hash(s));
    usleep(100000);
  }
  assert_non_null(memory(s));
}

static int setup(void **state) {
  if (scratch_setup(state) != 0) return -1;
  Scratch *s = *state;
  setenv("XDG_CACHE_HOME", scratch_path(s, "cache"), 1);
  mkdir(scratch_path(s, "dir"), 0777);
  scratch_write(s, "dir/file", "abc", 3);
  return 0;
}

/* Replaces each `from` in the memory by `to`. */
static void forge(Scratch *s, const char *from, const char *to) {
  char *text;
  size_t size;
  Error err = {0};
  expect_ok("read", file_read(memory(s), 1 << 20, &text, &size, &err), &err);
  char *at = strstr(text, from);
  assert_non_null(at);
  memcpy(at, to, strlen(to));
  expect_ok("write", file_write(memory(s), text, size, &err), &err);
  free(text);
}

static const char FORGED[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* The first test: what follows begins with a memory that is believed. */
static void a_file_is_remembered_once_it_is_old_enough(void **state) {
  Scratch *s = *state;
  struct stat info;
  assert_string_equal(hash_in_a_run(s), true_hash(s));
  assert_null(memory(s)); /* just written: it may be written again without a change of its times */
  remember(s);
  assert_int_equal(stat(memory(s), &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  forge(s, true_hash(s), FORGED); /* that it is believed is seen by what it says */
  assert_string_equal(hash_in_a_run(s), FORGED);
}

/* Same size, same time of writing. */
static void what_was_changed_in_place_is_read_again(void **state) {
  Scratch *s = *state;
  struct stat info;
  const char *path = scratch_path(s, "dir/file");
  assert_int_equal(stat(path, &info), 0);
  int fd = open(path, O_WRONLY);
  assert_int_equal(write(fd, "xyz", 3), 3);
  close(fd);
  const struct timespec times[2] = {info.st_atim, info.st_mtim};
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
  assert_string_equal(hash_in_a_run(s), true_hash(s));
}

static void expect_not_believed(Scratch *s, const char *what) {
  if (strcmp(hash_in_a_run(s), true_hash(s)) != 0) fail_msg("%s: is believed", what);
}

static void a_memory_of_others_is_not_believed(void **state) {
  Scratch *s = *state;
  char folder[PATH_MAX], kept[PATH_MAX];
  assert_int_equal(unlink(memory(s)), 0);
  remember(s);
  forge(s, true_hash(s), FORGED);
  snprintf(folder, sizeof folder, "%s/cache/skein", s->dir);
  snprintf(kept, sizeof kept, "%s/cache/kept", s->dir);
  assert_int_equal(chmod(memory(s), 0620), 0);
  expect_not_believed(s, "a file that the group may write");
  assert_int_equal(chmod(memory(s), 0600), 0);
  assert_int_equal(chmod(folder, 0777), 0);
  expect_not_believed(s, "a folder that everybody may write");
  assert_int_equal(chmod(folder, 0700), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(memory(s), 1, (gid_t)-1), 0);
    expect_not_believed(s, "a file of another user");
    assert_int_equal(chown(memory(s), 0, (gid_t)-1), 0);
  }
  const char *link = memory(s);
  assert_int_equal(rename(link, kept), 0);
  assert_int_equal(symlink(kept, link), 0);
  expect_not_believed(s, "a link");
  assert_int_equal(unlink(link), 0);
}

/* Any damage: none of it is believed in part, and it is written anew. */
static void a_damaged_memory_is_no_memory(void **state) {
  Scratch *s = *state;
  static const char *const TEXT[] = {"",
                                     "skein-hashes 1",
                                     "skein-hashes 2\n",
                                     "skein-hashes 1\n1 2 3\n",
                                     "skein-hashes 1\n\n\n",
                                     "skein-hashes 1\n1 2 3 4 5 zz\n"};
  remember(s);
  for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++) {
    Error err = {0};
    expect_ok("write", file_write(memory(s), TEXT[i], strlen(TEXT[i]), &err), &err);
    assert_string_equal(hash_in_a_run(s), true_hash(s));
    assert_string_equal(hash_in_a_run(s), true_hash(s));
  }
}

static void without_a_place_for_it_files_are_read(void **state) {
  Scratch *s = *state;
  static const char *const PLACE[] = {"relative", "", "/dev/null", "/proc/nowhere"};
  for (size_t i = 0; i < sizeof PLACE / sizeof *PLACE; i++) {
    setenv("XDG_CACHE_HOME", PLACE[i], 1);
    if (i == 0) unsetenv("HOME");
    assert_string_equal(hash_in_a_run(s), true_hash(s));
  }
  assert_int_equal(access("relative", F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_is_remembered_once_it_is_old_enough),
      cmocka_unit_test(what_was_changed_in_place_is_read_again),
      cmocka_unit_test(a_memory_of_others_is_not_believed),
      cmocka_unit_test(a_damaged_memory_is_no_memory),
      cmocka_unit_test(without_a_place_for_it_files_are_read),
  };
  return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
