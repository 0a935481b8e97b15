/* interrupt: the first SIGINT, SIGTERM or SIGHUP asks to stop, the second stops at once. */
#ifndef SKEIN_INTERRUPT_H
#define SKEIN_INTERRUPT_H

#include <signal.h>

/* Catches the signals from now on; what it returns is not 0 once one came. A SIGHUP that is ignored
 * stays so (nohup); the others do not, for shells have what runs in the background ignore SIGINT. */
const volatile sig_atomic_t *interrupt_catch(void);

/* What the signals did before they were held. */
typedef struct InterruptHold {
  struct sigaction before[3];
} InterruptHold;

/* Lets the first signal wait, for work that is short and has to clean up behind itself, until
 * interrupt_release, which hands it on. Programs that are run meanwhile (process.h) receive theirs.
 * What was ignored stays so. */
void interrupt_hold(InterruptHold *hold);
void interrupt_release(const InterruptHold *hold);

#endif
