#include "data/file/spot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/hub.h"
#include "data/file/path.h"

static int open_again(int dir, const char *name, int flags, mode_t mode) {
  int fd;
  do {
    fd = openat(dir, name, flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

/* The directory before the mark, which may be reached through links. */
static int open_root(const char *path, size_t size) {
  char root[PATH_MAX] = "/";
  if (size >= sizeof root) errno = ENAMETOOLONG;
  if (size >= sizeof root) return -1;
  if (size > 0) memcpy(root, path, size);
  if (size > 0) root[size] = '\0';
  return open_again(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);
}

/* The directory `name` of `dir`. The kernel says ENOTDIR of a link, too. */
static int open_step(int dir, const char *name) {
  struct stat info;
  int fd = open_again(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd >= 0 || errno != ENOTDIR) return fd;
  bool link = fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
  errno = link ? ELOOP : ENOTDIR;
  return -1;
}

/* Goes down into the first `size` bytes of s->name. */
static int descend(Spot *s, size_t size) {
  char step[NAME_MAX + 1];
  if (size > NAME_MAX) errno = ENAMETOOLONG;
  if (size > NAME_MAX) return -1;
  memcpy(step, s->name, size);
  step[size] = '\0';
  if (strcmp(step, "..") == 0) errno = EINVAL;
  if (strcmp(step, "..") == 0) return -1;
  int next = open_step(s->dir, step);
  if (next < 0) return -1;
  close(s->dir);
  s->dir = next;
  return 0;
}

/* Down to the directory of the last name, which no link, no `..` and no slash may follow. */
static int walk(Spot *s) {
  for (const char *slash; (slash = strchr(s->name, '/')) != NULL; s->name = slash + 1) {
    size_t size = (size_t)(slash - s->name);
    if (size > 0 && descend(s, size) != 0) return -1;
  }
  if (s->name[0] && strcmp(s->name, "..") != 0) return 0;
  errno = EINVAL;
  return -1;
}

int spot_open(Spot *s, const char *path) {
  const char *mark = path_mark(path);
  *s = (Spot){.dir = AT_FDCWD, .name = path};
  if (!mark) return 0;
  int root = open_root(path, (size_t)(mark - path));
  if (root < 0) return -1;
  *s = (Spot){root, mark + strlen(PATH_MARK), true};
  if (walk(s) == 0) return 0;
  spot_close(s);
  return -1;
}

void spot_close(Spot *s) {
  int cause = errno;
  if (s->dir >= 0) close(s->dir);
  s->dir = AT_FDCWD;
  errno = cause;
}

int spot_open_file(const Spot *s, int flags, mode_t mode) {
  return open_again(s->dir, s->name, flags | (s->below ? O_NOFOLLOW : 0), mode);
}

int spot_stat(const Spot *s, struct stat *info) {
  return fstatat(s->dir, s->name, info, s->below ? AT_SYMLINK_NOFOLLOW : 0);
}

int path_open(const char *path, int flags, mode_t mode) {
  Spot s;
  if (spot_open(&s, path) != 0) return -1;
  int fd = spot_open_file(&s, flags, mode);
  spot_close(&s);
  return fd;
}

int path_stat(const char *path, struct stat *info) {
  Spot s;
  if (spot_open(&s, path) != 0) return -1;
  int result = spot_stat(&s, info);
  spot_close(&s);
  return result;
}

/* The length of the part of the path that ends in the first link below the mark; 0: no link. Only
 * for messages: what is there may have changed. */
static size_t find_link(char *path) {
  struct stat info;
  const char *mark = path_mark(path);
  char *end = mark ? path + (mark - path) + strlen(PATH_MARK) : NULL;
  while (end && *end) {
    end += strcspn(end, "/");
    char kept = *end;
    *end = '\0';
    bool link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    *end = kept;
    if (link) return (size_t)(end - path);
    end += kept != '\0';
  }
  return 0;
}

bool path_is_home(const char *path) {
  return path[0] == '~';
}

Status path_failure(const char *path, Status status, const char *what, Error *err) {
  int cause = errno;
  char *copy = cause == ELOOP || cause == ENOTDIR ? strdup(path) : NULL;
  size_t size = copy ? find_link(copy) : 0;
  free(copy);
  if (size > 0) {
    return error_set(err, status, "%.*s: is a symbolic link; nothing below %.*s may be one",
                     (int)size, path, (int)(path_mark(path) - path), path);
  }
  if (cause == ENOMEM) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  bool home = path_is_home(path);
  HubHint hub = {""};
  if (cause == ENOENT && !home && status == STATUS_INPUT) hub = hub_hint(path);
  errno = cause;
  return error_set_errno(err, status, "%s: %s%s%s", path, what,
                         cause == ENOENT && home ? " (" PATH_HOME_RULE ")" : "", hub.text);
}
