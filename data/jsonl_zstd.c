#include "data/jsonl_zstd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* One decompression: the stream, its output buffer, and how long the line at hand is so far, which
 * bounds what a compression bomb can do. */
typedef struct Expansion {
  const MappedFile *file;
  ZSTD_DStream *stream;
  char *buffer;
  size_t buffer_size, total, line;
  int fd;
  const char *temp;
} Expansion;

static Status write_all(const Expansion *x, const char *data, size_t size, Error *err) {
  while (size > 0) {
    ssize_t n = write(x->fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_set_errno(err, STATUS_RUN, "%s: cannot write", x->temp);
    data += n;
    size -= (size_t)n;
  }
  return STATUS_OK;
}

static Status check_limits(Expansion *x, size_t size, Error *err) {
  for (const char *p = x->buffer, *end = p + size; p < end;) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    x->line += (size_t)((newline ? newline : end) - p);
    if (x->line > JSONL_LINE_MAX) {
      return error_set(err, STATUS_INPUT, "%s: byte %zu of the text: a line is longer than 64 MiB",
                       x->file->path, x->total);
    }
    if (newline) x->line = 0;
    p = newline ? newline + 1 : end;
  }
  x->total += size;
  if (x->total <= JSONL_TOTAL_MAX) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: decompresses to more than 1 TiB", x->file->path);
}

static Status expand_frames(Expansion *x, Error *err) {
  ZSTD_inBuffer in = {x->file->data, x->file->size, 0};
  size_t left = 1; /* what the decoder still wants; 0 at the end of a frame */
  bool full = false;
  while (in.pos < in.size || full) {
    ZSTD_outBuffer out = {x->buffer, x->buffer_size, 0};
    left = ZSTD_decompressStream(x->stream, &out, &in);
    if (ZSTD_isError(left)) {
      return error_set(err, STATUS_INPUT, "%s: byte %zu: damaged zstd data: %s", x->file->path,
                       in.pos, ZSTD_getErrorName(left));
    }
    TRY(check_limits(x, out.pos, err));
    TRY(write_all(x, x->buffer, out.pos, err));
    full = left != 0 && out.pos == out.size;
  }
  if (left == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: byte %zu: the zstd data is truncated", x->file->path,
                   in.size);
}

Status jsonl_expand(const MappedFile *file, int fd, const char *temp, size_t *size, Error *err) {
  Expansion x = {.file = file, .fd = fd, .temp = temp, .buffer_size = ZSTD_DStreamOutSize()};
  x.stream = ZSTD_createDStream();
  x.buffer = malloc(x.buffer_size);
  Status status = STATUS_OK;
  if (!x.stream || !x.buffer) status = error_set(err, STATUS_RUN, "out of memory: decompression");
  if (status == STATUS_OK) {
    ZSTD_DCtx_setParameter(x.stream, ZSTD_d_windowLogMax, JSONL_WINDOW_LOG);
    status = expand_frames(&x, err);
  }
  *size = x.total;
  free(x.buffer);
  ZSTD_freeDStream(x.stream);
  return status;
}
