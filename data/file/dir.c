#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/spot.h"

static Status no_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

Status dir_sync(const char *path, Error *err) {
  int fd = path_open(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return path_failure(path, STATUS_RUN, "cannot open the directory", err);
  /* EINVAL: the file system has no notion of syncing a directory. */
  bool synced = fsync(fd) == 0 || errno == EINVAL;
  Status status = synced ? STATUS_OK : error_set_errno(err, STATUS_RUN, "%s: cannot sync", path);
  close(fd);
  return status;
}

Status dir_sync_parent(const char *path, Error *err) {
  char *parent = path_parent(path);
  Status status = parent ? dir_sync(parent, err) : no_memory(path, err);
  free(parent);
  return status;
}

/* One directory whose parent exists. */
static Status make_one(const char *path, Error *err) {
  static const char FAILED[] = "cannot make the directory";
  Spot spot;
  struct stat info;
  if (spot_open(&spot, path) != 0) return path_failure(path, STATUS_RUN, FAILED, err);
  int cause = mkdirat(spot.dir, spot.name, 0777) == 0 ? 0 : errno;
  bool there = cause && spot_stat(&spot, &info) == 0 && S_ISDIR(info.st_mode);
  spot_close(&spot);
  if (there) return STATUS_OK;
  if (!cause) return dir_sync_parent(path, err);
  errno = cause == EEXIST ? ENOTDIR : cause;
  return path_failure(path, STATUS_RUN, FAILED, err);
}

/* Where the first name begins that may have to be made. */
static char *first_name(char *path) {
  const char *mark = path_mark(path);
  return path + (mark ? (size_t)(mark - path) + strlen(PATH_MARK) : strspn(path, "/"));
}

static Status make_all(char *path, Error *err) {
  char *slash = first_name(path);
  while ((slash = strchr(slash, '/')) != NULL) {
    *slash = '\0';
    Status status = make_one(path, err);
    *slash++ = '/';
    TRY(status);
  }
  return make_one(path, err);
}

/* The directory before the mark, then what is below it. */
static Status make_marked(char *path, Error *err) {
  const char *mark = path_mark(path);
  if (mark && mark > path) {
    char *root = strndup(path, (size_t)(mark - path));
    Status status = root ? make_all(root, err) : no_memory(path, err);
    free(root);
    TRY(status);
  }
  return make_all(path, err);
}

static Status refuse_home(const char *path, Error *err) {
  if (!path_is_home(path)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: " PATH_HOME_RULE ", or ./~ for a directory ~", path);
}

Status dir_make(const char *path, Error *err) {
  TRY(refuse_home(path, err));
  char *copy = strdup(path);
  Status status = copy ? make_marked(copy, err) : no_memory(path, err);
  free(copy);
  return status;
}

/* The name of the probe is one that dir_sweep removes after a crash. */
Status dir_check_writable(const char *path, Error *err) {
  char *probe;
  if (asprintf(&probe, "%s/.skein-probe.tmp.%jd.%016x", path, (intmax_t)getpid(), 0U) < 0)
    return no_memory(path, err);
  Spot spot;
  int result = spot_open(&spot, probe);
  if (result == 0) {
    result = spot_open_file(&spot, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (result >= 0) unlinkat(spot.dir, spot.name, 0);
    if (result >= 0) close(result);
    spot_close(&spot);
  }
  free(probe);
  if (result >= 0) return STATUS_OK;
  return path_failure(path, STATUS_RUN, "cannot create a file in the directory", err);
}

/* A link to nowhere is not missing: no directory can be made of its name. */
static bool is_missing(const char *path) {
  Spot spot;
  struct stat info;
  int cause = spot_open(&spot, path) == 0 ? 0 : errno;
  if (cause == 0) {
    cause = fstatat(spot.dir, spot.name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    spot_close(&spot);
  }
  return cause == ENOENT || cause == ENOTDIR;
}

/* Cuts the path to the nearest that is there. */
static void cut_to_existing(char *path) {
  while (is_missing(path)) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) strcpy(path, slash ? "/" : ".");
    if (!slash || slash == path) return;
    *slash = '\0';
  }
}

Status dir_check_makeable(const char *path, Error *err) {
  TRY(refuse_home(path, err));
  char *there = strdup(path);
  if (!there) return no_memory(path, err);
  cut_to_existing(there);
  Status status = dir_check_writable(there, err);
  free(there);
  return status;
}

Status dir_require(const char *path, const char *file, const char *what, Error *err) {
  struct stat info;
  char want[160];
  snprintf(want, sizeof want, "want the directory of %s", what);
  if (path_stat(path, &info) != 0) return path_failure(path, STATUS_INPUT, want, err);
  if (!S_ISDIR(info.st_mode)) {
    return error_set(err, STATUS_INPUT, "%s: is no directory; want that of %s, with its %s", path,
                     what, file);
  }
  char *inside = path_join(path, file);
  if (!inside) return no_memory(path, err);
  int cause = path_stat(inside, &info) == 0 ? 0 : errno;
  free(inside);
  if (cause == ENOMEM) return no_memory(path, err);
  if (cause != ENOENT) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: has no %s, so it is not the directory of %s", path, file,
                   what);
}

Status dir_rename(const char *from, const char *to, Error *err) {
  Spot a, b;
  if (spot_open(&a, from) != 0) return path_failure(from, STATUS_RUN, "cannot rename", err);
  if (spot_open(&b, to) != 0) {
    spot_close(&a);
    return path_failure(to, STATUS_RUN, "cannot rename", err);
  }
  Status status = STATUS_OK;
  if (renameat(a.dir, a.name, b.dir, b.name) != 0)
    status = error_set_errno(err, STATUS_RUN, "%s: cannot rename to %s", from, to);
  spot_close(&a);
  spot_close(&b);
  return status == STATUS_OK ? dir_sync_parent(to, err) : status;
}

/* ---- removing ---- */

/* A tree deeper than that was made by nobody who wanted it read. */
enum { DEPTH_MAX = 64 };

static int remove_tree(int dir, const char *name, int depth);

/* What is in the open directory, which is closed. -1 with errno. */
static int empty_directory(int fd, int depth) {
  DIR *names = fdopendir(fd);
  int result = 0;
  if (!names) {
    close(fd);
    return -1;
  }
  for (const struct dirent *at; result == 0 && (at = readdir(names)) != NULL;) {
    if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0) continue;
    result = remove_tree(fd, at->d_name, depth + 1);
  }
  int cause = errno;
  closedir(names);
  errno = cause;
  return result;
}

/* `name` of `dir`, whatever it is; a link is removed itself. */
static int remove_tree(int dir, const char *name, int depth) {
  struct stat info;
  if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return -1;
  if (!S_ISDIR(info.st_mode)) return unlinkat(dir, name, 0);
  if (depth == DEPTH_MAX) errno = ELOOP;
  if (depth == DEPTH_MAX) return -1;
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || empty_directory(fd, depth) != 0) return -1;
  return unlinkat(dir, name, AT_REMOVEDIR);
}

Status dir_remove(const char *path, Error *err) {
  Spot spot;
  struct stat info;
  static const char FAILED[] = "cannot remove";
  if (spot_open(&spot, path) != 0)
    return errno == ENOENT ? STATUS_OK : path_failure(path, STATUS_RUN, FAILED, err);
  int result = 0;
  if (spot.below && spot_stat(&spot, &info) == 0 && S_ISLNK(info.st_mode)) {
    errno = ELOOP;
    result = -1;
  }
  if (result == 0) result = remove_tree(spot.dir, spot.name, 0);
  spot_close(&spot);
  if (result == 0 || errno == ENOENT) return STATUS_OK;
  return path_failure(path, STATUS_RUN, FAILED, err);
}
