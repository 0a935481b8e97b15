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
 * empty file has no lines and is no error here. Regular files alone, which can be opened again. */
Status jsonl_open(Jsonl **j, const char *path, Error *err);
/* The same of what comes once, too (stream.h; "-" is standard input), which is read to its end. */
Status jsonl_take(Jsonl **j, const char *path, Error *err);
/* The same, but lines of a stream come later, by jsonl_more; compressed, all at once. Such lines have
 * no hash. */
Status jsonl_follow(Jsonl **j, const char *path, Error *err);
/* Waits for at least one line more, the end, or a signal; lines that were borrowed before are invalid
 * then. */
Status jsonl_more(Jsonl *j, Error *err);
/* There will be no more lines. */
bool jsonl_ended(const Jsonl *j);
void jsonl_close(Jsonl *j); /* NULL is allowed */
/* STATUS_INPUT that shows `example`, a line as it is wanted, unless the first line begins as a JSON
 * object does: people who have plain text, CSV or one JSON array learn it by this. */
Status jsonl_want_objects(const Jsonl *j, const char *example, Error *err);
int64_t jsonl_count(const Jsonl *j);
JsonlLine jsonl_line(const Jsonl *j, int64_t i);
const char *jsonl_path(const Jsonl *j);
const char *jsonl_hash(
    const Jsonl *j); /* SHA-256 of the decompressed text; "" where it came later */

#endif
