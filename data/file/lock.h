/* lock: a file that at most one process holds (flock).
 *
 * The file stays when it is let go: a name that came and went could be held by two. The kernel lets
 * go for a process that dies. */
#ifndef SKEIN_LOCK_H
#define SKEIN_LOCK_H

typedef enum LockResult {
  LOCK_HELD,       /* *fd is the caller's to close, which lets go */
  LOCK_ELSEWHERE,  /* another process holds it */
  LOCK_NOT_OPENED, /* errno says why; so for the next */
  LOCK_FAILED,
} LockResult;

/* Takes the lock at `path`, or says at once why not; messages are the caller's. The file is made
 * where there is none, but never through a symbolic link, which may lead anywhere. */
LockResult lock_take(const char *path, int *fd);

#endif
