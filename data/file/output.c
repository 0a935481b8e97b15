#include "data/file/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/spot.h"

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* ---- files ---- */

static Status refuse_kind(const char *path, mode_t mode, Error *err) {
  const char *what = S_ISLNK(mode)   ? "a symbolic link"
                     : S_ISDIR(mode) ? "a directory"
                                     : "not a regular file";
  return error_set(err, STATUS_RUN, "%s: is %s and will not be replaced; move it away", path, what);
}

/* The input that `info` is of, or NULL. */
static const char *find_input(const OutputRule *rule, const struct stat *info) {
  for (int i = 0; i < rule->inputs; i++) {
    const char *input = rule->input[i];
    struct stat other;
    if (!input) continue;
    bool there =
        strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &other) == 0 : stat(input, &other) == 0;
    if (there && is_same(info, &other)) return input;
  }
  return NULL;
}

/* Looks at the file and at every directory that it is in. */
static Status refuse_input(const char *path, const OutputRule *rule, Error *err) {
  char *at = realpath(path, NULL);
  struct stat info;
  Status status = at ? STATUS_OK : error_set_errno(err, STATUS_RUN, "%s: cannot be found", path);
  for (bool more = at != NULL; more && status == STATUS_OK;) {
    const char *input = stat(at, &info) == 0 ? find_input(rule, &info) : NULL;
    if (input)
      status = error_set(err, STATUS_USAGE,
                         "%s: is read, too (%s); nothing is written over an input, name another "
                         "output",
                         path, input);
    char *slash = strrchr(at, '/');
    more = slash && slash > at;
    if (more) *slash = '\0';
  }
  free(at);
  return status;
}

Status output_check(const char *path, const OutputRule *rule, Error *err) {
  struct stat info;
  if (lstat(path, &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return STATUS_OK;
    return path_failure(path, STATUS_RUN, "cannot stat", err);
  }
  if (!S_ISREG(info.st_mode)) return refuse_kind(path, info.st_mode, err);
  if (!rule->force)
    return error_set(err, STATUS_USAGE, "%s: is there already; --force replaces it", path);
  return refuse_input(path, rule, err);
}

bool output_same(const char *a, const char *b) {
  if (strcmp(a, b) == 0) return true;
  if (strcmp(path_last(a), path_last(b)) != 0) return false;
  struct stat in_a, in_b;
  char *parent_a = path_parent(a), *parent_b = path_parent(b);
  bool same = parent_a && parent_b && stat(parent_a, &in_a) == 0 && stat(parent_b, &in_b) == 0 &&
              is_same(&in_a, &in_b);
  free(parent_a);
  free(parent_b);
  return same;
}

/* ---- directories ---- */

/* The name, or a temporary of it. */
static bool is_begun(const OutputDir *kind, const char *name) {
  for (const char *const *begun = kind->begun; *begun; begun++) {
    size_t size = strlen(*begun);
    if (strncmp(name, *begun, size) != 0) continue;
    if (!name[size] || strncmp(name + size, ".tmp.", strlen(".tmp.")) == 0) return true;
  }
  return false;
}

/* What is not hidden: the first name, and the first that no run begins with; NULL: there is none. */
typedef struct Found {
  const char *visible, *strange;
  bool record, lock;
} Found;

static Found look_through(const DirNames *names, const OutputDir *kind) {
  Found found = {0};
  for (size_t i = 0; i < names->count; i++) {
    const char *name = names->name[i];
    found.record = found.record || strcmp(name, kind->record) == 0;
    found.lock = found.lock || strcmp(name, ".lock") == 0;
    if (name[0] == '.') continue;
    if (!found.visible) found.visible = name;
    if (!found.strange && !is_begun(kind, name)) found.strange = name;
  }
  return found;
}

Status output_check_dir(const char *path, const OutputDir *kind, Error *err) {
  DirNames names;
  if (!dir_exists(path)) return STATUS_OK; /* what else it is, dir_make tells */
  TRY(dir_names(&names, path, err));
  Found found = look_through(&names, kind);
  Status status = STATUS_OK;
  if (found.visible && !found.record && (found.strange || !found.lock))
    status = error_set(err, STATUS_USAGE,
                       "%s: holds '%.120s' and is no %s, so nothing is written into it; name a new "
                       "or an empty directory",
                       path, found.strange ? found.strange : found.visible, kind->what);
  dir_names_free(&names);
  return status;
}
