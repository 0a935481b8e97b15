/* interrupt: the first SIGINT, SIGTERM or SIGHUP asks to stop, the second stops at once. */
#ifndef SKEIN_INTERRUPT_H
#define SKEIN_INTERRUPT_H

#include <signal.h>

/* Catches the signals from now on; what it returns is not 0 once one came. */
const volatile sig_atomic_t *interrupt_catch(void);

#endif
