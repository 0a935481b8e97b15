#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/pool/pool_manifest.h"

Status pool_lock(Lock **lock, const char *dir, const LockWait *wait, Error *err) {
  char *path = path_below(dir, ".lock");
  *lock = NULL;
  Status status = path ? lock_take(lock, path, "is changing the pool", wait, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  free(path);
  if (status == STATUS_OK) dir_sweep(dir);
  return status;
}
