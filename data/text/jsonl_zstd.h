/* jsonl_zstd: a zstd-compressed text into an unlinked temporary file, as a stream. Internal to
 * jsonl.c. */
#ifndef SKEIN_JSONL_ZSTD_H
#define SKEIN_JSONL_ZSTD_H

#include <stdbool.h>

#include "data/file/file.h"

/* The file begins with a zstd frame or a skippable frame. */
bool jsonl_is_compressed(const MappedFile *in);

/* What a compressed file may become. */
typedef struct JsonlLimits {
  int64_t line;  /* bytes of a line */
  int64_t blank; /* bytes of lines in a row that are blank */
  int64_t total; /* bytes, and `index` more for each line that is not blank */
  int64_t index;
} JsonlLimits;

/* Decompresses all frames of `in` (skippable ones hold nothing) into a temporary file in $TMPDIR,
 * else /tmp, that has no name any more; the caller closes *fd. STATUS_INPUT naming the file: cut
 * short or damaged data, bytes after the last frame, a window above 2^27, more than the limits. */
Status jsonl_expand(const MappedFile *in, const JsonlLimits *limits, int *fd, Error *err);

#endif
