#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/atomic_internal.h"

static ssize_t sink_write(void *cookie, const char *data, size_t size) {
  AtomicSink *sink = cookie;
  size_t done = 0;
  while (done < size && !sink->cause) {
    ssize_t n = write(sink->fd, data + done, size - done);
    if (n >= 0) done += (size_t)n;
    if (n < 0 && errno != EINTR) sink->cause = errno;
  }
  return sink->cause ? 0 : (ssize_t)size; /* fopencookie: 0 is an error, never -1 */
}

Status atomic_check_target(const Spot *spot, const char *path, mode_t *mode, Error *err) {
  struct stat info;
  *mode = 0;
  if (spot_stat(spot, &info) != 0) {
    return errno == ENOENT ? STATUS_OK : path_failure(path, STATUS_RUN, "cannot stat", err);
  }
  if (S_ISREG(info.st_mode)) {
    *mode = info.st_mode & 0777;
    return STATUS_OK;
  }
  errno = ELOOP;
  if (S_ISLNK(info.st_mode)) return path_failure(path, STATUS_RUN, "will not be replaced", err);
  return error_set(err, STATUS_RUN, "%s: is not a regular file and will not be replaced", path);
}

const char *atomic_temp_name(const AtomicFile *f) {
  return f->temp + (f->sink->spot.name - f->path);
}

/* Creates a new file beside f->path. */
static Status create_beside(AtomicFile *f, Error *err) {
  uint64_t salt;
  if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
    return error_set_errno(err, STATUS_RUN, "%s: no random name for a temporary file", f->path);
  }
  if (asprintf(&f->temp, "%s.tmp.%jd.%016jx", f->path, (intmax_t)getpid(), (uintmax_t)salt) < 0) {
    f->temp = NULL;
    return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  }
  Spot beside = f->sink->spot;
  beside.name = atomic_temp_name(f);
  f->sink->fd = spot_open_file(&beside, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (f->sink->fd < 0) {
    return path_failure(f->path, STATUS_RUN, "cannot create a file in its directory", err);
  }
  return STATUS_OK;
}

Status atomic_open_stream(AtomicFile *f, mode_t mode, Error *err) {
  if (mode && fchmod(f->sink->fd, mode) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot set the permissions", f->temp);
  }
  f->stream = fopencookie(f->sink, "w", (cookie_io_functions_t){.write = sink_write});
  if (!f->stream) return error_set(err, STATUS_RUN, "%s: out of memory: a stream", f->path);
  return STATUS_OK;
}

static Status open_sink(AtomicFile *f, Error *err) {
  mode_t mode;
  if (spot_open(&f->sink->spot, f->path) != 0) {
    return path_failure(f->path, STATUS_RUN, "cannot create", err);
  }
  TRY(atomic_check_target(&f->sink->spot, f->path, &mode, err));
  spot_sweep(&f->sink->spot);
  TRY(create_beside(f, err));
  return atomic_open_stream(f, mode, err);
}

void atomic_free(AtomicFile *f) {
  if (f->sink) spot_close(&f->sink->spot);
  free(f->path);
  free(f->temp);
  free(f->sink);
  *f = (AtomicFile){0};
}

static void remove_temp(const AtomicFile *f) {
  unlinkat(f->sink->spot.dir, atomic_temp_name(f), 0);
}

Status atomic_new(AtomicFile *f, const char *path, Error *err) {
  *f = (AtomicFile){.path = strdup(path), .sink = malloc(sizeof *f->sink)};
  if (f->sink) *f->sink = (AtomicSink){.fd = -1, .spot = {.dir = -1}};
  return f->path && f->sink ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", path);
}

Status atomic_open(AtomicFile *f, const char *path, Error *err) {
  Status status = atomic_new(f, path, err);
  if (status == STATUS_OK) status = open_sink(f, err);
  if (status != STATUS_OK) {
    if (f->sink && f->sink->fd >= 0) {
      remove_temp(f);
      close(f->sink->fd);
    }
    atomic_free(f);
  }
  return status;
}

/* Everything written is on the disk, or an error. A failed fsync is final: the kernel may drop the
 * pages that it could not write, so that a second fsync would succeed and prove nothing. */
static Status finish_writing(AtomicFile *f, Error *err) {
  bool written = !ferror(f->stream);
  written = fclose(f->stream) == 0 && written;
  int cause = f->sink->cause ? f->sink->cause : written ? 0 : EIO;
  if (!cause && fsync(f->sink->fd) != 0) cause = errno;
  if (close(f->sink->fd) != 0 && !cause) cause = errno;
  if (!cause) return STATUS_OK;
  errno = cause;
  return error_set_errno(err, STATUS_RUN, "%s: cannot write", f->path);
}

Status atomic_commit(AtomicFile *f, Error *err) {
  Status status = finish_writing(f, err);
  const Spot *spot = &f->sink->spot;
  if (status == STATUS_OK && renameat(spot->dir, atomic_temp_name(f), spot->dir, spot->name) != 0) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot rename to %s", f->temp, f->path);
  }
  if (status == STATUS_OK) {
    status = dir_sync_parent(f->path, err);
  } else if (!f->sink->kept) {
    remove_temp(f);
  }
  atomic_free(f);
  return status;
}

void atomic_abort(AtomicFile *f) {
  struct stat info;
  if (!f->stream) return;
  fclose(f->stream);
  bool empty = fstat(f->sink->fd, &info) != 0 || info.st_size == 0;
  close(f->sink->fd);
  if (!f->sink->kept || empty) remove_temp(f);
  atomic_free(f);
}

Status file_write(const char *path, const void *data, size_t size, Error *err) {
  AtomicFile f;
  TRY(atomic_open(&f, path, err));
  fwrite(data, 1, size, f.stream);
  return atomic_commit(&f, err);
}
