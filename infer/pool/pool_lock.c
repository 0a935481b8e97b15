#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "data/file/path.h"
#include "infer/pool/pool_manifest.h"

struct PoolLock {
  int fd;
};

/* The file stays: a name that came and went could be locked by two. The kernel drops the lock of a
 * process that dies. */
static Status lock_file(const char *path, int *fd, Error *err) {
  *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (*fd < 0) return error_set_errno(err, STATUS_RUN, "%s: cannot open", path);
  if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return STATUS_OK;
  Status status = errno == EWOULDBLOCK
                      ? error_set(err, STATUS_RUN,
                                  "%s: another process is changing the pool; try again later", path)
                      : error_set_errno(err, STATUS_RUN, "%s: cannot lock", path);
  close(*fd);
  return status;
}

Status pool_lock(PoolLock **lock, const char *dir, Error *err) {
  char *path = path_join(dir, ".lock");
  *lock = malloc(sizeof **lock);
  Status status = path && *lock ? lock_file(path, &(*lock)->fd, err)
                                : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  free(path);
  if (status != STATUS_OK) {
    free(*lock);
    *lock = NULL;
  }
  return status;
}

void pool_unlock(PoolLock *lock) {
  if (!lock) return;
  close(lock->fd);
  free(lock);
}
