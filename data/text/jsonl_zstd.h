/* jsonl_zstd: a zstd-compressed text into an unlinked temporary file, as a stream. Internal to
 * jsonl.c. */
#ifndef SKEIN_JSONL_ZSTD_H
#define SKEIN_JSONL_ZSTD_H

#include <stdbool.h>

#include "data/file/file.h"

/* The file begins with a zstd frame or a skippable frame. */
bool jsonl_is_compressed(const MappedFile *in);

/* Decompresses all frames of `in` (skippable ones hold nothing) into a temporary file in $TMPDIR,
 * else /tmp, that has no name any more; the caller closes *fd. STATUS_INPUT naming the file: cut
 * short or damaged data, bytes after the last frame, a window above 2^27, a line of more than
 * `line_max` bytes, more than `total_max` bytes. */
Status jsonl_expand(const MappedFile *in, size_t line_max, int64_t total_max, int *fd, Error *err);

#endif
