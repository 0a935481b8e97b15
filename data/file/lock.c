#include "data/file/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

LockResult lock_take(const char *path, int *fd) {
  do {
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  } while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return LOCK_NOT_OPENED;
  if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return LOCK_HELD;
  int cause = errno;
  close(*fd);
  *fd = -1;
  errno = cause;
  return cause == EWOULDBLOCK ? LOCK_ELSEWHERE : LOCK_FAILED;
}
