/* Tasks on threads: each runs once, and which failure is told depends on the tasks alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "autograd/ground/parallel.h"

enum { TASKS = 40 };

typedef struct Tried {
  const char *fails; /* [TASKS] 'x' where a task fails */
  int runs[TASKS];
} Tried;

/* The earlier a task, the later it fails. */
static Status try_task(void *arg, int64_t task, int worker, Error *err) {
  (void)worker;
  Tried *t = arg;
  t->runs[task]++;
  if (t->fails[task] != 'x') return STATUS_OK;
  nanosleep(&(struct timespec){.tv_nsec = (TASKS - task) * 50000}, NULL);
  return error_set(err, task % 2 ? STATUS_INPUT : STATUS_RUN, "task %d", (int)task);
}

static void the_first_failure_in_order_is_told(void **state) {
  (void)state;
  static const char FAILS[TASKS + 1] = ".......x...xx.......x..................x";
  for (int threads = 1; threads <= 8; threads++) {
    Tried t = {.fails = FAILS};
    Error err = {0};
    assert_int_equal(parallel_try(threads, TASKS, try_task, &t, &err), STATUS_INPUT);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_string_equal(err.text, "task 7");
    for (int i = 0; i < TASKS; i++) assert_int_equal(t.runs[i], 1);
  }
}

static void without_a_failure_nothing_is_told(void **state) {
  (void)state;
  static const char FAILS[TASKS + 1] = "........................................";
  Tried t = {.fails = FAILS};
  Error err = {0};
  assert_int_equal(parallel_try(4, TASKS, try_task, &t, &err), STATUS_OK);
  assert_int_equal(err.status, STATUS_OK);
  assert_int_equal(parallel_try(4, 0, try_task, &t, &err), STATUS_OK);
}

static void an_earlier_cause_wins(void **state) {
  (void)state;
  static const char FAILS[TASKS + 1] = "x.......................................";
  Tried t = {.fails = FAILS};
  Error err = {0};
  error_set(&err, STATUS_MISMATCH, "before");
  assert_int_equal(parallel_try(2, TASKS, try_task, &t, &err), STATUS_MISMATCH);
  assert_string_equal(err.text, "before");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_failure_in_order_is_told),
      cmocka_unit_test(without_a_failure_nothing_is_told),
      cmocka_unit_test(an_earlier_cause_wins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
