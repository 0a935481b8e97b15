/* lock: a file that at most one process holds (flock), which says who does.
 *
 * The kernel lets go for a process that dies. The holder may remove the file: whoever waited for it
 * notices that the name is another file's by then, or nobody's, and takes that one. */
#ifndef SKEIN_LOCK_H
#define SKEIN_LOCK_H

#include "autograd/ground/status.h"

/* How long to wait for another process, and whom to tell so (once, when it is not over at once). */
typedef struct LockWait {
  double seconds;
  void (*tell)(void *arg, const char *line); /* may be NULL */
  void *arg;
} LockWait;

typedef struct Lock Lock;

/* Takes the lock at `path`, held until lock_release; `wait` may be NULL: not at all. The file is
 * made where there is none, but never through a symbolic link, which may lead anywhere; one that
 * says something else than a holder does is not taken.
 *
 * STATUS_RUN, *lock NULL: it cannot be opened or locked, or is held: then the message is "<path's
 * directory>: another process <does>" ("is changing the pool") and who, where, since when. */
Status lock_take(Lock **lock, const char *path, const char *does, const LockWait *wait, Error *err);
/* Whether lock_take would find it held: STATUS_RUN with the same message. Makes and writes nothing. */
Status lock_look(const char *path, const char *does, Error *err);
void lock_release(Lock *lock); /* NULL is allowed */

#endif
