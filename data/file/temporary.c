#include "data/file/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/file.h"

const char *temporary_place(void) {
  const char *dir = getenv("TMPDIR");
  return dir && dir[0] ? dir : "/tmp";
}

/* ---- names: skein-<process>-XXXXXX ---- */

/* The process that made what has such a name; 0 for another. */
static pid_t owner_of(const char *name) {
  static const char BEGIN[] = "skein-";
  enum { RANDOM = 6, DIGITS_MOST = 9 };
  if (strncmp(name, BEGIN, strlen(BEGIN)) != 0) return 0;
  const char *pid = name + strlen(BEGIN);
  size_t digits = strspn(pid, "0123456789");
  bool ours = digits > 0 && digits <= DIGITS_MOST && pid[digits] == '-' &&
              strlen(pid + digits + 1) == RANDOM;
  return ours ? (pid_t)strtol(pid, NULL, 10) : 0;
}

/* Removes what this user's processes that died have left; takes no memory where there is nothing. */
static void sweep(void) {
  struct stat info;
  char path[PATH_MAX];
  DIR *names = opendir(temporary_place());
  for (const struct dirent *at; names && (at = readdir(names)) != NULL;) {
    pid_t owner = owner_of(at->d_name);
    if (owner <= 0 || !temporary_is_orphaned(owner)) continue;
    int size = snprintf(path, sizeof path, "%s/%s", temporary_place(), at->d_name);
    if (size < (int)sizeof path && lstat(path, &info) == 0 && info.st_uid == geteuid())
      dir_remove(path, NULL);
  }
  if (names) closedir(names);
}

static Status new_name(char **name, const char *purpose, Error *err) {
  sweep();
  if (asprintf(name, "%s/skein-%d-XXXXXX", temporary_place(), (int)getpid()) >= 0) return STATUS_OK;
  *name = NULL;
  return error_set(err, STATUS_RUN, "%s: out of memory", purpose);
}

/* ---- making them ---- */

Status temporary_file(int *fd, const char *purpose, Error *err) {
  char *name;
  TRY(new_name(&name, purpose, err));
  *fd = mkostemp(name, O_CLOEXEC);
  Status status = STATUS_OK;
  if (*fd < 0) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot create a file in %s (TMPDIR)", purpose,
                             temporary_place());
  } else {
    unlink(name);
  }
  free(name);
  return status;
}

Status temporary_dir(char **path, const char *purpose, Error *err) {
  TRY(new_name(path, purpose, err));
  if (mkdtemp(*path)) return STATUS_OK;
  free(*path);
  *path = NULL;
  return error_set_errno(err, STATUS_RUN, "%s: cannot make a directory in %s (TMPDIR)", purpose,
                         temporary_place());
}
