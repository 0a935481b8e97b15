/* The names in a directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
  if (path_stat(path, &info) != 0) return errno != ENOENT && errno != ENOTDIR;
  return S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode);
}
