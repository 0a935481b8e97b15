/* How much memory is left, from made-up systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "autograd/ground/memory_left.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "tests/scratch.h"

static void put(Scratch *s, const char *name, const char *text) {
  Error err = {0};
  char *parent = path_parent(scratch_path(s, name));
  expect_ok(name, dir_make(parent, &err), &err);
  free(parent);
  scratch_write(s, name, text, strlen(text));
}

static void put_memory(Scratch *s, const char *cgroup) {
  put(s, "proc/meminfo",
      "MemTotal:       8000 kB\nMemAvailable:    6000 kB\nSwapTotal: 900 kB\nSwapFree: 500 kB\n");
  put(s, "proc/self/cgroup", cgroup);
}

static void assert_left(const Scratch *s, double memory, double swap) {
  MemoryLeft left = memory_left_below(s->dir);
  if (left.memory != memory || left.swap != swap)
    fail_msg("%.0f and %.0f, want %.0f and %.0f", left.memory, left.swap, memory, swap);
}

static void nothing_is_known_of_no_system(void **state) {
  assert_left(*state, 0, 0);
}

static void without_groups_it_is_what_is_available(void **state) {
  put_memory(*state, "0::/\n");
  assert_left(*state, 6000 * 1024.0, 500 * 1024.0);
}

static void the_tightest_group_bounds(void **state) {
  Scratch *s = *state;
  put_memory(s, "0::/user/job\n");
  put(s, "sys/fs/cgroup/user/job/memory.max", "max\n");
  put(s, "sys/fs/cgroup/user/job/memory.current", "4096\n");
  assert_left(s, 6000 * 1024.0, 500 * 1024.0);
  put(s, "sys/fs/cgroup/user/memory.max", "1000000\n");
  put(s, "sys/fs/cgroup/user/memory.current", "700000\n");
  put(s, "sys/fs/cgroup/user/memory.stat", "anon 1\ninactive_file 50000\nfile 3\n");
  put(s, "sys/fs/cgroup/user/memory.swap.max", "300\n");
  put(s, "sys/fs/cgroup/user/memory.swap.current", "100\n");
  assert_left(s, 350000, 200);
  put(s, "sys/fs/cgroup/user/memory.current", "2000000\n");
  assert_left(s, 1, 200);
}

/* In a container the path of the group is often one of the machine outside. */
static void version_1_bounds_where_the_path_is_not_there(void **state) {
  Scratch *s = *state;
  put_memory(s, "9:name=systemd:/\n4:cpu,memory:/docker/0123\n0::/\n");
  put(s, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n");
  put(s, "sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n");
  put(s, "sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 100000\n");
  assert_left(s, 1600000, 0);
}

static void this_system_says_something(void **state) {
  (void)state;
  if (access("/proc/meminfo", R_OK) == 0) assert_true(memory_left().memory > 0);
}

static void too_much_is_refused(void **state) {
  (void)state;
  Error err = {0};
  const double gib = 1 << 30;
  const MemoryLeft left = {2 * gib, gib};
  expect_ok("swap counts", memory_require(3 * gib, left, "a", "b", &err), &err);
  expect_ok("unknown", memory_require(99 * gib, (MemoryLeft){0}, "a", "b", &err), &err);
  Status got = memory_require(3.5 * gib, left, "the run", "learn less", &err);
  expect_error("much", got, &err, STATUS_RUN,
               "the run: needs about 3.5 GiB of memory, and 3.0 GiB are left; learn less");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(nothing_is_known_of_no_system, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(without_groups_it_is_what_is_available, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(the_tightest_group_bounds, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(version_1_bounds_where_the_path_is_not_there, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test(this_system_says_something),
      cmocka_unit_test(too_much_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
