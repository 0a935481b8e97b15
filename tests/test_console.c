/* What people see: quantities, and progress on a terminal and in a log. */
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/shell/console.h"

static void test_counts(void **state) {
  (void)state;
  static const struct {
    double n;
    const char *text;
  } known[] = {{0, "0"},          {7, "7"},         {9999, "9999"},   {10000, "10k"},
               {12345, "12k"},    {999499, "999k"}, {999500, "1.0M"}, {5123456, "5.1M"},
               {9949999, "9.9M"}, {9950001, "10M"}, {2.85e9, "2.9G"}};
  char out[16];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_string_equal(console_count(out, sizeof out, known[i].n), known[i].text);
}

static void test_durations(void **state) {
  (void)state;
  static const struct {
    double seconds;
    const char *text;
  } known[] = {{0, "0:00"},          {0.4, "0:00"},     {42, "0:42"},      {59.6, "1:00"},
               {3599, "59:59"},      {3600, "1:00:00"}, {3725, "1:02:05"}, {86400, "1d 00:00"},
               {183840, "2d 03:04"}, {-3, "0:00"},      {1e12, "?"},       {0.0 / 0.0, "?"}};
  char out[32];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_string_equal(console_duration(out, sizeof out, known[i].seconds), known[i].text);
}

static void test_bytes(void **state) {
  (void)state;
  static const struct {
    double bytes;
    const char *text;
  } known[] = {{0, "0 B"},          {1023, "1023 B"},     {1024, "1.0 KiB"},
               {1536, "1.5 KiB"},   {1048575, "1.0 MiB"}, {150.0 * 1024, "150 KiB"},
               {11.4e9, "10.6 GiB"}};
  char out[32];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_string_equal(console_bytes(out, sizeof out, known[i].bytes), known[i].text);
}

/* Runs `act` with stderr going to `fd`, and gives what arrived at `from`, NUL-terminated. */
static void capture(int fd, int from, void (*act)(void), char *out, size_t size) {
  int saved = dup(STDERR_FILENO);
  assert_true(saved >= 0 && dup2(fd, STDERR_FILENO) >= 0);
  act();
  fflush(stderr);
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  close(saved);
  size_t n = 0;
  ssize_t got;
  while (n + 1 < size && (got = read(from, out + n, size - 1 - n)) > 0) n += (size_t)got;
  out[n] = '\0';
}

static void three_steps(void) {
  Progress p;
  console_progress_begin(&p, "train gate", 0, 3);
  for (int step = 1; step <= 3; step++) {
    p.drawn -= 10; /* as if time had passed */
    p.began -= 10;
    console_progress_update(&p, step, "loss %.3f", 2.0 / step);
    if (step == 2) console_note(&p, "a note");
  }
  console_progress_end(&p);
  console_progress_end(&p);
}

static void hasty_steps(void) {
  Progress p;
  console_progress_begin(&p, "x", 0, 1000);
  for (int step = 1; step <= 1000; step++) console_progress_update(&p, step, "loss");
  console_progress_end(&p);
}

/* In a log each line stands for itself. */
static void test_log(void **state) {
  (void)state;
  int ends[2];
  char out[4096];
  assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
  capture(ends[1], ends[0], three_steps, out, sizeof out);
  assert_string_equal(out,
                      "train gate  step 1/3  loss 2.000  ETA 0:20\n"
                      "train gate  step 2/3  loss 1.000  ETA 0:10\n"
                      "a note\n"
                      "train gate  step 3/3  loss 0.667  in 0:30\n");
  capture(ends[1], ends[0], hasty_steps, out, sizeof out);
  assert_string_equal(out, "x  step 1000/1000  loss  in 0:00\n");
  close(ends[0]);
  close(ends[1]);
}

static void hostile_lines(void) {
  Progress p;
  console_progress_begin(&p, "eval", 0, 1);
  console_note(&p, "failed: %s", "\033[2J\x9b\n\xe2\x80\xae");
  console_progress_update(&p, 1, "%s", "a\033]0;title\a");
  console_progress_end(&p);
}

static void test_text_of_others(void **state) {
  (void)state;
  int ends[2];
  char out[4096];
  assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
  capture(ends[1], ends[0], hostile_lines, out, sizeof out);
  assert_string_equal(out,
                      "failed: \\x1b[2J\\x9b\\x0a\\xe2\\x80\\xae\n"
                      "eval  step 1/1  a\\x1b]0;title\\x07  in 0:00\n");
  close(ends[0]);
  close(ends[1]);
}

