#include "tools/shell/interrupt.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static const int SIGNAL[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof SIGNAL / sizeof *SIGNAL };

/* A signal handler has nowhere else to write. */
static volatile sig_atomic_t stop_wanted, held;

static void on_interrupt(int signal) {
  if (stop_wanted) _exit(128 + signal);
  stop_wanted = 1;
}

static void on_held(int signal) {
  if (held) _exit(128 + signal);
  held = signal;
}

const volatile sig_atomic_t *interrupt_catch(void) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
  for (size_t i = 0; i < SIGNALS; i++) {
    struct sigaction before;
    sigaction(SIGNAL[i], NULL, &before);
    bool nohup = SIGNAL[i] == SIGHUP && before.sa_handler == SIG_IGN;
    if (!nohup) sigaction(SIGNAL[i], &action, NULL);
  }
  return &stop_wanted;
}

/* Handlers and no mask: a mask is a thread's, and any thread of the process may take a signal. */
void interrupt_hold(InterruptHold *hold) {
  struct sigaction action = {.sa_handler = on_held, .sa_flags = SA_RESTART};
  held = 0;
  for (size_t i = 0; i < SIGNALS; i++) {
    sigaction(SIGNAL[i], NULL, &hold->before[i]);
    if (hold->before[i].sa_handler != SIG_IGN) sigaction(SIGNAL[i], &action, NULL);
  }
}

void interrupt_release(const InterruptHold *hold) {
  for (size_t i = 0; i < SIGNALS; i++) sigaction(SIGNAL[i], &hold->before[i], NULL);
  if (held) raise(held);
}
