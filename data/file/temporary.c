#include "data/file/temporary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/file/path.h"

const char *temporary_place(void) {
  const char *dir = getenv("TMPDIR");
  return dir && dir[0] ? dir : "/tmp";
}

static Status new_name(char **name, const char *purpose, Error *err) {
  *name = path_join(temporary_place(), "skein-XXXXXX");
  return *name ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", purpose);
}

Status temporary_file(int *fd, const char *purpose, Error *err) {
  char *name;
  TRY(new_name(&name, purpose, err));
  *fd = mkostemp(name, O_CLOEXEC);
  Status status = STATUS_OK;
  if (*fd < 0) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot create a file in %s (TMPDIR)", purpose,
                             temporary_place());
  } else {
    unlink(name);
  }
  free(name);
  return status;
}

Status temporary_dir(char **path, const char *purpose, Error *err) {
  TRY(new_name(path, purpose, err));
  if (mkdtemp(*path)) return STATUS_OK;
  free(*path);
  *path = NULL;
  return error_set_errno(err, STATUS_RUN, "%s: cannot make a directory in %s (TMPDIR)", purpose,
                         temporary_place());
}
