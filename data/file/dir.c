#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"

Status dir_sync(const char *path, Error *err) {
  int fd;
  do {
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return error_set_errno(err, STATUS_RUN, "%s: cannot open the directory", path);
  /* EINVAL: the file system has no notion of syncing a directory. */
  bool synced = fsync(fd) == 0 || errno == EINVAL;
  Status status = synced ? STATUS_OK : error_set_errno(err, STATUS_RUN, "%s: cannot sync", path);
  close(fd);
  return status;
}

/* One directory whose parent exists. */
static Status make_one(const char *path, Error *err) {
  struct stat info;
  if (mkdir(path, 0777) == 0) {
    char *parent = path_parent(path);
    if (!parent) return error_set(err, STATUS_RUN, "%s: out of memory", path);
    Status status = dir_sync(parent, err);
    free(parent);
    return status;
  }
  int cause = errno;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return STATUS_OK;
  errno = cause == EEXIST ? ENOTDIR : cause;
  return error_set_errno(err, STATUS_RUN, "%s: cannot make the directory", path);
}

Status dir_make(const char *path, Error *err) {
  char *prefix = strdup(path);
  if (!prefix) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = STATUS_OK;
  char *slash = prefix + strspn(prefix, "/");
  while (status == STATUS_OK && (slash = strchr(slash, '/')) != NULL) {
    *slash = '\0';
    status = make_one(prefix, err);
    *slash++ = '/';
  }
  if (status == STATUS_OK) status = make_one(prefix, err);
  free(prefix);
  return status;
}

Status dir_check_writable(const char *path, Error *err) {
  char *probe = path_join(path, ".skein-probe-XXXXXX");
  if (!probe) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  int fd = mkostemp(probe, O_CLOEXEC);
  Status status = STATUS_OK;
  if (fd < 0) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot create a file in the directory", path);
  } else {
    close(fd);
    unlink(probe);
  }
  free(probe);
  return status;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where) {
  (void)info;
  (void)type;
  (void)where;
  return remove(path);
}

Status dir_remove(const char *path, Error *err) {
  enum { OPEN_DIRECTORIES = 16 };
  if (nftw(path, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS) == 0) return STATUS_OK;
  if (errno == ENOENT) return STATUS_OK;
  return error_set_errno(err, STATUS_RUN, "%s: cannot remove", path);
}
