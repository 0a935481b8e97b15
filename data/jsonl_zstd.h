/* jsonl_zstd: decompression of a data file; used by jsonl.c only. */
#ifndef SKEIN_DATA_JSONL_ZSTD_H
#define SKEIN_DATA_JSONL_ZSTD_H

#include "data/file.h"

/* Limits on what a small file may make us write. */
enum { JSONL_LINE_MAX = 64 << 20, JSONL_WINDOW_LOG = 27 };
#define JSONL_TOTAL_MAX ((size_t)1 << 40)

/* Writes the decompressed frames of `file` to `fd` (a temporary file that `temp` names in messages)
 * and their total size to *size. Truncated, damaged and trailing bytes are STATUS_INPUT naming the
 * byte of the compressed file. */
Status jsonl_expand(const MappedFile *file, int fd, const char *temp, size_t *size, Error *err);

#endif
