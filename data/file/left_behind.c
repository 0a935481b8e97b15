/* What is left of outputs that were never finished, because their processes died. To sweep is a
 * courtesy: it takes no memory, and what cannot be swept stays. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/spot.h"
#include "data/file/temporary.h"

enum { DEPTH_MAX = 4 }; /* POOL/experts/NAME, OUTPUT/cells/METHOD, RUN/checkpoints/STEP */

/* The process that a temporary of atomic_open is of (<name>.tmp.<pid>.<16 hex digits>), or 0 for
 * any other name. */
static pid_t owner_of(const char *name) {
  enum { SALT = 16 };
  static const char DIGITS[] = "0123456789abcdef", TMP[] = ".tmp.";
  const char *salt = strrchr(name, '.');
  if (!salt || strlen(salt + 1) != SALT || strspn(salt + 1, DIGITS) != SALT) return 0;
  const char *pid = salt;
  while (pid > name && pid[-1] >= '0' && pid[-1] <= '9') pid--;
  size_t before = strlen(TMP);
  bool ours = salt - pid >= 1 && salt - pid <= 9 && (size_t)(pid - name) > before &&
              strncmp(pid - before, TMP, before) == 0;
  return ours ? (pid_t)strtol(pid, NULL, 10) : 0;
}

bool temporary_is_orphaned(pid_t pid) {
  return kill(pid, 0) != 0 && errno != EPERM;
}

static void sweep_directory(int fd, int depth);

static void sweep_name(int dir, const char *name, int depth) {
  struct stat info;
  if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  pid_t owner = S_ISREG(info.st_mode) ? owner_of(name) : 0;
  if (owner > 0 && temporary_is_orphaned(owner)) unlinkat(dir, name, 0);
  if (!S_ISDIR(info.st_mode) || depth == DEPTH_MAX) return;
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) sweep_directory(fd, depth + 1);
}

/* Closes the directory. */
static void sweep_directory(int fd, int depth) {
  DIR *names = fdopendir(fd);
  if (!names) close(fd);
  for (const struct dirent *at; names && (at = readdir(names)) != NULL;) {
    if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0)
      sweep_name(fd, at->d_name, depth);
  }
  if (names) closedir(names);
}

void dir_sweep(const char *path) {
  int fd = path_open(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd >= 0) sweep_directory(fd, 0);
}

/* ---- those of one output ---- */

static bool is_of(const char *temporary, const char *name) {
  size_t size = strlen(name);
  return strncmp(temporary, name, size) == 0 && temporary[size] == '.';
}

/* The directory of the spot, to list it. */
static int open_directory(const Spot *s, const char *last) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  if (last == s->name) return openat(s->dir, ".", flags);
  char before[PATH_MAX];
  int size = snprintf(before, sizeof before, "%.*s", (int)(last - s->name), s->name);
  return size < (int)sizeof before ? openat(s->dir, before, flags) : -1;
}

void spot_sweep(const Spot *s) {
  const char *last = path_last(s->name);
  int fd = open_directory(s, last);
  DIR *names = fd < 0 ? NULL : fdopendir(fd);
  if (!names && fd >= 0) close(fd);
  for (const struct dirent *at; names && (at = readdir(names)) != NULL;) {
    if (is_of(at->d_name, last) && owner_of(at->d_name)) sweep_name(fd, at->d_name, DEPTH_MAX);
  }
  if (names) closedir(names);
}
