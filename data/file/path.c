#include "data/file/path.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

char *path_join(const char *dir, const char *name) {
  if (name[0] == '/') return strdup(name);
  char *joined = malloc(strlen(dir) + 1 + strlen(name) + 1);
  if (joined) stpcpy(stpcpy(stpcpy(joined, dir), "/"), name);
  return joined;
}

const char *path_last(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *path_root(const char *dir) {
  return path_join(dir, ".");
}

const char *path_mark(const char *path) {
  return strstr(path, PATH_MARK);
}

char *path_below(const char *dir, const char *name) {
  const char *between = path_mark(dir) ? "/" : PATH_MARK;
  char *joined = malloc(strlen(dir) + strlen(between) + strlen(name) + 1);
  if (joined) stpcpy(stpcpy(stpcpy(joined, dir), between), name);
  return joined;
}

char *path_parent(const char *path) {
  char *copy = strdup(path);
  if (!copy) return NULL;
  char *parent = strdup(dirname(copy));
  size_t size = parent ? strlen(parent) : 0;
  if (size > 2 && strcmp(parent + size - 2, "/.") == 0) parent[size - 2] = '\0'; /* was a mark */
  free(copy);
  return parent;
}

bool path_name_valid(const char *name) {
  static const char ALLOWED[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+=,-";
  size_t size = strlen(name);
  return size > 0 && size <= PATH_NAME_MOST && *name != '.' && strspn(name, ALLOWED) == size;
}
