/* How the program ends where it cannot go on. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/shell/process.h"

enum { THREADS = 16, ENDS = 50 };
static const char LINE[] = "skein: error: out of memory\n";

static void *end_together(void *barrier) {
  pthread_barrier_wait(barrier);
  process_end(LINE, STATUS_INPUT);
}

/* A process whose threads all end it at the same moment, with `out` as its stderr. */
static pid_t start_ending(int out) {
  pid_t child = fork();
  if (child != 0) return child;
  pthread_barrier_t barrier;
  pthread_t thread;
  if (dup2(out, STDERR_FILENO) < 0 || pthread_barrier_init(&barrier, NULL, THREADS) != 0) _exit(99);
  for (int i = 1; i < THREADS; i++) {
    if (pthread_create(&thread, NULL, end_together, &barrier) != 0) _exit(99);
  }
  end_together(&barrier);
  _exit(99);
}

static void test_one_thread_speaks(void **state) {
  (void)state;
  for (int i = 0; i < ENDS; i++) {
    char said[THREADS * sizeof LINE] = "";
    int ends[2], how;
    assert_int_equal(pipe(ends), 0);
    pid_t child = start_ending(ends[1]);
    assert_true(child > 0);
    close(ends[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], said + size, sizeof said - 1 - size)) > 0;)
      size += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), STATUS_INPUT);
    assert_string_equal(said, LINE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_thread_speaks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
