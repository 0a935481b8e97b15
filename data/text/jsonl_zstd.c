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
  int64_t total;
  int64_t line, line_start; /* the line that is being written: its number from 1, its offset */
  size_t line_max;
  int64_t total_max;
} Expansion;

bool jsonl_is_compressed(const MappedFile *in) {
  if (in->size < 4) return false;
  const unsigned char *p = in->data;
  uint32_t magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
  return magic == ZSTD_MAGICNUMBER ||
         (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* Counts the block into the lines, within the limits. */
static Status count_lines(Expansion *x, const char *block, size_t size, Error *err) {
  const char *end = block + size, *newline;
  for (const char *p = block;; p = newline + 1) {
    newline = memchr(p, '\n', (size_t)(end - p));
    int64_t at = x->total + ((newline ? newline : end) - block);
    if (at - x->line_start > (int64_t)x->line_max) {
      return error_set(err, STATUS_INPUT,
                       "%s: line %" PRId64 ": byte %" PRId64 ": the line is longer than %zu bytes",
                       x->path, x->line, x->line_start, x->line_max);
    }
    if (!newline) break;
    x->line++;
    x->line_start = at + 1;
  }
  x->total += (int64_t)size;
  if (x->total <= x->total_max) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: decompresses to more than %" PRId64 " bytes", x->path,
                   x->total_max);
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

Status jsonl_expand(const MappedFile *in, size_t line_max, int64_t total_max, int *fd, Error *err) {
  TRY(temporary_file(fd, in->path, err));
  Expansion x = {
      .path = in->path, .fd = *fd, .line = 1, .line_max = line_max, .total_max = total_max};
  Status status = expand_text(in, &x, err);
  if (status != STATUS_OK) close(*fd);
  return status;
}
