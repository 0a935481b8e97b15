#include "tools/shell/interrupt.h"

#include <stddef.h>
#include <unistd.h>

/* A signal handler has nowhere else to write. */
static volatile sig_atomic_t stop_wanted;

static void on_interrupt(int signal) {
  if (stop_wanted) _exit(128 + signal);
  stop_wanted = 1;
}

const volatile sig_atomic_t *interrupt_catch(void) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  return &stop_wanted;
}
