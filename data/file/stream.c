#include "data/file/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file/path.h"
#include "data/file/temporary.h"

enum { READ_MOST = 1 << 16 }; /* bytes at once: what a pipe holds */

const char *stream_name(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool is_stream(const char *path) {
  struct stat info;
  if (strcmp(path, "-") == 0) return true;
  if (path_mark(path) || stat(path, &info) != 0) return false;
  return S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode) || S_ISSOCK(info.st_mode);
}

static Status open_source(Stream *s, const char *path, Error *err) {
  s->name = stream_name(path);
  do {
    s->from = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  } while (s->from < 0 && errno == EINTR);
  if (s->from < 0) return error_set_errno(err, STATUS_INPUT, "%s: cannot open", s->name);
  return temporary_file(&s->store, s->name, err);
}

Status stream_open(Stream **out, const char *path, Error *err) {
  *out = NULL;
  if (!is_stream(path)) return STATUS_OK;
  Stream *s = malloc(sizeof *s);
  if (!s) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  *s = (Stream){.from = -1, .store = -1};
  Status status = open_source(s, path, err);
  if (status == STATUS_OK) {
    *out = s;
  } else {
    stream_close(s);
  }
  return status;
}

void stream_close(Stream *s) {
  if (!s) return;
  if (s->from >= 0) close(s->from);
  if (s->store >= 0) close(s->store);
  free(s);
}

static Status store(Stream *s, const char *bytes, size_t size, Error *err) {
  for (size_t done = 0; done < size;) {
    ssize_t n = write(s->store, bytes + done, size - done);
    if (n >= 0) done += (size_t)n;
    if (n >= 0 || errno == EINTR) continue;
    return error_set_errno(err, STATUS_RUN,
                           "%s: cannot keep %" PRId64 " bytes of it in %s (TMPDIR)", s->name,
                           s->size, temporary_place());
  }
  s->size += (int64_t)size;
  return STATUS_OK;
}

/* poll and not read waits, as only that is ended by a signal, whatever its handler says. */
Status stream_more(Stream *s, int64_t most, Error *err) {
  char bytes[READ_MOST];
  struct pollfd wait = {.fd = s->from, .events = POLLIN};
  if (poll(&wait, 1, -1) < 0 && errno == EINTR) return STATUS_OK;
  ssize_t n = read(s->from, bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return STATUS_OK;
  if (n < 0) return error_set_errno(err, STATUS_INPUT, "%s: cannot read", s->name);
  s->ended = n == 0;
  if (s->size + n <= most) return store(s, bytes, (size_t)n, err);
  return error_set(err, STATUS_INPUT, "%s: has more than %" PRId64 " bytes", s->name, most);
}

Status stream_map(const Stream *s, MappedFile *f, Error *err) {
  return mapped_descriptor(f, s->store, s->name, err);
}

static Status copy_text(const MappedFile *f, char **text, size_t *size, Error *err) {
  *text = malloc(f->size + 1);
  if (!*text) return error_set(err, STATUS_RUN, "%s: out of memory: %zu bytes", f->path, f->size);
  if (f->size > 0) memcpy(*text, f->data, f->size);
  (*text)[ *size = f->size] = '\0';
  return STATUS_OK;
}

Status stream_read(const char *path, size_t limit, char **text, size_t *size, Error *err) {
  Stream *s;
  MappedFile file = {0};
  *text = NULL;
  TRY(stream_open(&s, path, err));
  if (!s) return file_read(path, limit, text, size, err);
  Status status = STATUS_OK;
  while (!s->ended && status == STATUS_OK) status = stream_more(s, (int64_t)limit, err);
  if (status == STATUS_OK) status = stream_map(s, &file, err);
  if (status == STATUS_OK) status = copy_text(&file, text, size, err);
  mapped_close(&file);
  stream_close(s);
  return status;
}
