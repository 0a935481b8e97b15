#include "tools/pool/staged_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/temporary.h"

#define END ".new"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

Status staged_refuse(const char *path, Error *err) {
  return error_set(err, STATUS_USAGE,
                   "%s: is there already; nothing is written over, name another place", path);
}

Status staged_check(const char *dir, Error *err) {
  struct stat info;
  DirNames names = {0};
  if (lstat(dir, &info) != 0) return STATUS_OK;
  if (!S_ISDIR(info.st_mode)) return staged_refuse(dir, err);
  TRY(dir_names(&names, dir, err));
  bool empty = names.count == 0;
  dir_names_free(&names);
  return empty ? STATUS_OK : staged_refuse(dir, err);
}

/* ---- hidden names ---- */

/* A directory to be: "PARENT/NAME". */
typedef struct Place {
  char *parent, *name;
} Place;

static void place_free(Place *p) {
  free(p->parent);
  free(p->name);
}

static bool place_find(Place *p, const char *dir) {
  size_t size = strlen(dir);
  while (size > 1 && dir[size - 1] == '/') size--;
  char *plain = strndup(dir, size);
  *p = (Place){0};
  if (plain) *p = (Place){path_parent(plain), strdup(path_last(plain))};
  free(plain);
  return p->parent && p->name;
}

/* "PARENT/.NAME.PID.new". */
static char *hidden_path(const Place *p) {
  char *path;
  int size = asprintf(&path, "%s/.%s.%d" END, p->parent, p->name, (int)getpid());
  return size < 0 ? NULL : path;
}

/* The last part of the hidden path of some process. */
static bool is_hidden(const char *file, const char *name) {
  size_t size = strlen(name);
  if (file[0] != '.' || strncmp(file + 1, name, size) != 0 || file[size + 1] != '.') return false;
  const char *pid = file + size + 2;
  size_t digits = strspn(pid, "0123456789");
  return digits > 0 && digits < 10 && strcmp(pid + digits, END) == 0;
}

/* ---- what processes that died have left ---- */

static pid_t owner_of(const char *file, const char *name) {
  return (pid_t)strtol(file + strlen(name) + 2, NULL, 10);
}

/* Whose lock can be taken has nobody who writes it. One without a lock just begins, or is about to
 * get its name: then its process must run. */
static void sweep_one(const char *path, const char *held, pid_t owner) {
  Lock *lock = NULL;
  bool left = file_exists(held) ? lock_take(&lock, held, "", NULL, NULL) == STATUS_OK
                                : temporary_is_orphaned(owner);
  if (left) dir_remove(path, NULL);
  lock_release(lock);
}

static Status sweep_name(const Place *p, const char *file, Error *err) {
  if (!is_hidden(file, p->name)) return STATUS_OK;
  char *path = path_join(p->parent, file), *held = path ? path_below(path, ".lock") : NULL;
  if (held) sweep_one(path, held, owner_of(file, p->name));
  Status status = held ? STATUS_OK : out_of_memory(p->parent, err);
  free(path);
  free(held);
  return status;
}

/* What cannot be listed or removed stays: it is in nobody's way. */
static Status sweep(const Place *p, Error *err) {
  DirNames names;
  Error failure = {0};
  Status status = dir_names(&names, p->parent, &failure);
  if (status == STATUS_RUN) return error_set(err, status, "%s", failure.text);
  for (size_t i = 0; status == STATUS_OK && i < names.count; i++)
    status = sweep_name(p, names.name[i], err);
  dir_names_free(&names);
  return status == STATUS_RUN ? status : STATUS_OK;
}

/* ---- the directory ---- */

static Status take_lock(StagedDir *s, Error *err) {
  s->held = path_below(s->path, ".lock");
  if (!s->held) return out_of_memory(s->dir, err);
  return lock_take(&s->lock, s->held, "is writing this directory", NULL, err);
}

/* A directory that has the hidden name by now is another process's, or has nothing in it yet. */
static Status make(StagedDir *s, const Place *p, Error *err) {
  TRY(sweep(p, err));
  s->path = hidden_path(p);
  if (!s->path) return out_of_memory(s->dir, err);
  TRY(dir_make(s->path, err));
  return take_lock(s, err);
}

Status staged_begin(StagedDir *s, const char *dir, Error *err) {
  *s = (StagedDir){.dir = dir};
  TRY(staged_check(dir, err));
  Place place;
  Status status = place_find(&place, dir) ? make(s, &place, err) : out_of_memory(dir, err);
  place_free(&place);
  if (status != STATUS_OK) staged_close(s);
  return status;
}

Status staged_commit(StagedDir *s, Error *err) {
  TRY(staged_check(s->dir, err));
  TRY(file_remove(s->held, err));
  return dir_rename(s->path, s->dir, err);
}

void staged_close(StagedDir *s) {
  if (s->lock) dir_remove(s->path, NULL);
  lock_release(s->lock);
  free(s->path);
  free(s->held);
  *s = (StagedDir){0};
}
