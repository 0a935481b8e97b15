/* The lock of a file, and what a pool and a run make of it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
#include "data/file/lock.h"
#include "infer/pool/pool_manifest.h"
#include "tests/scratch.h"
#include "train/run_dir.h"

static void one_holder_at_a_time(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Lock *first, *second;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", scratch_path(s, "held"));
  expect_ok("first", lock_take(&first, path, "is here", NULL, &err), &err);
  Status got = lock_take(&second, path, "is here", NULL, &err);
  assert_null(second);
  expect_error("held", got, &err, STATUS_RUN, ": another process is here (process | on | since 2");
  lock_release(first);
  err = (Error){0};
  expect_ok("after", lock_take(&second, path, "is here", NULL, &err), &err);
  lock_release(second);
  lock_release(NULL);
  got = lock_take(&first, scratch_path(s, "no/such/directory"), "is here", NULL, &err);
  expect_error("missing", got, &err, STATUS_RUN, "no/such/directory: cannot open|No such file");
}

typedef struct Told {
  int times;
  char line[ERROR_TEXT];
} Told;

static void take_line(void *arg, const char *line) {
  Told *told = arg;
  told->times++;
  snprintf(told->line, sizeof told->line, "%s", line);
}

/* A process of its own that holds the lock at `path` for some time, from before this returns. */
static pid_t hold_for(const char *path, int milliseconds, bool removes) {
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    Lock *lock;
    bool held = lock_take(&lock, path, "", NULL, NULL) == STATUS_OK;
    if (write(ready[1], "", 1) != 1) _exit(1);
    usleep((useconds_t)milliseconds * 1000);
    if (removes) unlink(path);
    lock_release(lock);
    _exit(!held);
  }
  assert_true(child > 0);
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return child;
}

static void expect_end(pid_t child) {
  int how;
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFEXITED(how));
  assert_int_equal(WEXITSTATUS(how), 0);
}

static void who_waits_is_told_and_gets_it(void **state) {
  Scratch *s = *state;
  for (int removes = 0; removes < 2; removes++) {
    Lock *lock;
    Told told = {0};
    Error err = {0};
    char pid[32];
    const LockWait wait = {30, take_line, &told};
    const char *path = scratch_path(s, "awaited");
    pid_t child = hold_for(path, 1200, removes);
    expect_ok("waited", lock_take(&lock, path, "is busy", &wait, &err), &err);
    assert_int_equal(told.times, 1);
    snprintf(pid, sizeof pid, "process %d on ", (int)child);
    assert_non_null(strstr(told.line, pid));
    assert_non_null(strstr(told.line, "is busy"));
    /* What is held is what the name says, even where the last holder removed the file. */
    Lock *second;
    assert_int_equal(lock_take(&second, path, "is busy", NULL, NULL), STATUS_RUN);
    lock_release(lock);
    expect_end(child);
  }
}

static void who_waits_in_vain_learns_who_holds_it(void **state) {
  Lock *lock;
  Error err = {0};
  const LockWait wait = {.seconds = 0.1};
  const char *path = scratch_path(*state, "kept");
  pid_t child = hold_for(path, 600, false);
  Status got = lock_take(&lock, path, "is busy", &wait, &err);
  expect_error("kept", got, &err, STATUS_RUN, "another process is busy (process |try again");
  expect_end(child);
}

/* A pool comes from others: its lock is no way to make a file elsewhere, or to hang. */
static void no_link_is_followed(void **state) {
  Scratch *s = *state;
  Lock *lock;
  char elsewhere[PATH_MAX];
  snprintf(elsewhere, sizeof elsewhere, "%s", scratch_path(s, "elsewhere"));
  for (int fifo = 0; fifo < 2; fifo++) {
    Error err = {0};
    const char *path = scratch_path(s, ".lock");
    assert_int_equal(fifo ? mkfifo(path, 0600) : symlink(elsewhere, path), 0);
    Status got = pool_lock(&lock, s->dir, NULL, &err);
    assert_null(lock);
    expect_error("link", got, &err, STATUS_RUN,
                 fifo ? ".lock: is not a regular file" : ".lock: is a symbolic link");
    assert_int_equal(access(elsewhere, F_OK), -1);
    unlink(scratch_path(s, ".lock"));
  }
}

static void a_file_of_others_stays(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Lock *lock;
  char *text;
  size_t size;
  const char *path = scratch_path(s, "notes.lock");
  expect_ok("write", file_write(path, "mine", 4, &err), &err);
  Status got = lock_take(&lock, path, "is here", NULL, &err);
  assert_null(lock);
  expect_error("notes", got, &err, STATUS_RUN, "notes.lock: is no lock|move it away");
  err = (Error){0};
  expect_ok("read", file_read(path, 16, &text, &size, &err), &err);
  assert_string_equal(text, "mine");
  free(text);
}

/* A run that has no record yet is its holder's all the same: who comes second removes nothing. */
static void a_run_keeps_what_it_began(void **state) {
  Scratch *s = *state;
  Error err = {0};
  RunDir first, second;
  char metrics[PATH_MAX];
  expect_ok("first", run_dir_open(&first, scratch_path(s, "run"), RUN_FRESH, "x", &err), &err);
  snprintf(metrics, sizeof metrics, "%s", scratch_write(s, "run/metrics.jsonl", "{}\n", 3));
  Status got = run_dir_open(&second, first.path, RUN_FRESH, "x", &err);
  expect_error("second", got, &err, STATUS_RUN, "another process is writing this run");
  run_dir_close(&second);
  assert_int_equal(access(metrics, F_OK), 0);
  run_dir_close(&first);
  assert_int_equal(access(metrics, F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_holder_at_a_time),
      cmocka_unit_test(who_waits_is_told_and_gets_it),
      cmocka_unit_test(who_waits_in_vain_learns_who_holds_it),
      cmocka_unit_test(no_link_is_followed),
      cmocka_unit_test(a_file_of_others_stays),
      cmocka_unit_test(a_run_keeps_what_it_began),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
