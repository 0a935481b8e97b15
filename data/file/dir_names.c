/* The names in a directory, and those among them that a process which died has left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/spot.h"

void dir_names_free(DirNames *names) {
  for (size_t i = 0; i < names->count; i++) free(names->name[i]);
  free(names->name);
  *names = (DirNames){0};
}

static Status add_name(DirNames *names, const char *name, const char *path, Error *err) {
  char **grown = array_grow(names->name, names->count, 1, sizeof *grown);
  if (grown) names->name = grown;
  char *copy = grown ? strdup(name) : NULL;
  if (!copy) return error_set(err, STATUS_RUN, "%s: out of memory: its files", path);
  names->name[names->count++] = copy;
  return STATUS_OK;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static Status read_names(DirNames *names, DIR *dir, const char *path, Error *err) {
  errno = 0;
  for (const struct dirent *at; (at = readdir(dir)) != NULL;) {
    if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0) continue;
    TRY(add_name(names, at->d_name, path, err));
    errno = 0;
  }
  if (errno) return path_failure(path, STATUS_INPUT, "cannot list", err);
  if (names->count) qsort(names->name, names->count, sizeof *names->name, compare_names);
  return STATUS_OK;
}

Status dir_names(DirNames *names, const char *path, Error *err) {
  *names = (DirNames){0};
  int fd = path_open(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0 && errno == ENOENT) return STATUS_OK;
  if (fd < 0) return path_failure(path, STATUS_INPUT, "cannot list", err);
  DIR *dir = fdopendir(fd);
  if (!dir) close(fd);
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory: its files", path);
  Status status = read_names(names, dir, path, err);
  closedir(dir);
  if (status != STATUS_OK) dir_names_free(names);
  return status;
}

bool dir_exists(const char *path) {
  struct stat info;
  return path_stat(path, &info) == 0 && (S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode));
}

/* ---- what is left of outputs that were never finished ---- */

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

static bool is_running(pid_t pid) {
  return kill(pid, 0) == 0 || errno == EPERM;
}

static void sweep_directory(int fd, int depth);

static void sweep_name(int dir, const char *name, int depth) {
  enum { DEPTH_MAX = 4 }; /* POOL/experts/NAME, OUTPUT/cells/METHOD, RUN/checkpoints/STEP */
  struct stat info;
  if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  pid_t owner = S_ISREG(info.st_mode) ? owner_of(name) : 0;
  if (owner > 0 && !is_running(owner)) unlinkat(dir, name, 0);
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
