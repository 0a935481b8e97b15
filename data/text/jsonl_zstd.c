#include "data/text/jsonl_zstd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "data/file/temporary.h"

enum { WINDOW_LOG_MAX = 27 };

/* The decompressed text so far. */
typedef struct Expansion {
  const char *path; /* of the compressed file, for messages */
  int fd;
  const JsonlLimits *limits;
  int64_t total, lines;     /* bytes; lines that are not blank */
  int64_t line, line_start; /* the line that is being written: its number from 1, its offset */
  int64_t text_end;         /* behind the last byte that is not blank */
} Expansion;

bool jsonl_is_compressed(const MappedFile *in) {
  if (in->size < 4) return false;
  const unsigned char *p = in->data;
  uint32_t magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
  return magic == ZSTD_MAGICNUMBER ||
         (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static Status refuse_line(const Expansion *x, const char *what, int64_t most, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: line %" PRId64 ": byte %" PRId64 ": %s %" PRId64 " bytes", x->path, x->line,
                   x->line_start, what, most);
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* `size` bytes more of the line that is being written. */
static Status count_text(Expansion *x, const char *text, int64_t size, int64_t at, Error *err) {
  int64_t last = size;
  while (last > 0 && is_blank(text[last - 1])) last--;
  if (last > 0 && x->text_end <= x->line_start) x->lines++;
  if (last > 0) x->text_end = at + last;
  if (at + size - x->line_start > x->limits->line)
    return refuse_line(x, "the line is longer than", x->limits->line, err);
  if (x->text_end <= x->line_start && at + size - x->text_end > x->limits->blank)
    return refuse_line(x, "ends blank lines of more than", x->limits->blank, err);
  return STATUS_OK;
}

/* Counts the block into the lines, within the limits. */
static Status count_lines(Expansion *x, const char *block, size_t size, Error *err) {
  const char *end = block + size, *newline;
  for (const char *p = block;; p = newline + 1) {
    newline = memchr(p, '\n', (size_t)(end - p));
    int64_t at = x->total + (p - block), more = (newline ? newline : end) - p;
    TRY(count_text(x, p, more, at, err));
    if (!newline) break;
    x->line++;
    x->line_start = at + more + 1;
  }
  x->total += (int64_t)size;
  if (x->total + x->lines * x->limits->index <= x->limits->total) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: decompresses to more than %" PRId64
                   " bytes, which is far more than its size "
                   "lets expect; if it is meant so, decompress it (zstd -d)",
                   x->path, x->limits->total);
}

static Status write_block(Expansion *x, const char *block, size_t size, Error *err) {
  TRY(count_lines(x, block, size, err));
  for (size_t done = 0; done < size;) {
    ssize_t n = write(x->fd, block + done, size - done);
    if (n >= 0) done += (size_t)n;
    if (n >= 0 || errno == EINTR) continue;
    return error_set_errno(err, STATUS_RUN,
                           "%s: cannot write %" PRId64 " decompressed bytes to %s (TMPDIR)",
                           x->path, x->total, temporary_place());
  }
  return STATUS_OK;
}

static Status decompress_frames(ZSTD_DCtx *context, const MappedFile *in, ZSTD_outBuffer *out,
                                Expansion *x, Error *err) {
  ZSTD_inBuffer from = {in->data, in->size, 0};
  size_t left; /* 0: at the end of a frame, all of it handed over */
  do {
    out->pos = 0;
    left = ZSTD_decompressStream(context, out, &from);
    if (ZSTD_isError(left)) {
      bool ours = ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation;
      return error_set(err, ours ? STATUS_RUN : STATUS_INPUT, "%s: byte %zu: zstd: %s", x->path,
                       from.pos, ZSTD_getErrorName(left));
    }
    TRY(write_block(x, out->dst, out->pos, err));
  } while (from.pos < from.size || (left != 0 && out->pos == out->size));
  if (left == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: byte %zu: zstd: the file is truncated inside a frame",
                   x->path, from.size);
}

static Status expand_text(const MappedFile *in, Expansion *x, Error *err) {
  ZSTD_DCtx *context = ZSTD_createDCtx();
  ZSTD_outBuffer out = {.dst = malloc(ZSTD_DStreamOutSize()), .size = ZSTD_DStreamOutSize()};
  Status status;
  if (context && out.dst &&
      !ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
    status = decompress_frames(context, in, &out, x, err);
  } else {
    status = error_set(err, STATUS_RUN, "%s: out of memory: decompression", x->path);
  }
  free(out.dst);
  ZSTD_freeDCtx(context);
  return status;
}

Status jsonl_expand(const MappedFile *in, const JsonlLimits *limits, int *fd, Error *err) {
  TRY(temporary_file(fd, in->path, err));
  Expansion x = {.path = in->path, .fd = *fd, .limits = limits, .line = 1};
  Status status = expand_text(in, &x, err);
  if (status != STATUS_OK) close(*fd);
  return status;
}
