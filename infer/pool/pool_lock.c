#include <stdlib.h>
#include <unistd.h>

#include "data/file/lock.h"
#include "data/file/path.h"
#include "infer/pool/pool_manifest.h"

struct PoolLock {
  int fd;
};

static Status lock_file(const char *path, int *fd, Error *err) {
  switch (lock_take(path, fd)) {
    case LOCK_HELD:
      return STATUS_OK;
    case LOCK_ELSEWHERE:
      return error_set(err, STATUS_RUN, "%s: another process is changing the pool; try again later",
                       path);
    case LOCK_NOT_OPENED:
      return error_set_errno(err, STATUS_RUN, "%s: cannot open", path);
    case LOCK_FAILED:
      break;
  }
  return error_set_errno(err, STATUS_RUN, "%s: cannot lock", path);
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
