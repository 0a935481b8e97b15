/* jsonl: lines of a JSONL file, plain or zstd-compressed (by content, not by name), as a random-
 * access sequence. A plain file is mapped; a compressed one is decompressed once, as a stream, into
 * an unlinked temporary file ($TMPDIR, else /tmp) that is mapped, so data may be larger than
 * memory.
 *
 * Lines end in LF or CRLF, the last one may end without; lines of nothing but blanks are skipped,
 * and so is a byte order mark before the first. Limits: window 2^27, and those below, which a bomb
 * meets while it is being written. */
#ifndef SKEIN_JSONL_H
#define SKEIN_JSONL_H

#include <stdint.h>

#include "data/file/file.h"

#define JSONL_LINE_MAX  ((size_t)64 << 20) /* bytes of a line */
#define JSONL_BLANK_MAX ((int64_t)1 << 20) /* bytes of blank lines in a row, in a compressed file */
/* Decompressed bytes of a file, with its index: at most the first, and at most a thousand times its
 * size or the second. */
#define JSONL_TOTAL_MAX ((int64_t)1 << 40)
#define JSONL_SMALL_MAX ((int64_t)128 << 20)

typedef struct Jsonl Jsonl;

typedef struct JsonlLine {
  const char *text; /* not NUL-terminated, without the newline; valid UTF-8 */
  size_t size;
  int64_t number; /* from 1, blank lines counted */
  int64_t byte;   /* offset of the line in the (decompressed) text */
} JsonlLine;

/* Indexes the lines; the cost is one pass over the text and 16 bytes a line. Truncated or damaged
 * frames, invalid UTF-8, NUL bytes and over-long lines are errors naming file, line and byte. An
 * empty file has no lines and is no error here. */
Status jsonl_open(Jsonl **j, const char *path, Error *err);
void jsonl_close(Jsonl *j); /* NULL is allowed */
int64_t jsonl_count(const Jsonl *j);
JsonlLine jsonl_line(const Jsonl *j, int64_t i);
const char *jsonl_path(const Jsonl *j);
const char *jsonl_hash(const Jsonl *j); /* SHA-256 of the decompressed text */

#endif
