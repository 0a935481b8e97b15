/* The lock of a file, and what a pool and a run make of it. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/file/lock.h"
#include "infer/pool/pool_manifest.h"
#include "tests/scratch.h"
#include "train/run_dir.h"

static void one_holder_at_a_time(void **state) {
  Scratch *s = *state;
  int first, second;
  const char *path = scratch_path(s, "held");
  assert_int_equal(lock_take(path, &first), LOCK_HELD);
  assert_int_equal(lock_take(path, &second), LOCK_ELSEWHERE);
  assert_int_equal(second, -1);
  close(first);
  assert_int_equal(lock_take(path, &second), LOCK_HELD);
  close(second);
  assert_int_equal(lock_take(scratch_path(s, "no/such/directory"), &first), LOCK_NOT_OPENED);
  assert_int_equal(errno, ENOENT);
}

/* A pool comes from others: its lock is no way to make a file elsewhere. */
static void no_link_is_followed(void **state) {
  Scratch *s = *state;
  Error err = {0};
  PoolLock *lock;
  char elsewhere[PATH_MAX];
  snprintf(elsewhere, sizeof elsewhere, "%s", scratch_path(s, "elsewhere"));
  assert_int_equal(symlink(elsewhere, scratch_path(s, ".lock")), 0);
  Status got = pool_lock(&lock, s->dir, &err);
  assert_null(lock);
  expect_error("link", got, &err, STATUS_RUN, ".lock: cannot open");
  assert_int_equal(access(elsewhere, F_OK), -1);
  unlink(scratch_path(s, ".lock"));
}

/* A run that has no record yet is its holder's all the same: who comes second removes nothing. */
static void a_run_keeps_what_it_began(void **state) {
  Scratch *s = *state;
  Error err = {0};
  RunDir first, second;
  char metrics[PATH_MAX];
  expect_ok("first", run_dir_open(&first, scratch_path(s, "run"), false, &err), &err);
  snprintf(metrics, sizeof metrics, "%s", scratch_write(s, "run/metrics.jsonl", "{}\n", 3));
  Status got = run_dir_open(&second, first.path, false, &err);
  expect_error("second", got, &err, STATUS_RUN, "another process is writing this run");
  run_dir_close(&second);
  assert_int_equal(access(metrics, F_OK), 0);
  run_dir_close(&first);
  assert_int_equal(access(metrics, F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_holder_at_a_time),
      cmocka_unit_test(no_link_is_followed),
      cmocka_unit_test(a_run_keeps_what_it_began),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
