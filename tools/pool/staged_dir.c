#include "tools/pool/staged_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

Status staged_refuse(const char *path, Error *err) {
  return error_set(err, STATUS_USAGE,
                   "%s: is there already; nothing is written over, name another place", path);
}

Status staged_check(const char *dir, Error *err) {
  struct stat info;
  struct dirent **entry = NULL;
  if (lstat(dir, &info) != 0) return STATUS_OK;
  int n = S_ISDIR(info.st_mode) ? scandir(dir, &entry, NULL, NULL) : 0;
  for (int i = 0; i < n; i++) free(entry[i]);
  free(entry);
  if (n == 2) return STATUS_OK; /* "." and ".." */
  return staged_refuse(dir, err);
}

/* "DIR/.NAME.PID.new". */
static char *hidden_name(const char *dir) {
  size_t size = strlen(dir);
  while (size > 1 && dir[size - 1] == '/') size--;
  char *plain = strndup(dir, size), *parent = plain ? path_parent(plain) : NULL, *name = NULL;
  if (parent && asprintf(&name, "%s/.%s.%d.new", parent, path_last(plain), (int)getpid()) < 0) {
    name = NULL;
  }
  free(plain);
  free(parent);
  return name;
}

Status staged_begin(StagedDir *s, const char *dir, Error *err) {
  *s = (StagedDir){.dir = dir};
  TRY(staged_check(dir, err));
  s->path = hidden_name(dir);
  if (!s->path) return out_of_memory(dir, err);
  Status status = dir_remove(s->path, err);
  if (status == STATUS_OK) status = dir_make(s->path, err);
  if (status != STATUS_OK) staged_close(s);
  return status;
}

Status staged_commit(StagedDir *s, Error *err) {
  TRY(staged_check(s->dir, err));
  if (rename(s->path, s->dir) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot rename to %s", s->path, s->dir);
  }
  char *parent = path_parent(s->dir);
  Status status = parent ? dir_sync(parent, err) : out_of_memory(s->dir, err);
  free(parent);
  return status;
}

void staged_close(StagedDir *s) {
  Error ignored = {0};
  if (s->path) dir_remove(s->path, &ignored);
  free(s->path);
  *s = (StagedDir){0};
}
