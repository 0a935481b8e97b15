#include "data/file/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/atomic_internal.h"
#include "data/file/path.h"

enum { DIGITS = 16 };
#define END ".part"

/* ---- names ---- */

/* "NAME.<16 digits>.part". */
static bool is_part(const char *file, const char *name) {
  static const char HEX[] = "0123456789abcdef";
  size_t size = strlen(name);
  if (strncmp(file, name, size) != 0 || file[size] != '.') return false;
  const char *digits = file + size + 1;
  return strspn(digits, HEX) == DIGITS && strcmp(digits + DIGITS, END) == 0;
}

/* Whoever has these lines may want them. */
static Status refuse_others(const AtomicFile *f, Error *err) {
  char *parent = path_parent(f->path);
  DirNames names = {0};
  const char *own = path_last(f->temp);
  Status status = parent ? dir_names(&names, parent, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
    const char *name = names.name[i];
    if (!is_part(name, path_last(f->path)) || strcmp(name, own) == 0) continue;
    status = error_set(err, STATUS_USAGE,
                       "%s/%s: is unfinished work with other settings or inputs; go on with those, "
                       "or remove it",
                       parent, name);
  }
  dir_names_free(&names);
  free(parent);
  return status;
}

/* ---- opening ---- */

/* The file that is locked is the one that still has the name. */
static bool has_name(const AtomicFile *f) {
  struct stat locked, named;
  Spot beside = f->sink->spot;
  beside.name = atomic_temp_name(f);
  return fstat(f->sink->fd, &locked) == 0 && spot_stat(&beside, &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

static Status open_part(AtomicFile *f, Error *err) {
  Spot beside = f->sink->spot;
  beside.name = atomic_temp_name(f);
  f->sink->fd = spot_open_file(&beside, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (f->sink->fd < 0)
    return path_failure(f->path, STATUS_RUN, "cannot create a file in its directory", err);
  if (flock(f->sink->fd, LOCK_EX | LOCK_NB) == 0)
    return has_name(f)
               ? STATUS_OK
               : error_set(err, STATUS_RUN, "%s: another process has just written it", f->path);
  if (errno != EWOULDBLOCK) return error_set_errno(err, STATUS_RUN, "%s: cannot lock", f->temp);
  return error_set(err, STATUS_RUN, "%s: another process is writing it; try again when it is done",
                   f->path);
}

static Status open_lines(AtomicFile *f, const char *identity, MappedFile *lines, Error *err) {
  mode_t mode;
  if (spot_open(&f->sink->spot, f->path) != 0)
    return path_failure(f->path, STATUS_RUN, "cannot create", err);
  TRY(atomic_check_target(&f->sink->spot, f->path, &mode, err));
  if (asprintf(&f->temp, "%s.%.*s" END, f->path, DIGITS, identity) < 0) {
    f->temp = NULL;
    return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  }
  TRY(refuse_others(f, err));
  TRY(open_part(f, err));
  TRY(mapped_descriptor(lines, f->sink->fd, f->temp, err));
  f->sink->kept = true;
  return atomic_open_stream(f, mode, err);
}

Status kept_open(AtomicFile *f, const char *path, const char *identity, MappedFile *lines,
                 Error *err) {
  *lines = (MappedFile){0};
  Status status = atomic_new(f, path, err);
  if (status == STATUS_OK) status = open_lines(f, identity, lines, err);
  if (status == STATUS_OK) return STATUS_OK;
  mapped_close(lines);
  if (f->sink && f->sink->fd >= 0) close(f->sink->fd);
  atomic_free(f);
  return status;
}

/* ---- going on ---- */

Status kept_go_on(AtomicFile *f, size_t size, Error *err) {
  if (ftruncate(f->sink->fd, (off_t)size) == 0 && lseek(f->sink->fd, 0, SEEK_END) >= 0)
    return STATUS_OK;
  return error_set_errno(err, STATUS_RUN, "%s: cannot cut off an unfinished line", f->temp);
}

Status kept_flush(AtomicFile *f, Error *err) {
  if (fflush(f->stream) == 0 && !f->sink->cause) return STATUS_OK;
  errno = f->sink->cause ? f->sink->cause : EIO;
  return error_set_errno(err, STATUS_RUN, "%s: cannot write", f->path);
}
