#include "data/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/path.h"

/* Inputs. */

static int64_t mtime_of(const struct stat *info) {
  return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

static Status stat_regular(int fd, const char *path, struct stat *info, Error *err) {
  if (fstat(fd, info) != 0) return error_set_errno(err, STATUS_INPUT, "%s: cannot stat", path);
  if (S_ISREG(info->st_mode)) return STATUS_OK;
  if (S_ISDIR(info->st_mode)) {
    return error_set(err, STATUS_INPUT, "%s: is a directory, want a file", path);
  }
  return error_set(err, STATUS_INPUT, "%s: is not a regular file", path);
}

/* O_NONBLOCK: a FIFO without a writer must not block before it is refused. */
static Status open_input(const char *path, int *fd, Error *err) {
  do {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (*fd < 0 && errno == EINTR);
  if (*fd >= 0) return STATUS_OK;
  bool ours = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  return error_set_errno(err, ours ? STATUS_RUN : STATUS_INPUT, "%s: cannot open", path);
}

Status mapped_descriptor(MappedFile *f, int fd, const char *path, Error *err) {
  struct stat info;
  *f = (MappedFile){0};
  TRY(stat_regular(fd, path, &info, err));
  char *name = strdup(path);
  if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  void *data = NULL;
  if (info.st_size > 0) { /* an empty file cannot be mapped */
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      free(name);
      return error_set_errno(err, STATUS_RUN, "%s: cannot map", path);
    }
  }
  *f = (MappedFile){name, data, (size_t)info.st_size, (int64_t)info.st_ino, mtime_of(&info)};
  return STATUS_OK;
}

Status mapped_open(MappedFile *f, const char *path, Error *err) {
  int fd;
  *f = (MappedFile){0};
  TRY(open_input(path, &fd, err));
  Status status = mapped_descriptor(f, fd, path, err);
  close(fd);
  return status;
}

void mapped_close(MappedFile *f) {
  if (f->data) munmap((void *)(uintptr_t)f->data, f->size);
  free(f->path);
  *f = (MappedFile){0};
}

Status mapped_unchanged(const MappedFile *f, Error *err) {
  struct stat info;
  if (stat(f->path, &info) != 0) {
    return error_set_errno(err, STATUS_INPUT, "%s: went away while it was in use", f->path);
  }
  if ((size_t)info.st_size != f->size) {
    return error_set(err, STATUS_INPUT, "%s: changed size while it was in use (%jd bytes, was %zu)",
                     f->path, (intmax_t)info.st_size, f->size);
  }
  if ((int64_t)info.st_ino != f->inode || mtime_of(&info) != f->mtime_ns) {
    return error_set(err, STATUS_INPUT, "%s: was %s while it was in use", f->path,
                     (int64_t)info.st_ino != f->inode ? "replaced" : "written to");
  }
  return STATUS_OK;
}

/* Reads until `size` bytes or the end of the file; *got < size only at the end. */
static Status read_bytes(int fd, const char *path, char *to, size_t size, size_t *got, Error *err) {
  *got = 0;
  while (*got < size) {
    ssize_t n = read(fd, to + *got, size - *got);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_set_errno(err, STATUS_INPUT, "%s: cannot read", path);
    *got += (size_t)n;
  }
  return STATUS_OK;
}

static Status read_whole(int fd, const char *path, size_t limit, char **text, size_t *size,
                         Error *err) {
  struct stat info;
  TRY(stat_regular(fd, path, &info, err));
  size_t known = (size_t)info.st_size;
  if (known > limit) {
    return error_set(err, STATUS_INPUT, "%s: has %zu bytes, at most %zu are accepted", path, known,
                     limit);
  }
  *text = malloc(known + 1);
  if (!*text) return error_set(err, STATUS_RUN, "%s: out of memory: %zu bytes", path, known);
  TRY(read_bytes(fd, path, *text, known, size, err));
  (*text)[*size] = '\0';
  return STATUS_OK;
}

Status file_read(const char *path, size_t limit, char **text, size_t *size, Error *err) {
  int fd;
  *text = NULL;
  TRY(open_input(path, &fd, err));
  Status status = read_whole(fd, path, limit, text, size, err);
  close(fd);
  if (status == STATUS_OK && file_is_pointer(*text, *size)) {
    status = error_set(err, STATUS_INPUT, "%s: is a Git LFS pointer; run `git lfs pull`", path);
  }
  if (status != STATUS_OK) {
    free(*text);
    *text = NULL;
  }
  return status;
}

/* Outputs. */

/* Under the stream: stdio by itself forgets why a write failed and gives up when interrupted. */
typedef struct AtomicSink {
  int fd;
  int cause; /* errno of the first failed write, or 0 */
} AtomicSink;

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

Status file_check_output(const char *path, Error *err) {
  struct stat info;
  if (lstat(path, &info) != 0 || S_ISREG(info.st_mode)) return STATUS_OK;
  const char *what = S_ISLNK(info.st_mode)   ? "a symbolic link"
                     : S_ISDIR(info.st_mode) ? "a directory"
                                             : "not a regular file";
  return error_set(err, STATUS_RUN, "%s: is %s and will not be replaced; move it away", path, what);
}

/* The file that `path` names may be replaced: nothing is there, or a regular file, whose mode is
 * kept in *mode. */
static Status check_target(const char *path, mode_t *mode, Error *err) {
  struct stat info;
  *mode = 0;
  if (stat(path, &info) != 0) return STATUS_OK; /* what is wrong, creation will tell */
  if (!S_ISREG(info.st_mode)) {
    return error_set(err, STATUS_RUN, "%s: is not a regular file and will not be replaced", path);
  }
  *mode = info.st_mode & 0777;
  return STATUS_OK;
}

/* Creates a new file beside `path`; its name in *temp. */
static Status create_beside(const char *path, char **temp, int *fd, Error *err) {
  uint64_t salt;
  *fd = -1;
  if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
    return error_set_errno(err, STATUS_RUN, "%s: no random name for a temporary file", path);
  }
  if (asprintf(temp, "%s.tmp.%jd.%016jx", path, (intmax_t)getpid(), (uintmax_t)salt) < 0) {
    *temp = NULL;
    return error_set(err, STATUS_RUN, "%s: out of memory", path);
  }
  do {
    *fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return error_set_errno(err, STATUS_RUN, "%s: cannot create", *temp);
  return STATUS_OK;
}

static Status open_stream(AtomicFile *f, int fd, mode_t mode, const char *path, Error *err) {
  if (mode && fchmod(fd, mode) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot set the permissions", f->temp);
  }
  f->path = strdup(path);
  f->sink = malloc(sizeof *f->sink);
  if (!f->path || !f->sink) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  *f->sink = (AtomicSink){.fd = fd};
  f->stream = fopencookie(f->sink, "w", (cookie_io_functions_t){.write = sink_write});
  if (!f->stream) return error_set(err, STATUS_RUN, "%s: out of memory: a stream", path);
  return STATUS_OK;
}

static void atomic_free(AtomicFile *f) {
  free(f->path);
  free(f->temp);
  free(f->sink);
  *f = (AtomicFile){0};
}

Status atomic_open(AtomicFile *f, const char *path, Error *err) {
  mode_t mode;
  int fd;
  *f = (AtomicFile){0};
  TRY(check_target(path, &mode, err));
  Status status = create_beside(path, &f->temp, &fd, err);
  if (status == STATUS_OK) status = open_stream(f, fd, mode, path, err);
  if (status != STATUS_OK) {
    if (fd >= 0) {
      unlink(f->temp);
      close(fd);
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

static Status sync_parent(const char *path, Error *err) {
  char *parent = path_parent(path);
  if (!parent) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = dir_sync(parent, err);
  free(parent);
  return status;
}

Status atomic_commit(AtomicFile *f, Error *err) {
  Status status = finish_writing(f, err);
  if (status == STATUS_OK && rename(f->temp, f->path) != 0) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot rename to %s", f->temp, f->path);
  }
  if (status == STATUS_OK) {
    status = sync_parent(f->path, err);
  } else {
    unlink(f->temp);
  }
  atomic_free(f);
  return status;
}

void atomic_abort(AtomicFile *f) {
  if (!f->stream) return;
  fclose(f->stream);
  close(f->sink->fd);
  unlink(f->temp);
  atomic_free(f);
}

Status file_write(const char *path, const void *data, size_t size, Error *err) {
  AtomicFile f;
  TRY(atomic_open(&f, path, err));
  fwrite(data, 1, size, f.stream);
  return atomic_commit(&f, err);
}
