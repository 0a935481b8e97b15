#include "data/file/path_search.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "data/file/spot.h"

char *path_expand(const char *path) {
  const char *home = getenv("HOME");
  bool whole = path[0] == '~' && (path[1] == '\0' || path[1] == '/');
  if (!whole || !home || home[0] != '/') return strdup(path);
  return path[1] ? path_join(home, path + 2) : strdup(home);
}

/* `name` beside the file, in a new string. What is beside a file of the working directory has no
 * other name than there. */
static char *path_beside(const char *file, const char *name) {
  char *dir = path_parent(file);
  if (!dir) return NULL;
  char *path = strcmp(dir, ".") != 0 ? path_join(dir, name) : strdup(name);
  free(dir);
  return path;
}

/* Whether the names lead to two things. */
static bool differ(const struct stat *a, const struct stat *b) {
  return a->st_dev != b->st_dev || a->st_ino != b->st_ino;
}

static PathFound look(const char *beside, const char *name) {
  struct stat here, there;
  bool is_beside = path_stat(beside, &there) == 0, is_working = path_stat(name, &here) == 0;
  if (is_beside) return is_working && differ(&here, &there) ? PATH_DOUBLE : PATH_BESIDE;
  return is_working ? PATH_WORKING : PATH_NOWHERE;
}

/* Drops the name before `up`, a "/../" of the path; false where there is none to drop. */
static bool drop_name(char *path, char *up) {
  char *slash = memrchr(path, '/', (size_t)(up - path)), *name = slash ? slash + 1 : path;
  size_t size = (size_t)(up - name);
  if (size == 0 || strspn(name, ".") >= size) return false;
  memmove(name, up + 4, strlen(up + 4) + 1);
  return true;
}

/* The path without "NAME/../", where that leads to the same: behind a link it may not. Takes the
 * path. */
static char *shorten(char *path) {
  struct stat before, after;
  char *brief = strdup(path), *up = brief ? strstr(brief, "/../") : NULL;
  while (up && drop_name(brief, up)) up = strstr(brief, "/../");
  bool same = brief && path_stat(path, &before) == 0 && path_stat(brief, &after) == 0 &&
              !differ(&before, &after);
  free(same ? path : brief);
  return same ? brief : path;
}

char *path_search(const char *file, const char *name, PathFound *found) {
  char *path = path_expand(name);
  *found = PATH_GIVEN;
  if (!path || path[0] == '/') return path;
  char *beside = path_beside(file, path);
  if (beside) *found = look(beside, path);
  bool takes_beside = !beside || *found == PATH_BESIDE || *found == PATH_DOUBLE;
  free(takes_beside ? path : beside);
  if (!takes_beside) return path;
  return beside ? shorten(beside) : NULL;
}