/* A bare chroot has no terminals to give; then there is nothing to test. */
static void open_terminal(int *master, int *slave, unsigned short columns) {
  struct winsize size = {.ws_row = 24, .ws_col = columns};
  if (openpty(master, slave, NULL, NULL, &size) != 0) skip();
  assert_int_equal(fcntl(*master, F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(setenv("TERM", "xterm", 1), 0);
}

/* On a terminal one line is rewritten, and a note does not destroy it. */
static void test_terminal(void **state) {
  (void)state;
  int master, slave;
  char out[4096];
  open_terminal(&master, &slave, 60);
  capture(slave, master, three_steps, out, sizeof out);
  assert_string_equal(out,
                      "\rtrain gate  step 1/3 [=====>         ] loss 2.000  ETA 0:20\033[K"
                      "\rtrain gate  step 2/3 [==========>    ] loss 1.000  ETA 0:10\033[K"
                      "\r\033[Ka note\r\n"
                      "\rtrain gate  step 2/3 [==========>    ] loss 1.000  ETA 0:10\033[K"
                      "\rtrain gate  step 3/3 [================] loss 0.667  in 0:30\033[K\r\n");
  close(master);
  close(slave);
}

/* No line is ever as wide as the terminal: it would wrap, and could not be rewritten. */
static void test_narrow_terminal(void **state) {
  (void)state;
  for (unsigned short columns = 1; columns < 90; columns++) {
    int master, slave;
    char out[4096];
    open_terminal(&master, &slave, columns);
    capture(slave, master, three_steps, out, sizeof out);
    for (char *line = strtok(out, "\r\n"); line; line = strtok(NULL, "\r\n")) {
      if (strstr(line, "a note")) continue;
      char *end = strstr(line, "\033[K");
      if (end) assert_true(end - line < (columns > 1 ? columns : 2));
    }
    close(master);
    close(slave);
  }
}

static void wordy_step(void) {
  Progress p;
  console_progress_begin(&p, "train gate", 0, 100);
  p.drawn -= 10;
  p.began -= 10;
  console_progress_update(&p, 50, "loss 2.1345  valid 2.0001  5.1k tok/s");
  console_progress_end(&p);
}

/* Where there is no room for all, whole items of the detail and then the label give way. */
static void test_what_gives_way(void **state) {
  (void)state;
  static const struct {
    unsigned short columns;
    const char *line;
  } known[] = {
      {61, "\rtrain gate  step 50/100  loss 2.1345  valid 2.0001  ETA 0:10\033[K\r\n"},
      {48, "\rtrain gate  step 50/100  loss 2.1345  ETA 0:10\033[K\r\n"},
      {40, "\rstep 50/100  loss 2.1345  ETA 0:10\033[K\r\n"},
      {30, "\rstep 50/100    ETA 0:10\033[K\r\n"},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    int master, slave;
    char out[4096];
    open_terminal(&master, &slave, known[i].columns);
    capture(slave, master, wordy_step, out, sizeof out);
    assert_string_equal(out, known[i].line);
    close(master);
    close(slave);
  }
}

static void test_dumb_terminal(void **state) {
  (void)state;
  int master, slave;
  char out[4096];
  open_terminal(&master, &slave, 80);
  setenv("TERM", "dumb", 1);
  capture(slave, master, three_steps, out, sizeof out);
  assert_null(strchr(out, '\033'));
  assert_non_null(strstr(out, "step 3/3  loss 0.667  in 0:30"));
  close(master);
  close(slave);
}

static void test_colour(void **state) {
  (void)state;
  int master, slave;
  open_terminal(&master, &slave, 80);
  FILE *terminal = fdopen(slave, "w");
  assert_non_null(terminal);
  unsetenv("NO_COLOR");
  assert_true(console_colour(terminal));
  setenv("NO_COLOR", "1", 1);
  assert_false(console_colour(terminal));
  setenv("NO_COLOR", "", 1);
  assert_true(console_colour(terminal));
  setenv("TERM", "dumb", 1);
  assert_false(console_colour(terminal));
  fclose(terminal);
  close(master);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts),         cmocka_unit_test(test_durations),
      cmocka_unit_test(test_bytes),          cmocka_unit_test(test_log),
      cmocka_unit_test(test_terminal),       cmocka_unit_test(test_narrow_terminal),
      cmocka_unit_test(test_what_gives_way), cmocka_unit_test(test_dumb_terminal),
      cmocka_unit_test(test_colour),         cmocka_unit_test(test_text_of_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
