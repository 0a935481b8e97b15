#include "data/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/spot.h"

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

/* A failure says something of this process, and nothing of the file. */
static bool is_ours(int cause) {
  return cause == EMFILE || cause == ENFILE || cause == ENOMEM;
}

/* O_NONBLOCK: a FIFO without a writer must not block before it is refused. */
static Status open_input(const char *path, int *fd, Error *err) {
  *fd = path_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  if (*fd >= 0) return STATUS_OK;
  return path_failure(path, is_ours(errno) ? STATUS_RUN : STATUS_INPUT, "cannot open", err);
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
  if (path_stat(f->path, &info) != 0) {
    const char *what = errno == ENOENT ? "went away while it was in use" : "cannot stat";
    return path_failure(f->path, is_ours(errno) ? STATUS_RUN : STATUS_INPUT, what, err);
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

/* 0, or -1 with errno. */
static int look(const char *path) {
  Spot spot;
  int result = spot_open(&spot, path);
  if (result == 0) {
    result = faccessat(spot.dir, spot.name, F_OK, AT_SYMLINK_NOFOLLOW);
    spot_close(&spot);
  }
  return result;
}

bool file_exists(const char *path) {
  return look(path) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Status file_look(const char *path, bool *there, Error *err) {
  *there = look(path) == 0;
  if (*there || errno == ENOENT || errno == ENOTDIR) return STATUS_OK;
  return path_failure(path, is_ours(errno) ? STATUS_RUN : STATUS_INPUT, "cannot stat", err);
}

/* Outputs. */

Status file_remove(const char *path, Error *err) {
  Spot spot;
  int result = spot_open(&spot, path);
  if (result == 0) {
    result = unlinkat(spot.dir, spot.name, 0);
    spot_close(&spot);
  }
  if (result == 0 || errno == ENOENT) return STATUS_OK;
  return path_failure(path, STATUS_RUN, "cannot remove", err);
}

Status file_append(FILE **stream, const char *path, Error *err) {
  struct stat info;
  *stream = NULL;
  int fd = path_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666);
  if (fd < 0) return path_failure(path, STATUS_RUN, "cannot append", err);
  Status status = stat_regular(fd, path, &info, err);
  if (status == STATUS_OK && !(*stream = fdopen(fd, "a")))
    status = error_set(err, STATUS_RUN, "%s: out of memory: a stream", path);
  if (status != STATUS_OK) close(fd);
  return status;
}
